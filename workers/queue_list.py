"""The queue as a list: what waits, the most urgent first, a page at a time, however long it is.

Everything that filters or orders stands in the row itself and in one index over what waits, which is walked
in order; a page looks up the accounts and proposals of its own rows alone. A planted item stands among the
others; there are few of them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeVar

from sqlalchemy import and_, func, or_, text
from sqlmodel import Session, col, select

from winback.errors import InputError
from winback.store.models import Account, Proposal, Review
from winback.store.queue import Planted, ReviewMark
from winback.store.types import ReviewState

PAGE, LONGEST, COUNTED = 50, 500, 1000
"""Items of a page, at most of one, and up to how many are counted where a filter has to look at each."""
State = Literal["waiting", "snoozed", "claimed", "escalated", "needs_another"]
STATES: tuple[State, ...] = ("waiting", "snoozed", "claimed", "escalated", "needs_another")
FEW = frozenset({"claimed", "escalated", "needs_another"})
"""States of few items, each with an index of its own."""
TABLES: tuple[type[Review] | type[Planted], ...] = (Review, Planted)
# A literal: no partial index is used for a value that is bound.
WAITS = text("review.state = 'pending'")


@dataclass(frozen=True)
class Filters:
    """What to show; None: whatever. `waiting`, the usual state, is all that is not snoozed.

    `rule` is one that asked for review, `older_hours` how long it has waited at least, `mine` who holds it
    or was given it, `words` are parts of the account's key and name, each of which must be there.
    """

    tool: str | None = None
    plan: str | None = None
    region: str | None = None
    tag: str | None = None
    owner: str | None = None
    rule: str | None = None
    older_hours: float | None = None
    assignee: str | None = None
    state: State = "waiting"
    words: str = ""

    def to_plain(self) -> dict[str, Any]:
        """Those that filter at all, for an address or a saved view."""
        return {name: value for name, value in asdict(self).items() if value != getattr(EVERYTHING, name)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Filters":
        """Raises InputError for a name that is no filter, or a value that fits none."""
        unknown = plain.keys() - asdict(EVERYTHING).keys()
        if unknown:
            raise InputError(f"{min(unknown)!r} is no filter", fix=f"use one of {', '.join(asdict(EVERYTHING))}")
        if plain.get("state", "waiting") not in STATES:
            raise InputError(f"{plain['state']!r} is no state of the list", fix=f"use one of {', '.join(STATES)}")
        hours = plain.get("older_hours")
        if hours is not None and not (isinstance(hours, int | float) and 0 <= hours <= 24 * 366):
            raise InputError(f"an age of {hours!r} hours", fix="give 0 to 8784")
        for name, value in plain.items():
            if name != "older_hours" and not isinstance(value, str):
                raise InputError(f"{name}: {value!r} is no text", fix="give a text")
        return cls(**plain)


EVERYTHING = Filters()


class After(NamedTuple):
    """The last item of a page: the next one begins behind it."""

    priority: float
    number: int

    @classmethod
    def read(cls, text_: str) -> "After":
        """Raises InputError for what no page ended with."""
        priority, _, number = text_.partition("_")
        try:
            return cls(float.fromhex(priority), int(number))
        except (ValueError, OverflowError):
            raise InputError(f"{text_!r} is no place in the list", fix="begin at its start") from None

    def __str__(self) -> str:
        # Without the plus, which an address takes for a space.
        return f"{self.priority.hex().replace('+', '')}_{self.number}"


@dataclass(frozen=True)
class Line:
    """One item of the list. `planted` is the fault of one that was planted: for operators alone."""

    number: int
    row: Review | Planted
    action_hash: str
    case_id: int
    account: Account
    proposal: Proposal
    first_approved_by: str | None = None
    planted: str | None = None

    @property
    def after(self) -> After:
        return After(self.row.priority, self.number)


@dataclass(frozen=True)
class Page:
    """A page, and where the next begins; None: it was the last."""

    lines: tuple[Line, ...]
    following: After | None


@dataclass(frozen=True)
class Counts:
    """`open` is everything that can be decided now; `shown` what the filters leave, `more` at least so many."""

    open: int
    shown: int
    more: bool = False


def page_of(
    session: Session, filters: Filters, now: datetime, *, after: After | None = None, limit: int = PAGE
) -> Page:
    """The items after one, in the order of the queue."""
    limit = max(1, min(limit, LONGEST))
    waiting: Sequence[Review | Planted] = _rows(session, Review, filters, now, after, limit + 1)
    planted: Sequence[Review | Planted] = _rows(session, Planted, filters, now, after, limit + 1)
    found = merge(waiting, planted, key=lambda row: (-row.priority, -(row.id or 0)))
    rows = list(islice(found, limit + 1))
    lines = _lines(session, rows[:limit])
    return Page(lines, lines[-1].after if len(rows) > limit else None)


def beside(session: Session, filters: Filters, now: datetime, place: After) -> tuple[int | None, int | None]:
    """The items just above and just below a place in the list, which itself need not be in it (any more)."""
    above = [one for table in TABLES for one in _next(session, table, filters, now, place, up=True)]
    below = [one for table in TABLES for one in _next(session, table, filters, now, place, up=False)]
    return min(above, default=After(0.0, 0)).number or None, max(below, default=After(0.0, 0)).number or None


def _next(
    session: Session,
    table: type[Review] | type[Planted],
    filters: Filters,
    now: datetime,
    place: After,
    *,
    up: bool,
) -> list[After]:
    order, number = col(table.priority), col(table.id)
    where = [*_where(session, table, filters, now), _above(table, place) if up else _below(table, place)]
    by = (order.asc(), number.asc()) if up else (order.desc(), number.desc())
    found = session.exec(select(order, number).where(*where).order_by(*by).limit(1)).all()
    return [After(priority, one or 0) for priority, one in found]


def _below(table: type[Review] | type[Planted], at: After) -> Any:
    place, number = col(table.priority), col(table.id)
    return and_(place <= at.priority, or_(place < at.priority, and_(place == at.priority, number < at.number)))


def _above(table: type[Review] | type[Planted], at: After) -> Any:
    place, number = col(table.priority), col(table.id)
    return and_(place >= at.priority, or_(place > at.priority, and_(place == at.priority, number > at.number)))


Row = TypeVar("Row", Review, Planted)


def _rows(
    session: Session, table: type[Row], filters: Filters, now: datetime, after: After | None, limit: int
) -> Sequence[Row]:
    query = select(table).where(*_where(session, table, filters, now))
    if after is not None:
        query = query.where(_below(table, after))
    return session.exec(query.order_by(*_order(table, filters)).limit(limit)).all()


def _order(table: type[Review] | type[Planted], filters: Filters) -> tuple[Any, Any]:
    # A sum is in no index: few are found by their own and sorted, instead of all being walked in order.
    order = col(table.priority) + 0.0 if filters.state in FEW else col(table.priority)
    return order.desc(), col(table.id).desc()


def _where(session: Session, table: type[Review] | type[Planted], filters: Filters, now: datetime) -> list[Any]:
    found: list[Any] = [WAITS if table is Review else col(table.state) == ReviewState.PENDING]
    equal = {name: getattr(filters, name) for name in ("tool", "plan", "region", "owner", "assignee")}
    found += [col(getattr(table, name)) == value for name, value in equal.items() if value is not None]
    if filters.older_hours is not None:
        found.append(col(table.asked_at) <= now - timedelta(hours=filters.older_hours))
    found += [col(table.sought).contains(word, autoescape=True) for word in filters.words.lower().split()[:8]]
    for kind, word in (("rule", filters.rule), ("tag", filters.tag)):
        if word is not None:
            # What a planted item copies was found by the same words.
            found.append(_marked(session, table.id if table is Review else Planted.like_id, kind, word))
    return [*found, _state(table, filters.state, now)]


def _marked(session: Session, number: Any, kind: str, word: str) -> Any:
    """Few are found by their numbers; where many are, walking the list meets some soon."""
    theirs = select(ReviewMark.review_id).where(ReviewMark.kind == kind, ReviewMark.word == word)
    many = session.exec(select(func.count()).select_from(theirs.limit(COUNTED + 1).subquery())).one() > COUNTED
    if many:
        return theirs.where(col(ReviewMark.review_id) == number).exists()
    return col(number).in_(theirs)


def _state(table: type[Review] | type[Planted], state: State, now: datetime) -> Any:
    snoozed = and_(col(table.snoozed_until).is_not(None), col(table.snoozed_until) > now)
    awake = or_(col(table.snoozed_until).is_(None), col(table.snoozed_until) <= now)
    match state:
        case "snoozed":
            return snoozed
        case "claimed":
            return and_(awake, col(table.claimed_until) > now)
        case "escalated":
            return and_(awake, col(table.escalated_at).is_not(None))
        case "needs_another":
            return col(Review.first_approved_by).is_not(None) if table is Review else text("1 = 0")
        case "waiting":
            return awake


def _lines(session: Session, rows: Sequence[Review | Planted]) -> tuple[Line, ...]:
    wanted = {one.proposal_id if isinstance(one, Review) else one.copied_id for one in rows}
    query = select(Proposal, Account).join(Account, col(Proposal.account_id) == Account.id)
    known = {one.id: (one, account) for one, account in session.exec(query.where(col(Proposal.id).in_(wanted)))}
    lines = []
    for row in rows:
        if isinstance(row, Review):
            proposal, account = known[row.proposal_id]
            first, fault = row.first_approved_by, None
        else:
            proposal, account = known[row.copied_id]
            first, fault = None, row.fault
        lines.append(Line(row.id or 0, row, row.action_hash, proposal.case_id, account, proposal, first, fault))
    return tuple(lines)


def counts_of(session: Session, filters: Filters, now: datetime) -> Counts:
    """How many wait, in all and with these filters; those only up to `COUNTED`, planted ones too."""
    total = sum(_count(session, table, EVERYTHING, now, None) for table in TABLES)
    if filters == EVERYTHING:
        return Counts(total, total)
    shown = sum(_count(session, table, filters, now, COUNTED) for table in TABLES)
    return Counts(total, min(shown, COUNTED), more=shown > COUNTED)


def _count(
    session: Session, table: type[Review] | type[Planted], filters: Filters, now: datetime, most: int | None
) -> int:
    found = select(col(table.id)).where(*_where(session, table, filters, now))
    if most is not None:
        # In the order of the list, or another index is walked, which does not have what filters.
        found = found.order_by(*_order(table, filters)).limit(most + 1)
    return session.exec(select(func.count()).select_from(found.subquery())).one()
