"""An account's whole story on one thread, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from winback.console.evidence import cursor
from winback.console.evidence.phrase import Phrase, shown
from winback.console.evidence.thread_source import SOURCES, Source
from winback.console.evidence.thread_words import Names, Told, Who
from winback.store.models import Contact, Proposal

PAGE = 50
SHOWN_LABEL = 300


@dataclass(frozen=True)
class Happened:
    """One thing that happened. `words` are ours; `text` is what somebody wrote, `by` who did it.

    `target` is what a page would link to: its kind (case, item, effect, decision,
    interaction, contact), and its name.
    """

    at: datetime
    kind: str
    words: Phrase
    target: tuple[str, str]
    case: int | None
    contact: str
    by: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Thread:
    """A page of it; `next` names the following one, None on the last."""

    happened: tuple[Happened, ...]
    next: str | None


def thread_of(session: Session, account_id: int, *, after: str | None = None, limit: int = PAGE) -> Thread:
    """What happened in one account: cases, proposals, reviews, effects, answers, wishes, and what was recorded.

    Raises:
        InputError: `after` is no page of a thread.
    """
    last = cursor.read(after, datetime, int, int) if after is not None else None
    rows = [
        (at, place, number, source, row)
        for place, source in enumerate(SOURCES)
        for at, number, row in _newest(session, source, place, account_id, last, limit + 1)
    ]
    rows.sort(key=lambda one: (-one[0].timestamp(), one[1], -one[2]))
    page = rows[:limit]
    who = _who(session, [one[4] for one in page])
    more = cursor.written(page[-1][:3]) if len(rows) > limit else None
    return Thread(tuple(_happened(one[0], one[3].told(one[4], who), who) for one in page), more)


def _newest(
    session: Session, source: Source, place: int, account_id: int, last: cursor.Key | None, limit: int
) -> Sequence[Any]:
    query = source.query(account_id).order_by(source.at.desc(), source.number.desc()).limit(limit)
    if last is not None:
        query = query.where(_behind(source, place, *last))
    found: Sequence[Any] = session.exec(query).all()
    return found


def _behind(source: Source, place: int, at: datetime, last_place: int, number: int) -> Any:
    """Rows of one source behind the last one shown, which may be another source's of the same moment."""
    if place == last_place:
        return or_(source.at < at, and_(source.at == at, source.number < number))
    return source.at <= at if place > last_place else source.at < at


def _who(session: Session, rows: Sequence[Any]) -> Who:
    """Names of the people and acts that a page speaks of, read at once."""
    acts = {one.proposal_id for one in rows if hasattr(one, "proposal_id")}
    labels = dict(
        session.exec(select(col(Proposal.id), col(Proposal.label)).where(col(Proposal.id).in_(acts))).all()
    )
    people = {one.contact_id for one in rows if getattr(one, "contact_id", None) is not None}
    names = session.exec(
        select(col(Contact.id), col(Contact.name), col(Contact.key)).where(col(Contact.id).in_(people))
    ).all()
    return Who(
        labels={number or 0: shown(label, SHOWN_LABEL) for number, label in labels.items()},
        people={number or 0: shown(name or key) for number, name, key in names},
    )


def _happened(at: datetime, told: Told, who: Names) -> Happened:
    return Happened(
        at=at,
        kind=told.kind,
        words=told.words,
        target=told.target,
        case=told.case,
        contact=told.name or who.person(told.contact),
        by=tuple(shown(one) for one in told.by if one),
        text=told.text,
    )
