"""Where the rows of an account's thread come from, and the one statement that finds those of a page.

First the moments are found, of all sources in one go, then the rows behind them: reading each source by itself
would take more statements, and up to a page of rows from each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, or_, union_all
from sqlalchemy import select as sql_select
from sqlalchemy.orm import defer
from sqlmodel import col, select

from winback.console.evidence.thread_words import LOGGED, TELLERS, Names, Told
from winback.store.among import among
from winback.store.answers import Answer, Booking, Preference
from winback.store.models import Case, Contact, DecisionEntry, Effect, Interaction, Proposal, Review
from winback.store.types import InteractionKind, UtcDateTime

ACCOUNT: Any = bindparam("account")
CASES = select(Case.id).where(Case.account_id == ACCOUNT)
PEOPLE = select(Contact.id).where(Contact.account_id == ACCOUNT)


@dataclass(frozen=True)
class Source:
    """Rows of one table at one of their moments. `of` are those of an account, `told` says them."""

    table: Any
    at: Any
    number: Any
    of: Any
    told: Callable[[Any, Names], Told]


def _of_account(table: Any) -> Any:
    return col(table.account_id) == ACCOUNT


def _of_cases(table: Any) -> Any:
    return col(table.case_id).in_(CASES)


def _of_people(table: Any) -> Any:
    return col(table.contact_id).in_(PEOPLE)


def _source(table: Any, at: Any, of: Any, told: Callable[[Any, Any], Told]) -> Source:
    return Source(table, at, col(table.id), of, told)


LOG = _of_cases(DecisionEntry) & col(DecisionEntry.kind).in_(LOGGED)
TICKETS = _of_account(Interaction) & (col(Interaction.kind) == InteractionKind.TICKET)

# Of one moment, what followed stands before what it followed from.
SOURCES = (
    _source(Case, col(Case.closed_at), _of_account(Case), TELLERS["closed"]),
    _source(Contact, col(Contact.erased_at), _of_account(Contact), TELLERS["erased"]),
    _source(Contact, col(Contact.unsubscribed_at), _of_account(Contact), TELLERS["stopped"]),
    _source(Interaction, col(Interaction.closed_at), TICKETS, TELLERS["ticket_closed"]),
    _source(Interaction, col(Interaction.at), _of_account(Interaction), TELLERS["interaction"]),
    Source(
        Preference, col(Preference.at), col(Preference.contact_id), _of_people(Preference), TELLERS["preference"]
    ),
    _source(Booking, col(Booking.starts_at), _of_people(Booking), TELLERS["booking"]),
    _source(Answer, col(Answer.at), _of_people(Answer), TELLERS["answer"]),
    _source(
        Effect,
        func.coalesce(col(Effect.done_at), col(Effect.intent_at), col(Effect.due_at)),
        _of_account(Effect),
        TELLERS["effect"],
    ),
    _source(Review, col(Review.decided_at), _of_cases(Review), TELLERS["review"]),
    _source(Review, col(Review.asked_at), _of_cases(Review), TELLERS["asked"]),
    _source(DecisionEntry, col(DecisionEntry.at), LOG, TELLERS["entry"]),
    _source(Proposal, col(Proposal.created_at), _of_cases(Proposal), TELLERS["proposal"]),
    _source(Case, col(Case.opened_at), _of_account(Case), TELLERS["case"]),
)


LAST_AT: Any = bindparam("at", type_=UtcDateTime)
LAST_PLACE: Any = bindparam("place")
LIMIT: Any = bindparam("limit")


def _keys(place: int, source: Source) -> Any:
    """Moment, place and number of one source's rows behind the last one shown, the newest first."""
    at, number = source.at, source.number
    here: ColumnElement[int] = literal_column(str(place))
    behind = and_(
        at <= LAST_AT,
        or_(at < LAST_AT, here > LAST_PLACE, and_(here == LAST_PLACE, number < bindparam("number"))),
    )
    query = sql_select(at.label("at"), here.label("place"), number.label("number"))
    query = query.where(source.of, at.is_not(None), behind).order_by(at.desc(), number.desc()).limit(LIMIT)
    return sql_select(query.subquery())


# Made once, like the statements of a judgement.
FOUND = union_all(*(_keys(place, source) for place, source in enumerate(SOURCES))).subquery()
KEYS: Any = sql_select(FOUND).order_by(FOUND.c.at.desc(), FOUND.c.place, FOUND.c.number.desc()).limit(LIMIT)
"""A page of an account's thread, as moments: behind `at`, `place` (in SOURCES) and `number`."""
ROWS: dict[Any, Any] = {one.table: select(one.table).where(among(one.number, "numbers")) for one in SOURCES}
EVIDENCE: Any = DecisionEntry.evidence
ROWS[DecisionEntry] = ROWS[DecisionEntry].options(defer(EVIDENCE, raiseload=True))
"""The rows of these numbers, by table; evidence is long, and no thread shows it."""
