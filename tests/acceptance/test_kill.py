"""kill -9 at random moments of `run --once`, each followed by another run."""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlmodel import select

from tests.acceptance.conftest import END, Run, clean_environment
from tests.judge import executed, passes
from winback.cli.app import main
from winback.store.models import Case, Effect, Proposal, Review
from winback.store.store import Store
from winback.store.types import CaseState, EffectState, ReviewState
from winback.testing.endpoint import Endpoint, first_choice, serving

# A server that has imported what a pass needs forks each of them, so that the kills fall into our own work.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tests.acceptance.test_kill", "winback.bootstrap", "winback.cli.run", "langchain.agents"]
)
KILLS = 10
POLICY = """version: 1
rules:
  - id: tools
    kind: allow_tools
    allow:
      - {tools: [send_tutorial, book_call], mode: auto}
      - {tools: [offer_trial_upgrade], mode: review}
  - {id: consent, kind: consent, unknown: allow}
  - {id: failure, kind: on_model_failure, then: review}
"""
CONFIG = """version: 1
policies: {path: policy.yaml}
detection: {budget: 8}
log: {level: error}
model: {base_url: URL, name: scripted}
"""


def days() -> list[date]:
    """Dates that each bring new drops, the last one at the end of usage."""
    return [END - timedelta(days=2 * number) for number in reversed(range(3 * KILLS))]


@pytest.fixture
def model() -> Iterator[str]:
    """A model that answers at once, over HTTP: the kills shall fall into our own work."""
    with serving(Endpoint(answer=first_choice)) as endpoint:
        yield endpoint.url


def test_ten_kills(here: Run, tmp_path: Path, sample_files: Path, model: str) -> None:
    """Every case is where it should be, nothing is sent twice, the log is intact."""
    (tmp_path / "config.yaml").write_text(CONFIG.replace("URL", model), encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    for name in ("usage.parquet", "people.csv"):
        assert here("import", str(sample_files / name)).code == 0
    seconds = timed_pass(tmp_path, days()[0])
    chance = random.Random(20260511)  # noqa: S311  moments, not secrets
    killed = 0
    for day in days():
        if killed == KILLS:
            break
        if run_and_kill(tmp_path, day, chance.uniform(0.1, 1.0) * seconds):
            killed += 1
        else:
            seconds *= 0.8  # there was less to do than in the pass that was timed
        answer = here("run", "--once", "--as-of", str(day), "--json")
        assert answer.code == 0, answer.err
        check(tmp_path, here)
    assert killed == KILLS, "too many runs ended before they could be killed"
    assert len(list((tmp_path / "data" / "outbox").iterdir())) >= 5, "the runs must have had something to send"


def timed_pass(folder: Path, day: date) -> float:
    """How long a pass takes here, so that the kills fall into all of it; the first one has more to start."""
    for earlier in (8, 4):
        started = time.monotonic()
        assert not run_and_kill(folder, day - timedelta(days=earlier), after=120)
    return time.monotonic() - started


def run_and_kill(folder: Path, day: date, after: float) -> bool:
    """Start a pass in a process of its own and kill it after a moment; False when it had ended before."""
    process = FORKS.Process(target=one_pass, args=(folder, day))
    process.start()
    process.join(after)
    alive = process.is_alive()
    if alive:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    else:
        assert process.exitcode == 0
    return alive


def one_pass(folder: Path, day: date) -> None:
    """What `winback run --once` does, in a process that need not import it first."""
    os.chdir(folder)
    os.environ.update(clean_environment())
    sys.exit(main(["run", "--once", "--as-of", str(day)]))


def check(folder: Path, winback: Run) -> None:
    """Judge by the receiving folder first, then by the rows, then by the log."""
    outbox = [one for one in (folder / "data" / "outbox").glob("*") if not one.name.startswith(".")]
    keys = [json.loads((one / "effect.json").read_text(encoding="utf-8"))["key"] for one in outbox]
    assert len(set(keys)) == len(keys)
    mails = [message_from_bytes((one / "message.eml").read_bytes(), policy=default) for one in outbox]
    said = [(mail["To"], mail["Subject"], mail["Date"]) for mail in mails]
    assert len(set(said)) == len(said)
    store = Store(f"sqlite:///{folder / 'data' / 'winback.db'}")
    with store.read() as session:
        effects = session.exec(select(Effect)).all()
        cases = {case.id: case for case in session.exec(select(Case)).all()}
        pending = session.exec(select(Review).where(Review.state == ReviewState.PENDING)).all()
        proposals = {one.id for one in session.exec(select(Proposal)).all()}
    store.close()
    assert sorted(one.key for one in effects if one.state == EffectState.DONE) == sorted(keys)
    assert {one.state for one in effects} <= {EffectState.DONE, EffectState.PENDING, EffectState.LAPSED}
    assert all(cases[one.case_id].state == CaseState.IN_REVIEW for one in pending)
    assert {one.case_id for one in pending} == {c.id for c in cases.values() if c.state == CaseState.IN_REVIEW}
    assert all(one.proposal_id in proposals for one in effects)
    assert not any(case.state == CaseState.OPEN for case in cases.values()), "every case had its turn"
    verified = winback("log", "verify", "--json")
    assert verified.code == 0, verified.out
    assert verified.json["problems"] == []
    assert verified.json["waiting"] == 0
    assert winback("log", "trace", "trace.jsonl", "--finished").code == 0
    assert len(executed(passes(folder / "trace.jsonl"))) == len(keys)
