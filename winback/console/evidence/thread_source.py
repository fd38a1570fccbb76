"""Where the rows of an account's thread come from; each source reads only as many as a page can hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from winback.console.evidence.thread_words import LOGGED, TELLERS, Names, Told
from winback.store.answers import Answer, Booking, Preference
from winback.store.models import Case, Contact, DecisionEntry, Effect, Interaction, Proposal, Review
from winback.store.types import InteractionKind


@dataclass(frozen=True)
class Source:
    """Rows of one table at one of their moments. `of` are those of an account, `told` says them."""

    table: Any
    at: Any
    number: Any
    of: Callable[[int], Any]
    told: Callable[[Any, Names], Told]

    def query(self, account_id: int) -> Any:
        """Moment, number and row of every one that has that moment."""
        return select(self.at, self.number, self.table).where(self.of(account_id), self.at.is_not(None))


def _cases(account_id: int) -> Any:
    return select(Case.id).where(Case.account_id == account_id)


def _people(account_id: int) -> Any:
    return select(Contact.id).where(Contact.account_id == account_id)


def _of_account(table: Any) -> Callable[[int], Any]:
    return lambda account_id: col(table.account_id) == account_id


def _of_cases(table: Any) -> Callable[[int], Any]:
    return lambda account_id: col(table.case_id).in_(_cases(account_id))


def _of_people(table: Any) -> Callable[[int], Any]:
    return lambda account_id: col(table.contact_id).in_(_people(account_id))


def _source(table: Any, at: Any, of: Callable[[int], Any], told: Callable[[Any, Any], Told]) -> Source:
    return Source(table, at, col(table.id), of, told)


def _logged(account_id: int) -> Any:
    return col(DecisionEntry.case_id).in_(_cases(account_id)) & col(DecisionEntry.kind).in_(LOGGED)


def _tickets(account_id: int) -> Any:
    return (col(Interaction.account_id) == account_id) & (col(Interaction.kind) == InteractionKind.TICKET)


# Of one moment, what followed stands before what it followed from.
SOURCES = (
    _source(Case, col(Case.closed_at), _of_account(Case), TELLERS["closed"]),
    _source(Contact, col(Contact.erased_at), _of_account(Contact), TELLERS["erased"]),
    _source(Contact, col(Contact.unsubscribed_at), _of_account(Contact), TELLERS["stopped"]),
    _source(Interaction, col(Interaction.closed_at), _tickets, TELLERS["ticket_closed"]),
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
    _source(DecisionEntry, col(DecisionEntry.at), _logged, TELLERS["entry"]),
    _source(Proposal, col(Proposal.created_at), _of_cases(Proposal), TELLERS["proposal"]),
    _source(Case, col(Case.opened_at), _of_account(Case), TELLERS["case"]),
)
