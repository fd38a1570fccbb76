"""The background worker: ticks insert slots, this loop takes them one after another until told to stop."""

import threading

import structlog

from winback.decisions.checkpoint import write_checkpoint
from winback.decisions.key import signing_key
from winback.decisions.log import seal
from winback.errors import WinbackError
from winback.store.types import RunState
from workers import schedule
from workers.act import act_all
from workers.expire import expire_all
from workers.planted import expire_planted
from workers.policy_watch import watch_policies
from workers.run_pass import run_pass
from workers.schedule import (
    Slot,
    finish_run,
    make_scheduler,
    take_run,
    tick_act,
    tick_checkpoint,
    tick_inbox,
    tick_pass,
)
from workers.services import Services

log = structlog.get_logger(__name__)

IDLE_SECONDS = 1.0


def work(services: Services, stop: threading.Event) -> None:
    """Run until `stop` is set; the step at hand is finished, what is left stays due."""
    scheduler = make_scheduler(services)
    tick_pass(services)
    tick_act(services)
    tick_checkpoint(services)
    tick_inbox(services)
    scheduler.start()
    log.info("worker.started", owner=services.owner)
    try:
        while not stop.is_set():
            if not _one_slot(services, stop):
                stop.wait(IDLE_SECONDS)
    finally:
        scheduler.shutdown(wait=True)
        log.info("worker.stopped", owner=services.owner)


def _one_slot(services: Services, stop: threading.Event) -> bool:
    """Take a slot and carry it out; False when there is none, or the database does not answer just now.

    The policy's files are looked at also when there is nothing to decide: who broke one wants to know now.
    """
    try:
        watch_policies(services)
        slot = take_run(services)
        if slot is not None:
            carry_out(services, slot, stop)
    except WinbackError as error:
        log.error("worker.waits", reason=str(error))  # noqa: TRY400  the reason is the line
        return False
    return slot is not None


def checkpoint_when_due(services: Services) -> None:
    """For who runs passes without a worker: the checkpoint whose slot has come, and none when it is written."""
    tick_checkpoint(services)
    slot = take_run(services, schedule.CHECKPOINT)
    if slot is not None:
        carry_out(services, slot, threading.Event())


def carry_out(services: Services, slot: Slot, stop: threading.Event) -> None:
    """One slot. What goes wrong is written on the slot; the worker lives on."""
    try:
        report = _report(services, slot, stop)
    except WinbackError as error:
        log.error("run.failed", schedule=slot.schedule, reason=str(error))  # noqa: TRY400  the reason is the line
        finish_run(services, slot, RunState.FAILED, {"reason": str(error)})
        return
    except Exception as error:
        # A mistake of ours must not end an unattended worker: what it left is picked up by the next slot.
        log.exception("run.broken", schedule=slot.schedule)
        finish_run(services, slot, RunState.FAILED, {"reason": f"a mistake in Winback: {type(error).__name__}"})
        return
    finish_run(services, slot, RunState.DUE if stop.is_set() else RunState.DONE, report)


def _report(services: Services, slot: Slot, stop: threading.Event) -> dict[str, object]:
    now = services.clock.now()
    match slot.schedule:
        case schedule.ACT:
            expired = [*expire_all(services), *expire_planted(services)]
            acted = act_all(services, stop=stop.is_set)
            return {"expired": len(expired), "acted": len(acted), "sealed": seal(services.store, now)}
        case schedule.CHECKPOINT:
            settings = services.settings
            made = write_checkpoint(services.store, settings.checkpoint_folder, signing_key(settings), now)
            return {"checkpoint": made.number, "entries": made.size}
        case schedule.INBOX:
            # The mail and report parsers are for those alone who have a mailbox.
            from workers.inbox.read import read_inbox  # noqa: PLC0415

            return read_inbox(services, stop=stop.is_set).to_plain()
        case _:
            return run_pass(services, stop=stop.is_set).to_plain()
