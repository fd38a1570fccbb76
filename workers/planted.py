"""Items with a known fault, to see whether reviewers find it. Nothing that was planted can ever act.

A planted item copies a proposal that was before a person once and spoils its words. It is a row of a table
of its own, without a proposal: every effect points at a proposal, in the database too.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from winback.decisions.action import action_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError
from winback.store.listed import list_by
from winback.store.models import Account, Contact, Proposal, Review
from winback.store.queue import Planted
from winback.store.types import ReviewState
from workers.expire import end_of
from workers.item import Item, decide, person
from workers.policy_watch import watch_policies
from workers.services import Services

Message = dict[str, Any]
COUNTED = timedelta(days=30)
"""The share of planted items is that of the items of so long."""
AT_ONCE = 5
FAULTS: Mapping[str, Callable[[Message], Message]] = {
    "wrong_name": lambda one: {**one, "body": f"Dear Mr Thistlewood,\n\n{one['body']}"},
    "open_placeholder": lambda one: {**one, "subject": f"{one['subject']} {{{{ account.name }}}}"},
    "foreign_link": lambda one: {**one, "body": f"{one['body']}\n\nhttp://prizes.example.net/claim?id=7731"},
    "empty_promise": lambda one: {**one, "body": f"{one['body']}\n\nThe next twelve months are free for you."},
}
"""Each would be a mistake in any message whatever."""


def plant(services: Services, number: int, by: str) -> list[int]:
    """Put so many items with a fault into the queue, or as many as there are proposals to copy; their numbers."""
    watch_policies(services)
    now, by = services.clock.now(), person(by)
    with services.store.write("plant") as session:
        services.store.lock(session, "plant")
        before = session.exec(select(func.count()).select_from(Planted)).one()
        return [
            _plant(session, services, review, list(FAULTS)[(before + place) % len(FAULTS)], by, now)
            for place, review in enumerate(_models(session, number))
        ]


def top_up(services: Services) -> list[int]:
    """Plant what is missing from the share that the settings name, a few at a time."""
    share = services.settings.console.planted_share
    if share == 0:
        return []
    since = services.clock.now() - COUNTED
    with services.store.read() as session:
        asked = session.exec(select(func.count()).where(col(Review.asked_at) >= since)).one()
        there = session.exec(select(func.count()).where(col(Planted.asked_at) >= since)).one()
    missing = min(int(share * asked) - there, AT_ONCE)
    return plant(services, missing, "the share in the settings") if missing > 0 else []


def _models(session: Session, number: int) -> list[Review]:
    """Items with words to spoil that nobody has copied, the newest first, of people who were not erased."""
    found = session.exec(
        select(Review, Proposal.message)
        .join(Proposal, col(Review.proposal_id) == Proposal.id)
        .join(Contact, col(Proposal.contact_id) == Contact.id)
        .where(col(Contact.erased_at).is_(None), col(Proposal.id).not_in(select(Planted.copied_id)))
        .order_by(col(Review.id).desc())
        .limit(10 * number)
    ).all()
    once = {review.proposal_id: review for review, message in found if message.get("body")}
    return list(once.values())[:number]


def _plant(session: Session, services: Services, like: Review, fault: str, by: str, now: datetime) -> int:
    copied = session.get_one(Proposal, like.proposal_id)
    contact, account = session.get_one(Contact, copied.contact_id), session.get_one(Account, copied.account_id)
    spoilt = copied.model_copy(update={"id": None, "message": FAULTS[fault](copied.message)})
    planted = Planted(
        id=_draw(session, like, now), fault=fault, planted_by=by, copied_id=copied.id or 0,
        like_id=like.id or 0,
        action_hash=action_hash(spoilt, contact.salt), arguments=copied.arguments, message=spoilt.message,
        verdict=like.verdict, asked_at=now,
        expires_at=end_of(services.policy, now, copied.tool, escalated=False),
    )  # fmt: skip
    list_by(planted, account, copied)
    session.add(planted)
    session.flush()
    return planted.id


def _draw(session: Session, like: Review, now: datetime) -> int:
    """A number that no queue item has or will have."""
    drawn = Review(case_id=like.case_id, proposal_id=like.proposal_id, action_hash=like.action_hash, asked_at=now)
    session.add(drawn)
    session.flush()
    number = drawn.id or 0
    session.delete(drawn)
    session.flush()
    return number


def answered(
    session: Session, item: Item, state: ReviewState, by: str, now: datetime, code: str | None = None
) -> None:
    """What a person said of a planted item: it is counted, and nothing follows."""
    planted = item.planted
    if planted is None:
        raise ValueError(f"queue item {item.review.id} was not planted")
    decide(session, item, state, by, now, code=code)
    body = {"item": planted.id, "fault": planted.fault, "by": by, "said": state, "caught": caught(state)}
    append(session, EntryKind.PLANTED, now, body)


def caught(state: str) -> bool:
    """Whether the fault was found: somebody refused it, or began to mend it."""
    return state in (ReviewState.REJECTED, ReviewState.EDITED)


def found(review_id: int) -> ConflictError:
    """What whoever mends a planted item is told."""
    return ConflictError(
        f"queue item {review_id} was planted with a fault, and you found it", fix="nothing goes out; it is counted"
    )


def expire_planted(services: Services) -> list[int]:
    """End planted items whose time is over, like any other; returns their numbers."""
    now = services.clock.now()
    over = select(Planted).where(Planted.state == ReviewState.PENDING, col(Planted.expires_at) <= now)
    with services.store.read() as session:
        if session.exec(over.limit(1)).first() is None:
            return []
    with services.store.write("expire_planted") as session:
        rows = session.exec(over.with_for_update(skip_locked=True)).all()
        for one in rows:
            one.state, one.decided_at = ReviewState.EXPIRED, now
        session.flush()
        return [one.id for one in rows]
