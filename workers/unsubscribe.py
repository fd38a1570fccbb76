"""A person said stop: from the commit of this on nothing more goes out to them.

It is committed while nobody sends to them (`winback.store.sending`). Only where somebody has been sending for
longer than a stop waits does the log say that this one may still arrive.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from winback.canonical import commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import NO_KEY, advance, append
from winback.errors import ConflictError
from winback.store.models import Case, Contact, Effect, Proposal, Review
from winback.store.people import contacts_like, unsubscribe
from winback.store.sending import alone
from winback.store.store import Store
from winback.store.types import CUSTOMER, MESSAGE, CaseState, EffectState, ReviewState
from workers.services import Services

WAITING = (CaseState.IN_REVIEW, CaseState.ACTING)
TRIES = 5


def people_named(store: Store, who: str) -> Sequence[int]:
    """Contacts with this key or address, and all others with the same address; addresses in any case."""
    with store.read() as session:
        return people_in(session, who)


def people_in(session: Session, who: str) -> Sequence[int]:
    """As `people_named`, in the caller's transaction."""
    named = contacts_like(session, who)
    same = [one for email in {one.email for one in named if one.email} for one in contacts_like(session, email)]
    return sorted({one.id or 0 for one in (*named, *same)})


def stop_contact(services: Services, contact_id: int, source: str) -> bool:
    """Record an unsubscribe and withdraw what waits for that person; False when it was recorded before.

    Raises:
        ConflictError: others were at the same rows again and again.
    """
    for _ in range(TRIES - 1):
        try:
            return _stop(services, contact_id, source)
        except ConflictError:
            continue
    return _stop(services, contact_id, source)


def _stop(services: Services, contact_id: int, source: str) -> bool:
    with alone(services.store, [contact_id]) as is_alone, services.store.write("unsubscribe") as session:
        return stop_in(session, services, contact_id, source, quiet=is_alone(session))


def stop_in(session: Session, services: Services, contact_id: int, source: str, *, quiet: bool) -> bool:
    """As `stop_contact`, once, in the caller's transaction; `quiet` when nobody is sending to them."""
    now = services.clock.now()
    contact = session.get_one(Contact, contact_id, with_for_update=NO_KEY, populate_existing=True)
    if not unsubscribe(session, contact, now):
        return False
    said = commitment(contact.salt, source)
    body = {"contact": contact_id, "source": said, **({} if quiet else {"while_sending": True})}
    append(session, EntryKind.UNSUBSCRIBED, now, body)
    withdraw_waiting(session, services, contact_id)
    return True


def withdraw_waiting(session: Session, services: Services, contact_id: int) -> None:
    """Let every review and unsent effect that is to go to this person lapse; what tells a colleague stays."""
    for case in _cases_waiting_for(session, contact_id):
        _withdraw(session, services, case, contact_id)


def _cases_waiting_for(session: Session, contact_id: int) -> list[Case]:
    proposed = select(Proposal.case_id).where(Proposal.contact_id == contact_id)
    return list(session.exec(select(Case).where(col(Case.state).in_(WAITING), col(Case.id).in_(proposed))).all())


def _withdraw(session: Session, services: Services, case: Case, contact_id: int) -> None:
    """Let the review or the effect that waits for this person lapse; an agent may look for somebody else."""
    now = services.clock.now()
    reviews = session.exec(
        select(Review)
        .join(Proposal)
        .where(Review.case_id == case.id, Proposal.contact_id == contact_id, Review.state == ReviewState.PENDING)
        .where(Proposal.audience == CUSTOMER)
        .with_for_update(of=Review)
    ).all()
    effects = session.exec(
        select(Effect)
        .where(Effect.case_id == case.id, Effect.contact_id == contact_id, Effect.state == EffectState.PENDING)
        .where(Effect.part == MESSAGE, Effect.audience == CUSTOMER)
        .with_for_update()
    ).all()
    if not effects and not reviews:
        return
    for review in reviews:
        review.state, review.decided_at = ReviewState.LAPSED, now
    for effect in effects:
        effect.state = EffectState.LAPSED
    session.flush()
    withdrawn = [*(one.action_hash for one in effects), *(one.action_hash for one in reviews)]
    advance(
        session, case.id or 0, EntryKind.UNSUBSCRIBED, now, {"contact": contact_id, "withdrew": withdrawn},
        allowed=WAITING, state=CaseState.WATCHING, next_at=now + services.again,
    )  # fmt: skip
