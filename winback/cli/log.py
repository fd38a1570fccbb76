"""`winback log`: what was decided, and proof that nobody changed it afterwards."""

import json
import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import true
from sqlmodel import col, select

from winback.cli.context import NUMBER, Session, json_option, pass_session, print_json
from winback.cli.log_proof import COMMANDS as PROOF_COMMANDS
from winback.cli.log_trace import command as trace
from winback.cli.terminal import plain_text
from winback.decisions.covered import Kept
from winback.decisions.entry import entry_name, spoken, spoken_evidence
from winback.decisions.find import find_entry
from winback.decisions.key import own_key
from winback.decisions.note import VerifierKey, read_verifier_key
from winback.decisions.tell import tell
from winback.decisions.verify import Verification
from winback.decisions.verify import verify as verify_log
from winback.errors import IntegrityError
from winback.store.models import DecisionEntry
from winback.store.opening import open_store
from winback.store.store import Store

POLL_SECONDS = 1.0
GONE = {"proposal": "proposals", "effect": "receipts", "review": "notes on rejections"}
UNREADABLE = "cannot be read: see winback log verify"


@click.group("log")
def command() -> None:
    """The decision log: everything that was decided, the non-actions too."""


@command.command("tail")
@click.option("-n", "lines", default=20, type=click.IntRange(1, 100_000), help="How many of the newest entries.")
@click.option("--case", "case_id", type=NUMBER, help="One case only.")
@click.option("--follow", "-f", is_flag=True, help="Go on printing as entries come.")
@json_option
@pass_session
def tail(session: Session, lines: int, case_id: int | None, follow: bool, as_json: bool) -> None:
    """The newest entries, oldest of them first."""
    with open_store(session.settings) as store:
        entries = _newest(store, lines, case_id)
        if as_json:
            print_json([_plain(one) for one in entries])
            return
        _print(session, entries)
        while follow:
            time.sleep(POLL_SECONDS)
            last = max((one.id or 0 for one in entries), default=0)
            fresh = _since(store, last, case_id)
            _print(session, fresh)
            entries = fresh or entries


def _newest(store: Store, lines: int, case_id: int | None) -> list[DecisionEntry]:
    """By position, and behind them those that have none yet."""
    position, row = col(DecisionEntry.position), col(DecisionEntry.id)
    ours = true() if case_id is None else col(DecisionEntry.case_id) == case_id
    waiting = select(DecisionEntry).where(ours, position.is_(None)).order_by(row.desc()).limit(lines)
    sealed = select(DecisionEntry).where(ours, position.is_not(None)).order_by(position.desc())
    with store.read() as session:
        newest = list(session.exec(waiting).all())
        newest += session.exec(sealed.limit(lines - len(newest))).all()
        return newest[::-1]


def _since(store: Store, last: int, case_id: int | None) -> list[DecisionEntry]:
    query = select(DecisionEntry).where(col(DecisionEntry.id) > last).order_by(col(DecisionEntry.id))
    if case_id is not None:
        query = query.where(DecisionEntry.case_id == case_id)
    with store.read() as session:
        return list(session.exec(query).all())


def _plain(entry: DecisionEntry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "row": entry.id,
        "hash": entry.entry_hash,
        **_body(entry),
    }


def _body(entry: DecisionEntry) -> dict[str, Any]:
    """What the entry says; an altered one may say nothing that can be read."""
    try:
        return spoken(entry.body)
    except (ValueError, TypeError, RecursionError):
        return {"kind": UNREADABLE}


def _evidence(entry: DecisionEntry) -> dict[str, Any]:
    """What the entry's evidence says, in the place of its hash."""
    try:
        evidence = spoken_evidence(entry)
    except (ValueError, TypeError, RecursionError):
        evidence = {"kind": UNREADABLE}
    return {"evidence": evidence} if evidence else {}


def _words(entry: DecisionEntry) -> str:
    try:
        return tell(_body(entry))
    except (KeyError, TypeError):
        return UNREADABLE


def _print(session: Session, entries: list[DecisionEntry]) -> None:
    for entry in entries:
        case = f"case {entry.case_id}" if entry.case_id is not None else ""
        words = plain_text(_words(entry))
        name = entry_name(entry.position, entry.id)
        line = f"{name:>6} {entry.at:%Y-%m-%d %H:%M} {case:<9} {entry.kind:<18} {words}"
        session.out.print(line, soft_wrap=True)


@command.command("show")
@click.argument("entry")
@json_option
@pass_session
def show(session: Session, entry: str, as_json: bool) -> None:
    """One entry, whole. ENTRY is its position, or +ROW of one not sealed yet, as in 'winback log tail'."""
    with open_store(session.settings) as store, store.read() as state:
        found = find_entry(state, entry)
        plain, words = {**_plain(found), **_evidence(found)}, _words(found)
    if as_json:
        print_json(plain)
        return
    session.out.print(plain_text(words))
    session.out.print(plain_text(json.dumps(plain, indent=2, ensure_ascii=False)))


@command.command("verify")
@click.option(
    "--checkpoints",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the signed checkpoints, if it is not the configured one.",
)
@click.option("--key", "given", metavar="VERIFIER_KEY", help="Check them with this key, kept elsewhere.")
@click.option("--log-only", is_flag=True, help="Leave out the tables: entries, evidence, tree and checkpoints.")
@json_option
@pass_session
def verify(session: Session, folder: Path | None, given: str | None, log_only: bool, as_json: bool) -> None:
    """Check every entry against its seal, the tables against what entries say, and all against the checkpoints.

    What no entry says cannot be checked: docs/decision-log.md names it.
    """
    settings = session.settings
    configured = folder is None and settings.decisions.checkpoints is not None
    kept = Kept(folder or settings.checkpoint_folder, _key(session, given), configured)
    with open_store(session.settings) as store:
        found = verify_log(store, kept, rows=not log_only)
    if as_json:
        print_json(_verified(found))
    else:
        _print_verified(session, found)
    if found.problems:
        raise IntegrityError(
            f"{len(found.problems)} problem(s) in the decision log",
            fix="compare with a backup; nothing was changed",
        )
    if not as_json:
        unseen = "" if found.rows else " The tables that it speaks of were not looked at."
        session.out.print(f"The log is intact.{unseen}")


def _key(session: Session, given: str | None) -> VerifierKey | None:
    if given is not None:
        return read_verifier_key(given)
    own = own_key(session.settings)
    return own.verifier if own else None


def _verified(found: Verification) -> dict[str, Any]:
    return {
        "entries": found.entries,
        "sealed": found.sealed,
        "waiting": found.waiting,
        "erased": dict(found.erased),
        "evidence_erased": found.bare,
        "root": found.root,
        "checkpoints": len(found.checkpoints),
        "tables": found.rows,
        "problems": [{"what": one.what, "where": one.where} for one in found.problems],
    }


def _print_verified(session: Session, found: Verification) -> None:
    say = session.out.print
    say(f"{found.entries} entries, {found.sealed} sealed, {found.waiting} waiting for the next seal.")
    for table, number in found.erased.items():
        say(
            f"{number} {GONE[table]} of people whose data were erased: what they said can no longer be checked.",
            soft_wrap=True,
        )
    if found.bare:
        say(
            f"{found.bare} entries lost their evidence with a person: removed by erasure, not missing.",
            soft_wrap=True,
        )
    say(f"root {found.root}")
    if found.checkpoints:
        newest = found.checkpoints[-1]
        say(f"{len(found.checkpoints)} checkpoints; {newest.named} covers {newest.size} entries.")
    else:
        say("no checkpoint: nobody outside could tell if the end of the log were cut off.")
    for problem in found.problems:
        say(f"{problem.what}: {plain_text(problem.where)}", soft_wrap=True)


for _each in (*PROOF_COMMANDS, trace):
    command.add_command(_each)
