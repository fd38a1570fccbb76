"""`winback inbox`: what comes back by mail, read from the mailbox or from a file."""

from pathlib import Path

import click

from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.run import stopping
from winback.errors import InputError, WinbackError
from workers.inbox.letter import LIMIT
from workers.inbox.read import read_inbox
from workers.inbox.take import take
from workers.inbox.taken import WHY, Outcome

WORDS = {
    Outcome.BOUNCE: "bounced",
    Outcome.COMPLAINT: "complaint(s)",
    Outcome.REPLY: "replies",
    Outcome.STOP: "request(s) to stop",
    Outcome.DELAYED: "delayed",
    Outcome.AUTOMATIC: "automatic",
    Outcome.ERASED: "about people who were erased",
    Outcome.LEFT: "left for a person",
}


@click.group("inbox")
def command() -> None:
    """Bounces, complaints, replies and requests to stop that come back by mail."""


@command.command("read")
@click.option("--again", is_flag=True, help="Look once more at what earlier passes left.")
@json_option
@pass_session
def read(session: Session, again: bool, as_json: bool) -> None:
    """Take what is new in the mailbox of the settings, once."""
    if session.at is not None:
        raise InputError("a pretended time does not go with a real mailbox", where="--at", fix="leave it out")
    with session.services() as services, stopping() as stop:
        report = read_inbox(services, again=again, stop=stop.is_set)
    if as_json:
        print_json(report.to_plain())
        return
    said = ", ".join(f"{count} {WORDS[Outcome(one)]}" for one, count in report.taken.items())
    session.out.print(f"Taken: {said or 'nothing'}.")
    if report.stopped:
        session.out.print(f"Stopped: {report.stopped} contact(s) will never be written to again.")
    if report.repeats:
        session.out.print(f"Put away: {report.repeats} that had been taken before.")
    for number, why in report.left.items():
        session.out.print(f"Left in the mailbox: number {number}, {WHY[why]}.", soft_wrap=True)
    if report.waiting:
        session.out.print(f"Still there from earlier: {report.waiting}; see them in the mailbox, or use --again.")
    for number in report.broken:
        session.out.print(f"Not taken: number {number}; the next pass tries again.")


@command.command("file")
@click.argument("mail", type=click.Path(path_type=Path))
@json_option
@pass_session
def file(session: Session, mail: Path, as_json: bool) -> None:
    """Take one message from a file, as it was saved by a mail program (.eml)."""
    try:
        with mail.open("rb") as opened:
            raw = opened.read(LIMIT)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(mail), fix="check it") from None
    with session.services() as services:
        taken = take(services, raw, again=True)
    if as_json:
        print_json(taken.to_plain())
    elif taken.outcome is not Outcome.LEFT:
        before = " It had been taken before." if taken.repeat else ""
        session.out.print(f"Taken: {WORDS[taken.outcome]}.{before}")
    if taken.outcome is Outcome.LEFT:
        raise WinbackError(f"left, {WHY[taken.why]}", where=str(mail), fix="nothing was changed")
