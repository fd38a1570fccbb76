"""The tables that the decision log speaks of, and how the rows of each are held against it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from winback.decisions.acts import check_effects, check_interactions, check_reviews
from winback.decisions.rows import Problem, pages
from winback.decisions.said import Said
from winback.decisions.things import check_cases, check_contacts, check_proposals
from winback.store.models import Case, Contact, Effect, Interaction, Proposal, Review
from winback.store.types import CaseState, EffectState, ReviewState


def check_things(session: Session, said: Said, table: str, keys: Sequence[int]) -> Iterator[Problem]:
    """What the entries speak of must still be what they say, and nothing may have happened unlogged.

    Checks the rows of one table that have these numbers.
    """
    yield from CHECKS[table](session, said, keys)


def keys_between(session: Session, table: str, start: int, end: int) -> list[int]:
    """The numbers of a table's rows from `start` up to and without `end`."""
    key = col(KEYS[table])
    return list(session.exec(select(key).where(key >= start, key < end).order_by(key)).all())


def count_erased(session: Session, table: str, keys: Sequence[int]) -> int:
    """How many of these rows say what can no longer be proven, as the person was erased."""
    query = select(func.count()).select_from(KEYS[table].class_)
    if table == "review":
        query = query.join(Proposal).where(Review.state == ReviewState.REJECTED)
    if table == "effect":
        query = query.where(Effect.state == EffectState.DONE)
    contact = Effect.contact_id if table == "effect" else Proposal.contact_id
    query = query.join(Contact, col(contact) == Contact.id).where(col(Contact.erased_at).is_not(None))
    return sum(session.exec(query.where(col(KEYS[table]).in_(page))).one() for page in pages(keys))


CHECKS: Mapping[str, Callable[[Session, Said, Sequence[int]], Iterator[Problem]]] = {
    "cases": check_cases,
    "contact": check_contacts,
    "proposal": check_proposals,
    "review": check_reviews,
    "effect": check_effects,
    "interaction": check_interactions,
}
KEYS: Mapping[str, Any] = {
    "cases": Case.id,
    "contact": Contact.id,
    "proposal": Proposal.id,
    "review": Review.id,
    "effect": Effect.id,
    "interaction": Interaction.id,
}
STATES: Mapping[str, set[str]] = {
    "cases": set(CaseState),
    "review": set(ReviewState),
    "effect": set(EffectState),
}
