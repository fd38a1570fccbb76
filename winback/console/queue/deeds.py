"""What a person does with an item, for pages and programs alike: the same calls, and what is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import HTTPException
from sqlmodel import Session, col, select

from policies.verdict import Decision
from policies.words import explain
from winback.console.people import users
from winback.console.queue.typed import Seen
from winback.console.rights import RIGHTS, Person, Right, Role
from winback.decisions.action import effect_key
from winback.errors import ConflictError, InputError
from winback.store.models import Effect, Proposal, Review
from winback.store.queue import Planted
from winback.store.types import EffectState, ReviewState
from workers import desk
from workers import review as reviews
from workers.item import Item, same_person
from workers.services import Services
from workers.undo import grace


@dataclass(frozen=True)
class Approved:
    """`due_at` is when it leaves at the earliest; None: another person must approve it too."""

    due_at: datetime | None


@dataclass(frozen=True)
class Edited:
    """What became of an edit: it waits as `item`, or (None) the policy allows it at once."""

    hash: str
    item: int | None


@dataclass(frozen=True)
class Held:
    """Who has it, and until when."""

    holder: str
    until: datetime


def must_be(session: Session, number: int) -> None:
    """Raises HTTPException 404 where there is no such item."""
    if session.get(Review, number) is None and session.get(Planted, number) is None:
        raise HTTPException(404, "there is no such queue item")


def approve(services: Services, person: Person, number: int, seen: Seen) -> Approved:
    """Approve it; it rests a while, to be taken back."""
    due = reviews.approve(services, number, seen.hash, person.login, version=seen.version, grace=grace(services))
    return Approved(due)


def edit(services: Services, person: Person, number: int, seen: Seen, changes: dict[str, str]) -> Edited:
    """Put an edited proposal in its place.

    Raises:
        ConflictError: the policy refuses it, and the item stays as it was.
    """
    decided = reviews.edit(services, number, seen.hash, person.login, changes, version=seen.version)
    if decided.decision is Decision.DENY:
        refused = [one for one in decided.verdict.results if one.decision is Decision.DENY]
        reasons = "; ".join(explain(one) for one in refused)
        raise ConflictError(f"the policy refuses the edit ({reasons})", fix="the item stays as it was")
    with services.store.read() as session:
        waits = session.exec(
            select(Review.id)
            .join(Proposal, col(Review.proposal_id) == Proposal.id)
            .where(Review.case_id == decided.proposal.case_id, Review.state == ReviewState.PENDING)
            .where(Review.action_hash == decided.proposal.action_hash)
        ).first()
    return Edited(decided.proposal.action_hash, waits)


def claim(services: Services, person: Person, number: int, minutes: int, *, take_over: bool) -> Held:
    """Take it in hand."""
    item = desk.claim_item(services, number, person.login, minutes, take_over=take_over)
    return Held(person.login, item.row.claimed_until or services.clock.now())


def hand(services: Services, person: Person, number: int, seen: Seen, to: str) -> None:
    """Give it to a colleague.

    Raises:
        InputError: nobody who may decide has this login.
    """
    with services.store.read() as session:
        if to not in colleagues(session):
            raise InputError(f"nobody who may decide is called {to[:40]!r}", where="to", fix="give a login")
    desk.hand_to(services, number, seen.hash, person.login, to, version=seen.version)


def colleagues(session: Session) -> Sequence[str]:
    """The logins of everybody who may decide."""
    return [
        one.login for one in users(session) if one.disabled_at is None and Right.DECIDE in RIGHTS[Role(one.role)]
    ]


def can_undo(session: Session, item: Item, login: str) -> bool:
    """Whether what was said of an item can still be taken back, as far as can be seen."""
    review = item.review
    match item.row.state:
        case ReviewState.PENDING:
            return review.first_approved_by is not None and same_person(review.first_approved_by, login)
        case ReviewState.APPROVED if item.planted is None:
            key = effect_key(review.case_id, review.action_hash)
            effect = session.exec(select(Effect.state).where(Effect.key == key)).first()
            return effect == EffectState.PENDING
        case ReviewState.APPROVED | ReviewState.REJECTED:
            return True
        case _:
            return False
