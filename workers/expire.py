"""Queue items that nobody decided in time. Time never approves anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from policies.policy import Policy
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError
from winback.store.listed import place, priority
from winback.store.models import Proposal, Review
from winback.store.types import CaseState, ReviewState
from workers.policy_watch import watch_policies
from workers.services import Services
from workers.shown import changed

TIME = "time"
"""Who escalated what nobody did."""
WAITING = (
    *(col(getattr(Review, name)) for name in ("id", "asked_at", "escalated_at", "expires_at", "stake")),
    col(Proposal.tool),
)


def expire_all(services: Services) -> list[int]:
    """Drop or escalate overdue reviews, as the policy in force says; returns the queue items' numbers."""
    watch_policies(services)
    now = services.clock.now()
    waits = _waits(services)
    if changed := [one for one in waits if one.end != one.shown]:
        with services.store.write("waits") as session:
            for one in changed:
                session.connection().execute(
                    update(Review)
                    .where(col(Review.id) == one.review)
                    .values(expires_at=one.end, priority=one.priority)
                )
    return [one.review for one in waits if one.is_over(now) and _expire(services, one.review, now)]


def overdue(services: Services) -> bool:
    """Whether anybody's wait is over under the policy in force."""
    now = services.clock.now()
    return any(one.is_over(now) for one in _waits(services))


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when a queue item waits under the policy in force, and what was shown; None: for ever."""

    review: int
    end: datetime | None
    shown: datetime | None
    priority: float

    def is_over(self, now: datetime) -> bool:
        return self.end is not None and self.end <= now


def _waits(services: Services) -> list[Wait]:
    """Every item that waits, whatever policy was in force when it was queued."""
    with services.store.read() as session:
        rows = session.exec(
            select(*WAITING)
            .join(Proposal, col(Review.proposal_id) == Proposal.id)
            .where(Review.state == ReviewState.PENDING)
            .order_by(col(Review.id))
        ).all()
    policy = services.policy
    return [
        _wait(number or 0, end_of(policy, at, tool, escalated=escalated is not None), shown, stake, at, escalated)
        for number, at, escalated, shown, stake, tool in rows
    ]


def _wait(
    number: int, end: datetime | None, shown: datetime | None, stake: float, asked_at: datetime,
    escalated_at: datetime | None,
) -> Wait:  # fmt: skip
    return Wait(number, end, shown, priority(stake, asked_at, end, escalated=escalated_at is not None))


def end_of(policy: Policy, asked_at: datetime, tool: str, *, escalated: bool) -> datetime | None:
    """When an item's wait is over; None: never."""
    plan = policy.expiry(tool)
    return plan.end(asked_at, escalated=escalated) if plan else None


def _expire(services: Services, review_id: int, now: datetime) -> bool:
    try:
        with services.store.write("expire") as session:
            review = session.get_one(Review, review_id, with_for_update=True, populate_existing=True)
            plan = services.policy.expiry(session.get_one(Proposal, review.proposal_id).tool)
            if review.state != ReviewState.PENDING or plan is None:
                return False
            last = plan.end(review.asked_at, escalated=True)
            if plan.then == "escalate" and review.escalated_at is None and last > now:
                _escalate(session, review, now, last)
            else:
                _drop(session, services, review, now, again=plan.then == "propose_again")
    except ConflictError:
        return False
    return True


def _escalate(session: Session, review: Review, now: datetime, last: datetime) -> None:
    """It goes first in the queue, and is dropped when nobody decides it then."""
    changed(review, review.facts, "escalated_at", None, now, TIME, now)
    review.escalated_at, review.expires_at = now, last
    place(review)
    session.flush()
    advance(
        session, review.case_id, EntryKind.ESCALATED, now, {**_body(review), "until": review.expires_at},
        allowed=(CaseState.IN_REVIEW,),
    )  # fmt: skip


def _drop(session: Session, services: Services, review: Review, now: datetime, *, again: bool) -> None:
    """An act that was left to expire before is not put back at once: nobody wanted to decide it."""
    review.state, review.decided_at = ReviewState.EXPIRED, now
    session.flush()
    wait = services.again * (_times_expired(session, review) > 1)
    advance(
        session, review.case_id, EntryKind.EXPIRED, now, {**_body(review), "propose_again": again},
        allowed=(CaseState.IN_REVIEW,), state=CaseState.WATCHING, next_at=now + wait if again else None,
    )  # fmt: skip


def _times_expired(session: Session, review: Review) -> int:
    return session.exec(
        select(func.count()).where(
            Review.case_id == review.case_id,
            Review.action_hash == review.action_hash,
            Review.state == ReviewState.EXPIRED,
        )
    ).one()


def _body(review: Review) -> dict[str, Any]:
    return {"review": review.id, "action_hash": review.action_hash, "waited_since": review.asked_at}
