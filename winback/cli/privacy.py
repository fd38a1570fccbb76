"""`winback privacy`: what is held about a person, and how it goes."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from winback.cli.context import Session, pass_session
from winback.cli.terminal import plain_text
from winback.errors import ConflictError, InputError, SetupError
from workers.privacy.document import document
from workers.privacy.erase import Erasure, Survey, erase, survey
from workers.privacy.export import Section, sections


@click.group("privacy")
def command() -> None:
    """What is held about a person: hand it out, or erase it. See docs/privacy.md."""


@command.command("erase")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", default="", help="Why, such as 'letter of 3 May'; kept as a keyed hash only.")
@click.option(
    "--account-too", is_flag=True, help="Erase the account too where it is the person, or they are alone in it."
)
@pass_session
def erase_command(session: Session, who: str, yes: bool, reason: str, account_too: bool) -> None:
    """Erase a person everywhere. WHO is an e-mail address or a contact's key.

    The decision log keeps its entries, which name nobody, and still verifies. Backups are yours to see to.
    """
    with session.services() as services:
        found = survey(services, who)
        _say_survey(session, found, account_too=account_too)
        if found.people and not yes:
            _ask(session)
        done = erase(services, who, reason=reason, account_too=account_too, tell=lambda step: _tell(session, step))
    _say_done(session, done)


def _say_survey(session: Session, found: Survey, *, account_too: bool) -> None:
    for one in found.people:
        session.out.print(plain_text(f"{one.key} at {one.account}"), soft_wrap=True)
    if found.people:
        for name, number in found.counts.items():
            session.out.print(f"  {number:>9,}  {name}")
    gone = {*found.alike, *found.alone} if account_too else set()
    for account in sorted(gone):
        session.out.print(
            plain_text(f"Account {account} is erased too: its key, name, owner and tags."), soft_wrap=True
        )
    for account in sorted(set(found.alike) - gone):
        words = f"Account {account} looks like the person: its key and name stay; erase it with --account-too."
        session.err.print(plain_text(words), soft_wrap=True)


def _ask(session: Session) -> None:
    if not sys.stdin.isatty():
        raise InputError("nobody is here to confirm", fix="add --yes")
    session.err.print("This cannot be taken back.")
    if not click.confirm("Erase all of it?", err=True):
        raise click.Abort


def _tell(session: Session, step: str) -> None:
    if session.err.is_terminal:
        session.err.print(f"{step} ...")


def _say_done(session: Session, done: Erasure) -> None:
    if done.again:
        session.out.print("Erased before: nothing of them is left but a keyed hash.")
    else:
        counts = ", ".join(f"{number:,} {name}" for name, number in done.counts.items() if number)
        session.out.print(f"Erased: {done.contacts} contact(s)" + (f"; {counts}." if counts else "."))
    if not done.wiped:
        raise ConflictError(
            "all rows are erased, but the database was in use: space that they left is not overwritten yet",
            fix="run the same command again",
        )


@command.command("export")
@click.argument("who")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file, which only you may read.")
@pass_session
def export_command(session: Session, who: str, out: Path | None) -> None:
    """Print everything held about a person as one JSON document. WHO is an e-mail address or a contact's key."""
    with session.services() as services, services.store.read() as state:
        found = sections(services, state, who)
        head = {"about": who, "made_at": session.clock.now().isoformat()}
        if out is None:
            _write(session, sys.stdout, head, found)
            return
        with _private_file(out) as stream:
            _write(session, stream, head, found)
    session.err.print(plain_text(f"Written to {out}"), soft_wrap=True)


def _write(session: Session, stream: TextIO, head: dict[str, str], found: Iterator[Section]) -> None:
    # On a terminal, what a stranger wrote may not move the cursor.
    stream.writelines(document(head, found, escaped=stream.isatty(), tell=session.err.print))


@contextmanager
def _private_file(path: Path) -> Iterator[TextIO]:
    """A file that is there whole or not at all, and that nobody else may read."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise SetupError(
            f"cannot be written: {error.strerror}", where=str(path), fix="choose another folder"
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            yield stream
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
