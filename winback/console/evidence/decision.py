"""The decision log: found by what it is about, and one entry with its words, its evidence and its proof."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from policies.policy import Policy
from policies.telling import Translate
from policies.words import summary
from winback.console.evidence import cursor
from winback.console.evidence.phrase import shown
from winback.console.evidence.rules import Rules, rules_of
from winback.console.evidence.thread_words import UNREADABLE, told_entry
from winback.decisions.checkpoint import newest_checkpoint
from winback.decisions.entry import entry_name, spoken
from winback.decisions.find import find_entry
from winback.decisions.key import own_key
from winback.decisions.kind import EntryKind
from winback.decisions.proof import inclusion_proof
from winback.errors import InputError, IntegrityError
from winback.store.models import Case, DecisionEntry
from workers.hindsight.sentences import told_agent, told_now, told_option, without_verdict
from workers.hindsight.told import ToldEntry, ToldVerdict, told_entry_of
from workers.services import Services

PAGE = 50
LONGEST_NAME, LONGEST_WORDS = 200, 1000
WHO = ("by", "author", "edited_by")
"""Under which names a body says who."""
LOOKED_AT = 20_000
"""Entries that one page looks through at most: a search for what is rare goes on with the next."""
SLACK = timedelta(hours=1)
"""How far the order of entries may be from that of their moments: transactions end as they please."""


@dataclass(frozen=True)
class Search:
    """What entries must be about; all that is given must fit. `by` is a person who decided or wrote down."""

    case: int | None = None
    account: int | None = None
    kind: EntryKind | None = None
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Search()
EVIDENCE: Any = DecisionEntry.evidence


@dataclass(frozen=True)
class Line:
    """An entry, told. `name` is its position, or +ROW while it is not sealed."""

    name: str
    at: datetime
    kind: str
    case: int | None
    words: str
    by: str


@dataclass(frozen=True)
class Decisions:
    """A page, newest first; `next` names the following one, None on the last. A page may hold few, or none yet."""

    lines: tuple[Line, ...]
    next: str | None


@dataclass(frozen=True)
class Told:
    """One act that was judged: what, who chose it, what each rule said, and what a policy says `again`.

    `changed`: that policy decides otherwise.
    """

    act: str
    agent: str
    summary: str
    rules: Rules
    again: str
    changed: bool


@dataclass(frozen=True)
class DecisionView:
    """One entry: told, its body and evidence as canonical JSON, and what was judged in it.

    `without` tells a decision that held no act against the policy, `problem` what is wrong with the evidence.
    """

    line: Line
    body: str
    evidence: str | None
    told: tuple[Told, ...]
    without: str
    problem: str


def decision_list(
    session: Session,
    search: Search = EVERYTHING,
    say: Translate = str,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> Decisions:
    """Entries of the log, newest first. What has no index is looked for in the newest `LOOKED_AT`, then further.

    Raises:
        InputError: `after` is no page of this list.
    """
    below = cursor.read(after, int)[0] if after is not None else _end(session, search.until)
    lowest = _number_at(session, search.since - SLACK) if search.since else 0
    narrow = search.case is not None or search.account is not None
    start = lowest if narrow else max(lowest, below - LOOKED_AT)
    number = col(DecisionEntry.id)
    query = select(DecisionEntry).where(number < below, number >= start, *_fitting(search))
    # Evidence is most of the log, and no list shows it.
    query = query.options(defer(EVIDENCE, raiseload=True))
    # A case's entries are found by their case: going through the log in its order would take longer.
    rows = session.exec(query.order_by((number + 0 if narrow else number).desc()).limit(limit + 1)).all()
    lines = tuple(line_of(one, say) for one in rows[:limit])
    if len(rows) > limit:
        return Decisions(lines, cursor.written((rows[limit - 1].id or 0,)))
    return Decisions(lines, cursor.written((start,)) if start > lowest else None)


def _end(session: Session, until: datetime | None) -> int:
    """The number that all wanted entries are below."""
    if until is not None:
        return _number_at(session, until + SLACK) + 1
    return (session.exec(select(func.max(DecisionEntry.id))).one() or 0) + 1


def _number_at(session: Session, moment: datetime) -> int:
    """The number of the last entry up to a moment, found by halving; 0 where there is none."""
    low, high = 0, session.exec(select(func.max(DecisionEntry.id))).one() or 0
    while low < high:
        middle = (low + high + 1) // 2
        query = select(col(DecisionEntry.id), col(DecisionEntry.at)).where(col(DecisionEntry.id) <= middle)
        found = session.exec(query.order_by(col(DecisionEntry.id).desc()).limit(1)).first()
        if found is None or found[1] <= moment:
            low = middle
        else:
            high = (found[0] or 1) - 1
    return low


def _fitting(search: Search) -> Iterator[ColumnElement[bool]]:
    entry = DecisionEntry
    if search.case is not None:
        yield col(entry.case_id) == search.case
    if search.account is not None:
        yield col(entry.case_id).in_(select(Case.id).where(Case.account_id == search.account))
    if search.kind is not None:
        yield col(entry.kind) == search.kind.value
    if search.by:
        named = json.dumps(search.by[:LONGEST_NAME], ensure_ascii=False)
        yield or_(*(col(entry.body).contains(f'"{one}":{named}', autoescape=True) for one in WHO))
    if search.since is not None:
        yield col(entry.at) >= search.since
    if search.until is not None:
        yield col(entry.at) <= search.until


def line_of(entry: DecisionEntry, say: Translate = str) -> Line:
    """An entry, told; an altered one may say nothing that can be read."""
    body = _spoken(entry)
    return Line(
        name=entry_name(entry.position, entry.id),
        at=entry.at,
        kind=entry.kind,
        case=entry.case_id,
        words=shown(told_entry(entry, say), LONGEST_WORDS),
        by=shown(next((str(body[one]) for one in WHO if body.get(one)), "")),
    )


def _spoken(entry: DecisionEntry) -> dict[str, Any]:
    try:
        return spoken(entry.body)
    except (ValueError, TypeError, RecursionError):
        return {}


def decision_view(
    services: Services, name: str, policy: Policy | None = None, say: Translate = str
) -> DecisionView:
    """One entry, and what `policy` (the one in force, unless another is given) says of the same facts.

    `say` is the language of our own sentences.

    Raises:
        InputError: there is no such entry.
    """
    policy = services.policy if policy is None else policy
    with services.store.read() as session:
        entry = find_entry(session, name)
    try:
        told = told_entry_of(services.store, entry.id or 0, policy)
    except IntegrityError as error:
        return DecisionView(line_of(entry, say), entry.body, entry.evidence, (), "", error.what)
    return DecisionView(
        line=line_of(entry, say),
        body=entry.body,
        evidence=entry.evidence,
        told=tuple(_told(one, policy, say) for one in told.verdicts) if told else (),
        without=_without(told, say) if told and not told.verdicts else "",
        problem="",
    )


def _without(told: ToldEntry, say: Translate) -> str:
    try:
        return shown(without_verdict(told, say), LONGEST_WORDS)
    except (KeyError, TypeError, AttributeError):
        return say(UNREADABLE)


def _told(one: ToldVerdict, policy: Policy, say: Translate) -> Told:
    return Told(
        act=shown(told_option(one.facts, say), LONGEST_WORDS),
        agent=shown(told_agent(one.facts, say), LONGEST_WORDS),
        summary=shown(summary(one.verdict, say), LONGEST_WORDS),
        rules=rules_of(one.verdict, say),
        again=shown(told_now(one, policy, say), LONGEST_WORDS),
        changed=one.now.decision is not one.verdict.decision,
    )


def decision_proof(services: Services, name: str) -> dict[str, Any]:
    """What `winback log prove` prints. It reads the whole tree: a second for a million entries.

    Raises:
        InputError: there is no such entry, no key, or no checkpoint that covers it yet.
        IntegrityError: the log is damaged.
    """
    key = own_key(services.settings)
    newest = newest_checkpoint(services.settings.checkpoint_folder, key.verifier) if key else None
    if key is None or newest is None:
        raise InputError("there is no checkpoint yet", fix="run 'winback log checkpoint'")
    with services.store.read() as session:
        entry = find_entry(session, name)
        if entry.position is None or entry.position >= newest[0].size:
            raise InputError(f"no checkpoint covers entry {name} yet", fix="run 'winback log checkpoint'")
        return inclusion_proof(session, entry, newest[0].size, newest[1], key.verifier)
