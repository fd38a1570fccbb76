"""The main job from the command line: import, run, review, act, verify; on both databases, and over SMTP."""

import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from policies.load import PACKAGED
from tests.acceptance.conftest import END, Run, clean_environment
from tests.acceptance.first_operator import set_up
from tests.acceptance.replay_table import changed_policy, check_same, check_table, work
from tests.conftest import empty_postgres, lacking
from tests.judge import agentack, executed, passes
from winback.simulation.company import make_company
from winback.simulation.writer import write_people, write_usage
from winback.testing.endpoint import Endpoint, first_choice, serving

POLICY = """version: 1
rules:
  - id: tools
    kind: allow_tools
    allow:
      - {tools: [send_tutorial], drops: [feature_fell, champion_left], mode: auto}
      - {tools: [book_call], drops: [all_quiet, stalled_start], mode: review}
      - {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review}
  - {id: consent, kind: consent, unknown: deny}
  - {id: failure, kind: on_model_failure, then: review}
  - {id: expiry, kind: expires, hours: 168}
"""


@pytest.fixture
def model() -> Iterator[str]:
    """A model that answers at once."""
    with serving(Endpoint(answer=first_choice)) as endpoint:
        yield endpoint.url


def configure(folder: Path, model: str, more: str = "") -> None:
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "config.yaml").write_text(
        f"version: 1\npolicies: {{path: policy.yaml}}\nlog: {{level: error}}\ndetection: {{budget: 8}}\n"
        f"model: {{base_url: '{model}', name: scripted}}\n{more}",
        encoding="utf-8",
    )


def imported(here: Run, sample_files: Path) -> None:
    for name in ("usage.parquet", "people.csv"):
        answer = here("import", str(sample_files / name))
        assert answer.code == 0, answer.err


def outbox(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "outbox").glob("[0-9]*"))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_import_run_review_act_verify(
    here: Run, tmp_path: Path, sample_files: Path, model: str, database: str, request: pytest.FixtureRequest
) -> None:
    """All three verdicts, the queue worked, every message in the folder, the log intact."""
    more = ""
    if database == "postgres":
        url = request.getfixturevalue("postgres_url")
        if url is None:
            lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
        more = f"database: {{url: '{empty_postgres(url)}'}}\n"
    configure(tmp_path, model, more)
    imported(here, sample_files)
    counts: dict[str, int] = {}
    for back in (24, 12, 0):
        day = f"{END.fromordinal(END.toordinal() - back)}"
        run = here("run", "--once", "--as-of", day, "--json")
        assert run.code == 0, run.err
        for kind, number in run.json["proposed"].items():
            counts[kind] = counts.get(kind, 0) + number
    assert counts["allowed"] > 0
    assert counts["queued"] > 0
    assert counts["nothing_allowed"] > 0

    before = len(outbox(tmp_path))
    at = ("--at", "2026-05-12T07:00")
    items = here(*at, "queue", "list", "--json").json["items"]
    card = here(*at, "queue", "show", str(items[0]["item"]), "--json").json
    assert card["hash"] == items[0]["hash"]
    short = here(*at, "queue", "approve", str(items[0]["item"]))
    assert "--hash is missing" in short.line
    assert here(*at, "queue", "approve", str(items[0]["item"]), "--hash", card["hash"][:12]).code == 0
    twice = here(*at, "queue", "approve", str(items[0]["item"]), "--hash", card["hash"][:12])
    assert twice.code == 4
    assert "already approved" in twice.line
    assert here(*at, "run", "--once", "--as-of", str(END), "--json").json["acted"] == {"done": 1}
    mails = [message_from_bytes((one / "message.eml").read_bytes(), policy=default) for one in outbox(tmp_path)]
    assert len(mails) == before + 1
    assert any(mail["Subject"] == card["message"]["subject"] for mail in mails)
    assert here("log", "verify").code == 0
    judge_waiting_and_over(here, tmp_path, items[1:])
    tail = here("log", "tail", "-n", "5").out
    assert "done" in tail
    assert "@" not in tail


def judge_waiting_and_over(here: Run, folder: Path, waiting: list[dict[str, str]]) -> None:
    """By agentack's own command: incomplete while something waits, and whole when all of it is decided."""
    trace, policy, at = folder / "trace.jsonl", folder / "agentack.toml", ("--at", "2026-05-12T08:00")
    assert here(*at, "log", "trace", str(trace), "--policy", str(policy)).code == 0
    assert waiting
    assert agentack(trace, policy) == 3
    for item in waiting:
        rejected = here(
            *at, "queue", "reject", str(item["item"]), "--hash", item["hash"][:12], "--code", "not_now"
        )
        assert rejected.code == 0, rejected.err
    said = here(*at, "log", "trace", str(trace))
    assert "not over" not in said.out
    assert agentack(trace, policy) == 0
    assert len(executed(passes(trace))) == len(outbox(folder))


@pytest.mark.long
def test_the_replay_table_of_the_sample_company(here: Run, tmp_path: Path, sample_files: Path, model: str) -> None:
    """Lived under the default policy and replayed under a changed one, as docs/replay.md shows."""
    (tmp_path / "config.yaml").write_text(
        f"version: 1\nlog: {{level: error}}\ndetection: {{budget: 8}}\n"
        f"model: {{base_url: '{model}', name: scripted}}\n",
        encoding="utf-8",
    )
    imported(here, sample_files)
    work(here, [str(END.fromordinal(END.toordinal() - back)) for back in (24, 12, 0)])
    check_table(here, tmp_path / "data" / "winback.db", changed_policy(tmp_path))
    check_same(here, PACKAGED)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Inbox:
    """What a real SMTP server received."""

    def __init__(self) -> None:
        self.received: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        assert isinstance(envelope.content, bytes)
        self.received.append((list(envelope.rcpt_tos), envelope.content))
        return "250 OK"


def test_over_smtp(here: Run, tmp_path: Path, model: str) -> None:
    """A real server gets each message once; a pretended time is refused where messages leave the machine."""
    company = make_company(11, accounts=80, end=datetime.now(UTC).date() - timedelta(days=1))
    write_usage(company, tmp_path / "usage.parquet")
    write_people(company, tmp_path / "people.csv")
    inbox, port = Inbox(), free_port()
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        smtp = f"channels: {{use: smtp, smtp: {{host: 127.0.0.1, port: {port}, security: none}}}}\n"
        configure(tmp_path, model, smtp)
        (tmp_path / "policy.yaml").write_text(POLICY.replace("mode: review", "mode: auto"), encoding="utf-8")
        imported(here, tmp_path)
        refused = here("--at", "2026-05-12T07:00", "queue", "list")
        assert "a pretended time would send real messages" in refused.line
        doctor = here("doctor", "--json")
        assert doctor.code == 0, [one for one in doctor.json if one["health"] != "ok"]
        done = here("run", "--once", "--json").json["acted"]["done"]
        assert here("run", "--once", "--json").json["acted"] == {}
        assert len(inbox.received) == done >= 1
        for recipients, content in inbox.received:
            mail = message_from_bytes(content, policy=default)
            assert recipients == [mail["To"].addresses[0].addr_spec]
            assert "STOP" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert here("log", "verify").code == 0
        assert here("log", "trace", "trace.jsonl").code == 0
        assert len(executed(passes(tmp_path / "trace.jsonl"))) == len(inbox.received)
    finally:
        server.stop()


@pytest.mark.parametrize("command", ["run", "up"])
def test_the_worker_stops_on_sigterm(
    tmp_path: Path, here: Run, sample_files: Path, model: str, command: str
) -> None:
    """It ends by itself with code 0, and leaves nothing half-done."""
    configure(tmp_path, model, "console: {port: 0}\n")
    imported(here, sample_files)
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "winback", command],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if command == "up":
            look_at_the_page(process)
        wait_for_a_run(tmp_path / "data" / "winback.db")
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    with sqlite3.connect(tmp_path / "data" / "winback.db") as database:
        assert database.execute("SELECT count(*) FROM run WHERE state = 'running'").fetchone() == (0,)
    assert here("log", "verify").code == 0
    assert here("log", "trace", "trace.jsonl", "--finished").code == 0
    assert len(executed(passes(tmp_path / "trace.jsonl"))) == len(outbox(tmp_path))


def look_at_the_page(process: "subprocess.Popen[str]") -> None:
    """The link that was printed makes the first operator; without signing in there is nothing to see."""
    assert process.stdout is not None
    with set_up(process.stdout.readline()) as visitor:
        page = visitor.get("/")
        assert page.status_code == 200
        assert "waiting for a person" in page.text
        visitor.cookies.clear()
        assert visitor.get("/").headers["location"] == "/sign-in?next=/"


def wait_for_a_run(path: Path) -> None:
    """Until a slot has been taken: after the first start this morning's is due."""
    for _ in range(150):
        if path.exists():
            with sqlite3.connect(path) as database:
                if database.execute("SELECT count(*) FROM run WHERE state <> 'due'").fetchone()[0]:
                    return
        time.sleep(0.1)
    raise AssertionError("no slot was taken within fifteen seconds")
