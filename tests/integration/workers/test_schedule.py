"""Slots: inserted once, found when missed, taken by one, taken again when the taker died."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from winback.clock import SimulatedClock
from winback.errors import ConflictError, InputError
from winback.settings import Schedule, Settings
from winback.store.models import Run
from winback.store.types import RunState
from winback.testing.world import AS_OF, NOON, add_account, open_case
from workers.owner import is_dead, this_owner
from workers.pause import pause, resume, run_now
from workers.propose import propose_all
from workers.schedule import (
    ACT,
    CHECKPOINT,
    INBOX,
    PASS,
    finish_run,
    insert_run,
    last_slot,
    next_slot,
    take_run,
    tick_act,
    tick_pass,
    trigger_of,
)
from workers.services import Services
from workers.worker import carry_out, work


def runs(services: Services) -> list[Run]:
    with services.store.read() as session:
        return list(session.exec(select(Run).order_by(Run.id)).all())  # type: ignore[arg-type]


def at(services: Services, moment: datetime) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(moment)


def test_any_number_of_schedulers_make_one_slot(services: Services) -> None:
    """The key absorbs repeats."""
    for _ in range(3):
        tick_pass(services)
    assert [(run.schedule, run.fire_time) for run in runs(services)] == [(PASS, NOON.replace(hour=6))]


def test_a_missed_slot_is_found_at_start(services: Services) -> None:
    """Two missed mornings are one slot: the latest."""
    tick_pass(services)
    at(services, NOON + timedelta(days=2))
    tick_pass(services)
    assert [run.fire_time.day for run in runs(services)] == [12, 14]


def test_slots_are_in_the_companys_zone() -> None:
    """Six in the morning in Kolkata is half past midnight UTC."""
    settings = Settings.model_validate({"company": {"zone": "Asia/Kolkata"}})
    assert last_slot(trigger_of(settings), NOON) == NOON.replace(hour=0, minute=30)


def test_a_broken_cron_expression_is_one_line() -> None:
    """The setting is named."""
    settings = Settings(schedule=Schedule.model_validate({"pass": "every day"}))
    with pytest.raises(InputError, match=r"schedule\.pass: 'every day' is not a cron expression"):
        trigger_of(settings)


def test_acting_leaves_no_rows_on_a_quiet_day(services: Services) -> None:
    """A slot for acting is made only when something is due."""
    tick_act(services)
    assert runs(services) == []
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)
    tick_act(services)
    tick_act(services)
    assert [run.schedule for run in runs(services)] == [ACT]


def test_a_slot_is_taken_by_one(services: Services) -> None:
    """A second worker finds nothing while the first may live."""
    insert_run(services.store, PASS, NOON)
    slot = take_run(services)
    assert slot is not None
    assert take_run(services) is None
    finish_run(services, slot, RunState.DONE, {"x": 1})
    assert runs(services)[0].state == RunState.DONE


def test_a_slot_of_a_dead_worker_is_taken_again(services: Services) -> None:
    """With proof that its process is gone."""
    insert_run(services.store, PASS, NOON)
    assert take_run(services) is not None
    machine = this_owner().rsplit("/", 2)[0]
    with services.store.write("test") as session:
        session.get_one(Run, 1).owner = f"{machine}/999999999/1.00"
    assert take_run(services) is not None


@pytest.mark.parametrize(
    ("owner", "dead"),
    [
        (None, True),
        ("elsewhere-abc/1700000000/1/1.00", False),
        ("garbage", False),
        ("", False),
    ],
)
def test_death_needs_proof(owner: str | None, dead: bool) -> None:
    """Another machine, or words we do not understand, prove nothing."""
    assert is_dead(owner) is dead


def test_this_process_is_alive_and_its_number_used_again_is_not_it() -> None:
    """The start time tells two processes of one number apart."""
    assert not is_dead(this_owner())
    head, _, _ = this_owner().rpartition("/")
    assert is_dead(f"{head}/1.00")


def test_a_mistake_of_ours_does_not_end_the_worker(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot fails with the kind of mistake, and the next one is taken."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("workers.worker.run_pass", broken)
    insert_run(services.store, PASS, NOON)
    slot = take_run(services)
    assert slot is not None
    carry_out(services, slot, threading.Event())
    assert runs(services)[0].state == RunState.FAILED
    assert runs(services)[0].report == {"reason": "a mistake in Winback: ZeroDivisionError"}


def test_a_worker_stops_when_told_and_leaves_the_rest_due(services: Services) -> None:
    """It ends within seconds, and nothing is left running."""
    at(services, datetime(2026, 5, 12, 6, 0, 1, tzinfo=UTC))
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(services, stop))
    thread.start()
    for _ in range(400):
        if runs(services) and runs(services)[0].state not in (RunState.DUE, RunState.RUNNING):
            break
        stop.wait(0.05)
    stop.set()
    thread.join(timeout=20)
    assert not thread.is_alive()
    # There is no usage in this world: the slot failed with its reason, and the worker lived on.
    assert runs(services)[0].state == RunState.FAILED
    assert "no usage has been imported" in runs(services)[0].report["reason"]


def test_a_schedule_that_rests_has_no_slots(services: Services) -> None:
    """Nobody inserts or takes one, another schedule goes on; what was missed comes when it goes on."""
    insert_run(services.store, PASS, NOON - timedelta(hours=1))
    pause(services, PASS, "rita", "the import is late")
    assert not insert_run(services.store, PASS, NOON)
    assert take_run(services) is None
    insert_run(services.store, CHECKPOINT, NOON)
    assert (slot := take_run(services)) is not None
    assert slot.schedule == CHECKPOINT
    with pytest.raises(ConflictError, match="rita has paused it already"):
        pause(services, PASS, "otto", "me too")
    with pytest.raises(ConflictError, match="resume it first"):
        run_now(services, PASS)
    resume(services, PASS)
    with pytest.raises(ConflictError, match="is not paused"):
        resume(services, PASS)
    found = [one.schedule for one in iter(lambda: take_run(services), None)]
    assert found == [PASS, PASS], "the one that was due, and the one of this morning"


def test_a_run_is_asked_for(services: Services) -> None:
    """At once, once a moment; only of what there is."""
    run_now(services, ACT)
    with pytest.raises(ConflictError, match="this very moment"):
        run_now(services, ACT)
    assert (slot := take_run(services)) is not None
    assert (slot.schedule, slot.fire_time) == (ACT, NOON)
    for schedule, words in (("nonsense", "is no schedule"), (INBOX, "no mailbox")):
        with pytest.raises(InputError, match=words):
            run_now(services, schedule)
    with pytest.raises(InputError, match="is empty"):
        pause(services, ACT, "rita", " ")


def test_when_a_schedule_comes_next(services: Services) -> None:
    """By its cron expression or its seconds; a mailbox that is not there never."""
    assert next_slot(services, PASS) == NOON.replace(day=13, hour=6)
    assert next_slot(services, CHECKPOINT) == NOON + timedelta(hours=1)
    assert next_slot(services, ACT) == NOON + timedelta(seconds=services.settings.schedule.act_every_seconds)
    assert next_slot(services, INBOX) is None
