"""Reviews that nobody decided in time. Time never approves anything."""

from datetime import datetime

from sqlmodel import col, select

from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError
from winback.store.models import Review
from winback.store.types import CaseState, ReviewState
from workers.services import Services


def expire_all(services: Services) -> list[int]:
    """Mark overdue reviews as expired; returns the queue items' numbers."""
    now = services.clock.now()
    with services.store.read() as session:
        overdue = session.exec(
            select(Review.id).where(
                Review.state == ReviewState.PENDING,
                col(Review.expires_at).is_not(None),
                col(Review.expires_at) <= now,
            )
        ).all()
    return [one for one in overdue if one is not None and _expire(services, one, now)]


def _expire(services: Services, review_id: int, now: datetime) -> bool:
    try:
        with services.store.write() as session:
            review = session.get_one(Review, review_id, with_for_update=True, populate_existing=True)
            if review.state != ReviewState.PENDING:
                return False
            review.state, review.decided_at = ReviewState.EXPIRED, now
            session.flush()
            body = {"review": review.id, "action_hash": review.action_hash, "waited_since": review.asked_at}
            advance(
                session, review.case_id, EntryKind.EXPIRED, now, body,
                allowed=(CaseState.IN_REVIEW,), state=CaseState.WATCHING, next_at=None,
            )  # fmt: skip
    except ConflictError:
        return False
    return True
