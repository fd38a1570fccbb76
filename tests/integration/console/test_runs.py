"""Schedules: what ran, run now, pause and resume."""

import pytest

from tests.integration.console.evidence.sample import NASTY, harmless
from tests.integration.console.examples import is_example
from tests.integration.console.house import House
from winback.console.rights import Role
from winback.store.models import Run
from winback.store.types import RunState
from winback.testing.world import NOON
from workers.schedule import ACT, CHECKPOINT, PASS, finish_run, insert_run, take_run


def one_run(console: House) -> None:
    """That ended after three seconds."""
    insert_run(console.store, PASS, NOON.replace(hour=6))
    slot = take_run(console.services)
    assert slot is not None
    console.clock.set(NOON.replace(second=3))
    finish_run(console.services, slot, RunState.DONE, {"drops": 2, "proposed": {"queued": 2}, "complete": True})


def test_what_ran_and_what_comes(console: House) -> None:
    """With how long it took and what it says; the API says the same, as documented."""
    one_run(console)
    client = console.of(Role.VIEWER)
    page = client.get("/runs").text
    for part in ("3 seconds", "complete: yes; drops: 2; proposed: queued 2", "13 May 2026, 06:00", "never"):
        assert part in page, part
    assert "Run now" not in page
    is_example("schedules", client.get("/api/v1/schedules"))
    is_example("runs", client.get("/api/v1/runs?schedule=pass"))
    assert client.get("/api/v1/runs?schedule=act").json()["rows"] == []
    for wrong in ("/runs?schedule=x", "/api/v1/runs?after=x", "/runs?after=x"):
        assert client.get(wrong).status_code in {400, 422}, wrong
    assert "पूरा दौर" in console.of(Role.VIEWER, language="hi").get("/runs").text


def test_run_now(console: House) -> None:
    """A slot that the next worker takes; what cannot run says why."""
    operator = console.of(Role.OPERATOR)
    assert operator.post("/runs/checkpoint/now").status_code == 303
    assert "as soon as a worker is free" in operator.get("/runs").text
    assert (slot := take_run(console.services)) is not None
    assert slot.schedule == CHECKPOINT
    assert operator.post("/api/v1/schedules/act/run").status_code == 204
    assert operator.post("/api/v1/schedules/act/run").status_code == 409
    assert operator.post("/runs/inbox/now").status_code == 400
    assert operator.post("/runs/nonsense/now").status_code == 422
    assert console.noted() == [("operator-0", "run_asked", "checkpoint"), ("operator-0", "run_asked", "act")]


def test_pause_and_resume(console: House) -> None:
    """With who and why, for everybody to see; no worker takes what rests."""
    operator = console.of(Role.OPERATOR)
    insert_run(console.store, ACT, NOON)
    assert operator.post("/runs/act/pause", data={"reason": " "}).status_code == 400
    assert operator.post("/runs/act/pause", data={"reason": "the mail server moves"}).status_code == 303
    assert take_run(console.services) is None
    page = console.of(Role.VIEWER).get("/runs").text
    assert "by operator-0 since 12 May 2026, 10:00: the mail server moves" in page.replace("</strong> ", "")
    assert "when it is resumed" in page
    assert operator.post("/api/v1/schedules/act/pause", data={"reason": "again"}).status_code == 409
    assert operator.post("/runs/act/now").status_code == 409
    assert operator.post("/runs/act/resume").status_code == 303
    assert operator.post("/api/v1/schedules/act/resume").status_code == 409
    assert take_run(console.services) is not None
    assert ("operator-0", "schedule_paused", "act: the mail server moves") in console.noted()
    assert ("operator-0", "schedule_resumed", "act") in console.noted()


@pytest.mark.parametrize("name", NASTY)
def test_hostile_words_are_shown_harmlessly(one_console: House, name: str) -> None:
    """A reason, and what a run says of a mail server's answer."""
    one_run(one_console)
    hostile = name.replace("\x00", "")
    with one_console.store.write("test") as session:
        session.get_one(Run, 1).report = {"reason": hostile, hostile[:50]: {hostile[:50]: 1}}
    operator = one_console.of(Role.OPERATOR)
    assert operator.post("/runs/act/pause", data={"reason": hostile[:190]}).status_code == 303
    harmless(operator.get("/runs").text.partition("<body")[2])
