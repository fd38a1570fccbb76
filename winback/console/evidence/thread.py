"""An account's whole story on one thread, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from winback.console.evidence import cursor
from winback.console.evidence.phrase import Phrase, shown
from winback.console.evidence.thread_source import KEYS, ROWS, SOURCES
from winback.console.evidence.thread_words import Names, Told, Who
from winback.store.among import among
from winback.store.answers import Preference
from winback.store.models import Contact, Proposal

PAGE = 50
SHOWN_LABEL = 300
FROM_THE_TOP: cursor.Key = (datetime.max.replace(tzinfo=UTC), -1, 0)
"""What every row of a thread lies behind."""
LABELS = select(col(Proposal.id), col(Proposal.label)).where(among(Proposal.id, "acts"))
NAMES = select(col(Contact.id), col(Contact.name), col(Contact.key)).where(among(Contact.id, "people"))


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
    last = cursor.read(after, datetime, int, int) if after is not None else FROM_THE_TOP
    given = {"account": account_id, **dict(zip(("at", "place", "number"), last, strict=True)), "limit": limit + 1}
    keys = session.execute(KEYS, given).all()
    page = keys[:limit]
    rows = _rows(session, page)
    who = _who(session, list(rows.values()))
    more = cursor.written(tuple(page[-1])) if len(keys) > limit else None
    happened = (
        _happened(at, SOURCES[place].told(rows[SOURCES[place].table, number], who), who)
        for at, place, number in page
    )
    return Thread(tuple(happened), more)


def _rows(session: Session, keys: Sequence[Any]) -> Mapping[tuple[Any, int], Any]:
    """The rows behind these moments, by table and number."""
    wanted: dict[Any, set[int]] = {}
    for _, place, number in keys:
        wanted.setdefault(SOURCES[place].table, set()).add(number)
    found = {
        table: session.exec(ROWS[table], params={"numbers": sorted(numbers)}).all()
        for table, numbers in wanted.items()
    }
    return {(table, _number(row)): row for table, rows in found.items() for row in rows}


def _number(row: Any) -> int:
    number: int = row.contact_id if isinstance(row, Preference) else row.id
    return number


def _who(session: Session, rows: Sequence[Any]) -> Who:
    """Names of the people and acts that a page speaks of, read at once."""
    acts = {one.proposal_id for one in rows if hasattr(one, "proposal_id")}
    people = {one.contact_id for one in rows if getattr(one, "contact_id", None) is not None}
    labels = dict(session.exec(LABELS, params={"acts": sorted(acts)}).all()) if acts else {}
    names = session.exec(NAMES, params={"people": sorted(people)}).all() if people else ()
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
