"""Schedules that a person lets rest, lets go on, or wants to run at once."""

from winback.clock import aware
from winback.errors import ConflictError, InputError
from winback.store.bookkeeping import Pause
from workers import schedule as schedules
from workers.schedule import SCHEDULES, insert_run, tick_act, tick_checkpoint, tick_inbox, tick_pass
from workers.services import Services

TICKS = {
    schedules.PASS: tick_pass,
    schedules.ACT: tick_act,
    schedules.CHECKPOINT: tick_checkpoint,
    schedules.INBOX: tick_inbox,
}
LONGEST_REASON = 200


def pause(services: Services, schedule: str, by: str, reason: str) -> None:
    """Let a schedule rest: whichever scheduler and worker, none begins a slot of it. One that runs ends.

    Raises:
        InputError: there is no such schedule, or no reason.
        ConflictError: it rests already.
    """
    _check(schedule)
    if not reason.strip():
        raise InputError("is empty", where="reason", fix="say why, for whoever finds it resting")
    with services.store.write("pause") as session:
        services.store.lock(session, "schedules")
        resting = session.get(Pause, schedule)
        if resting is not None:
            raise ConflictError(f"{resting.by} has paused it already", where=schedule, fix="look again")
        row = Pause(schedule=schedule, at=services.clock.now(), by=by, reason=reason.strip()[:LONGEST_REASON])
        session.add(row)


def resume(services: Services, schedule: str) -> None:
    """Let it go on: a slot that it missed meanwhile comes at once, as after a night without a worker.

    Raises:
        InputError: there is no such schedule.
        ConflictError: it does not rest.
    """
    _check(schedule)
    with services.store.write("resume") as session:
        services.store.lock(session, "schedules")
        row = session.get(Pause, schedule)
        if row is None:
            raise ConflictError("it is not paused", where=schedule, fix="look again")
        session.delete(row)
    TICKS[schedule](services)


def run_now(services: Services, schedule: str) -> None:
    """A slot of this moment, for the next worker that is free.

    Raises:
        InputError: there is no such schedule, or nothing that it could do here.
        ConflictError: it rests, or somebody has just asked for the same.
    """
    _check(schedule)
    if schedule == schedules.INBOX and services.settings.inbox.imap is None:
        raise InputError("there is no mailbox to read", where="inbox.imap", fix="set one in config.yaml")
    with services.store.read() as session:
        resting = session.get(Pause, schedule)
    if resting is not None:
        raise ConflictError(f"{resting.by} has paused it", where=schedule, fix="resume it first")
    if not insert_run(services.store, schedule, aware(services.clock.now())):
        raise ConflictError("it was asked for in this very moment", where=schedule, fix="look again")


def _check(schedule: str) -> None:
    if schedule not in SCHEDULES:
        raise InputError("is no schedule", where=schedule[:40], fix=f"take one of {', '.join(SCHEDULES)}")
