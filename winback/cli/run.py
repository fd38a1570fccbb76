"""`winback run`: the worker, in the background until SIGTERM, or one pass."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

import click

from winback.cli.context import DATE, Session, json_option, pass_session, print_json
from winback.cli.progress import pass_progress
from winback.cli.terminal import plain_text
from winback.decisions.kind import EntryKind
from winback.errors import InputError
from workers.run_pass import PassReport, run_pass
from workers.worker import checkpoint_when_due, work

WORDS = {
    EntryKind.ALLOWED: "allowed",
    EntryKind.QUEUED: "waiting for a person",
    EntryKind.DENIED: "denied",
    EntryKind.NOTHING_ALLOWED: "denied with all their options",
    EntryKind.NOTHING_TO_OFFER: "nothing to offer",
    EntryKind.NOTHING_CHOSEN: "the agent chose nothing",
    EntryKind.MODEL_FAILED: "the model failed",
    EntryKind.HELD_OUT: "held out",
    EntryKind.DONE: "done",
    EntryKind.DEFERRED: "deferred to an open moment",
    EntryKind.LAPSED: "lapsed, not sent",
    EntryKind.NOT_SENT: "not sent, to be tried again",
    EntryKind.FAILED: "failed, a person must look",
    EntryKind.MAY_HAVE_BEEN_SENT: "may have been sent, a person must look",
}


@click.command("run")
@click.option("--once", is_flag=True, help="One pass, then stop.")
@click.option(
    "--as-of",
    type=DATE,
    help="With --once: the last day of usage to look at; it is then the morning after (files channel only).",
)
@json_option
@pass_session
def command(session: Session, once: bool, as_of: datetime | None, as_json: bool) -> None:
    """Watch usage, propose, judge, act: in the background, or once."""
    if not once:
        if as_of is not None or as_json:
            raise InputError("--as-of and --json go with --once", fix="add --once")
        with session.services() as services, stopping() as stop:
            work(services, stop)
        return
    day = as_of.date() if as_of else None
    if day is not None:
        session.pretend(day)
    with (
        session.services() as services,
        stopping() as stop,
        pass_progress(session.err) as progress,
    ):
        report = run_pass(services, day, stop=stop.is_set, progress=progress)
        checkpoint_when_due(services)
    if as_json:
        print_json(report.to_plain())
    else:
        print_report(session, report)


def print_report(session: Session, report: PassReport) -> None:
    """What one pass did, for a person."""
    out, scanned = session.out, report.scanned
    out.print(
        f"Usage up to {report.as_of}: {scanned.found.accounts:,} accounts, {len(scanned.found.drops)} drops."
    )
    if scanned.found.held:
        out.print(f"Alarms are held: {plain_text(scanned.found.held)}.")
    out.print(f"Cases: {len(scanned.opened)} opened, {len(scanned.closed)} closed.")
    plain = report.to_plain()
    for title, counts in (("Proposals", plain["proposed"]), ("Effects", plain["acted"])):
        if counts:
            said = ", ".join(f"{count} {WORDS.get(EntryKind(kind), kind)}" for kind, count in counts.items())
            out.print(f"{title}: {said}.")
    failed = [one.failure for one in report.proposed if one.failure is not None]
    if failed:
        last = plain_text(failed[-1].detail)
        out.print(
            f"The model failed for {len(failed)} of {len(report.proposed)} cases: {failed[-1].code}, {last}."
        )
    if report.expired:
        out.print(f"Queue: {len(report.expired)} expired.")
    if not report.complete:
        out.print("Stopped when asked to; the rest is due at the next run.")


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set: the step at hand is finished, then it stops."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {one: signal.signal(one, on_signal) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
