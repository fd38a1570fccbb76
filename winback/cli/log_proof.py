"""`winback log key`, `checkpoint`, `prove`, `export`, `checker`: what an outsider can check by himself."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlmodel import Session as State
from sqlmodel import select

from winback.cli.context import DATE, Session, pass_session
from winback.decisions import check_proof
from winback.decisions.chain import LAST
from winback.decisions.checkpoint import (
    Checkpoint,
    newest_checkpoint,
    open_checkpoint,
    read_note,
    write_checkpoint,
)
from winback.decisions.export import Progress as ExportProgress
from winback.decisions.export import export as write_export
from winback.decisions.key import new_seed, signing_key
from winback.decisions.note import NotSigned, VerifierKey
from winback.decisions.proof import consistency_proof, inclusion_proof
from winback.errors import InputError, IntegrityError
from winback.store.models import DecisionEntry
from winback.store.opening import open_store
from winback.usage.atomic import write_whole, writing

FILE = click.Path(path_type=Path, dir_okay=False)
out_option = click.option("--out", type=FILE, help="Write to this file instead of the screen.")


@click.command("key")
@click.option(
    "--new", is_flag=True, help="Print a fresh secret for decisions.signing_key instead; nothing is stored."
)
@pass_session
def key(session: Session, new: bool) -> None:
    """The public key of this log's checkpoints: give it to whoever checks them, and keep a copy elsewhere."""
    sys.stdout.write(f"{new_seed() if new else signing_key(session.settings).verifier}\n")


@click.command("checkpoint")
@pass_session
def checkpoint(session: Session) -> None:
    """Seal, and write a signed checkpoint now."""
    with open_store(session.settings) as store:
        folder = session.settings.checkpoint_folder
        made = write_checkpoint(store, folder, signing_key(session.settings), session.clock.now())
    session.out.print(f"{made.named}: {made.size} entries, in {folder}", markup=False, soft_wrap=True)


@click.command("prove")
@click.argument("entry", type=click.IntRange(0, LAST), required=False)
@click.option(
    "--since", type=FILE, help="Prove instead that the log was only added to since this checkpoint file."
)
@out_option
@pass_session
def prove(session: Session, entry: int | None, since: Path | None, out: Path | None) -> None:
    """One entry with the proof that it is in the log; ENTRY is its position, as 'winback log tail' says."""
    if (entry is None) == (since is None):
        raise click.UsageError("give either an entry or --since")
    signed_with = signing_key(session.settings).verifier
    newest = _newest(session, signed_with)
    with open_store(session.settings) as store, store.read() as state:
        if since is not None:
            old = _opened(since, signed_with)
            proof = consistency_proof(state, old, (newest[0].size, newest[1]), signed_with)
        else:
            found = _covered(state, entry or 0, newest[0].size)
            proof = inclusion_proof(state, found, newest[0].size, newest[1], signed_with)
    _write(json.dumps(proof, indent=2, ensure_ascii=False) + "\n", out)


def _newest(session: Session, signed_with: VerifierKey) -> tuple[Checkpoint, str]:
    newest = newest_checkpoint(session.settings.checkpoint_folder, signed_with)
    if newest is None:
        raise InputError("there is no checkpoint yet", fix="run 'winback log checkpoint'")
    return newest


def _opened(path: Path, signed_with: VerifierKey) -> tuple[int, str]:
    note = read_note(path)
    try:
        return open_checkpoint(note, signed_with).size, note
    except NotSigned as error:
        raise InputError(str(error), where=str(path), fix="name a checkpoint of this log") from None


def _covered(state: State, position: int, size: int) -> DecisionEntry:
    if position >= size:
        raise InputError(f"no checkpoint covers entry {position} yet", fix="run 'winback log checkpoint'")
    found = state.exec(select(DecisionEntry).where(DecisionEntry.position == position)).first()
    if found is None:
        raise IntegrityError(f"entry {position} is missing", fix="see 'winback log verify'")
    return found


@click.command("export")
@click.argument("file", type=FILE)
@click.option("--since", type=DATE, help="Begin with the first entry of this day (UTC).")
@pass_session
def export(session: Session, file: Path, since: datetime | None) -> None:
    """All sealed entries as JSON Lines, closed by a checkpoint over them; one is written if need be."""
    settings = session.settings
    signed = signing_key(settings)
    start = since.replace(tzinfo=UTC) if since else None
    with open_store(settings) as store:
        write_checkpoint(store, settings.checkpoint_folder, signed, session.clock.now())
        newest = _newest(session, signed.verifier)
        with store.read() as state, progress_bar(session, "Writing entries") as progress, replacing(file) as text:
            count = write_export(state, text, newest, signed.verifier, start, progress)
    session.out.print(f"{count} entries and {newest[0].named} in {file}", markup=False, soft_wrap=True)


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """A file that gets its name when it is whole."""
    temporary = file.with_name(f".{file.name}.part")
    with writing(file.parent):
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as text:
                yield text
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def progress_bar(session: Session, what: str) -> Iterator[ExportProgress]:
    """A bar on a terminal; nothing is left there afterwards."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=session.err, transient=True, disable=not session.err.is_terminal) as bars:
        task = bars.add_task("", total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)


@click.command("checker")
@out_option
def checker(out: Path | None) -> None:
    """The program that checks proofs and exports without Winback: one short file, nothing to install."""
    _write(Path(check_proof.__file__).read_text(encoding="utf-8"), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    with writing(out.parent):
        write_whole(out, text.encode())


COMMANDS: tuple[Any, ...] = (key, checkpoint, prove, export, checker)
