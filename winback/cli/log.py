"""`winback log`: what was decided, and proof that nobody changed it afterwards."""

import json
import time
from typing import Any

import click
from sqlmodel import col, select

from winback.cli.context import NUMBER, Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text
from winback.decisions.tell import tell
from winback.decisions.verify import verify as verify_log
from winback.errors import InputError, IntegrityError
from winback.store.models import DecisionEntry
from winback.store.opening import open_store
from winback.store.store import Store

POLL_SECONDS = 1.0
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
    query = select(DecisionEntry).order_by(col(DecisionEntry.id).desc()).limit(lines)
    if case_id is not None:
        query = query.where(DecisionEntry.case_id == case_id)
    with store.read() as session:
        return list(reversed(session.exec(query).all()))


def _since(store: Store, last: int, case_id: int | None) -> list[DecisionEntry]:
    query = select(DecisionEntry).where(col(DecisionEntry.id) > last).order_by(col(DecisionEntry.id))
    if case_id is not None:
        query = query.where(DecisionEntry.case_id == case_id)
    with store.read() as session:
        return list(session.exec(query).all())


def _plain(entry: DecisionEntry) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "position": entry.position,
        "hash": entry.entry_hash,
        **_body(entry),
    }


def _body(entry: DecisionEntry) -> dict[str, Any]:
    """What the entry says; an altered one may say nothing that can be read."""
    try:
        body = json.loads(entry.body)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"kind": UNREADABLE}


def _words(entry: DecisionEntry) -> str:
    try:
        return tell(_body(entry))
    except (KeyError, TypeError):
        return UNREADABLE


def _print(session: Session, entries: list[DecisionEntry]) -> None:
    for entry in entries:
        case = f"case {entry.case_id}" if entry.case_id is not None else ""
        words = plain_text(_words(entry))
        line = f"{entry.id:>6} {entry.at:%Y-%m-%d %H:%M} {case:<9} {entry.kind:<18} {words}"
        session.out.print(line, soft_wrap=True)


@command.command("show")
@click.argument("entry", type=NUMBER)
@json_option
@pass_session
def show(session: Session, entry: int, as_json: bool) -> None:
    """One entry, whole."""
    with open_store(session.settings) as store, store.read() as state:
        found = state.get(DecisionEntry, entry)
        if found is None:
            raise InputError(f"there is no entry {entry}", fix="see 'winback log tail'")
        plain, words = _plain(found), _words(found)
    if as_json:
        print_json(plain)
        return
    session.out.print(plain_text(words))
    session.out.print(plain_text(json.dumps(plain, indent=2, ensure_ascii=False)))


@command.command("verify")
@json_option
@pass_session
def verify(session: Session, as_json: bool) -> None:
    """Check every entry, every seal, and all that the entries speak of."""
    with open_store(session.settings) as store:
        found = verify_log(store)
    if as_json:
        print_json(
            {
                "entries": found.entries,
                "sealed": found.sealed,
                "waiting": found.waiting,
                "root": found.root,
                "problems": [{"what": one.what, "where": one.where} for one in found.problems],
            }
        )
    else:
        session.out.print(
            f"{found.entries} entries, {found.sealed} sealed, {found.waiting} waiting for the next seal."
        )
        session.out.print(f"root {found.root}")
        for problem in found.problems:
            session.out.print(f"{problem.what}: {plain_text(problem.where)}")
    if found.problems:
        raise IntegrityError(
            f"{len(found.problems)} problem(s) in the decision log",
            fix="compare with a backup; nothing was changed",
        )
    if not as_json:
        session.out.print("The log is intact.")
