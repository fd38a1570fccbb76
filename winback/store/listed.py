"""What a queue item is listed by: written when it is queued, and mended when its account or its end changes."""

from datetime import datetime, timedelta
from math import log2

from sqlalchemy import delete
from sqlmodel import Session, col, select

from winback.store.models import Account, Proposal, Review
from winback.store.queue import NAME, OWNER, SOUGHT, Listed, Planted, ReviewMark
from winback.store.sought import sought_by
from winback.store.types import ReviewState

DAY = timedelta(days=1)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
NO_END = 30 * DAY
"""An item that never expires is listed as if it ended so long after it was asked."""
FIRST = 64
"""Doublings by which an item that was escalated goes before all others."""


def priority(stake: float, asked_at: datetime, expires_at: datetime | None, *, escalated: bool) -> float:
    """Value at stake by time left, as one number that stays as time passes: higher goes first.

    What is worth twice as much goes first, and so does what ends a day sooner: the stake, doubled for each
    day nearer to the end, as a logarithm. Two items keep their order whatever the clock says.
    """
    end = expires_at if expires_at is not None else asked_at + NO_END
    return log2(1 + max(stake, 0.0)) - (end - EPOCH) / DAY + FIRST * escalated


def place(row: Listed) -> None:
    """Its place in the order, after its stake or its end changed."""
    row.priority = priority(row.stake, row.asked_at, row.expires_at, escalated=row.escalated_at is not None)


def list_by(row: Listed, account: Account, proposal: Proposal) -> None:
    """Everything that the list shows, filters or sorts by."""
    row.account_id, row.tool = proposal.account_id, proposal.tool
    row.template = str(proposal.message.get("template", ""))
    _describe(row, account)


def _describe(row: Listed, account: Account) -> None:
    row.stake = max(account.value_per_month or 0.0, 0.0)
    row.plan, row.region = account.plan and account.plan[:NAME], account.region
    row.owner = (account.owner_email or account.owner_name or "")[:OWNER] or None
    row.sought = sought_by(account.key, account.name)[:SOUGHT]
    place(row)


def relist(session: Session, account: Account) -> None:
    """Every item about this account, whatever became of it, is listed by what is known of the account now."""
    for table in (Review, Planted):
        for row in session.exec(select(table).where(table.account_id == account.id)).all():
            _describe(row, account)
    found = select(Review.id).where(Review.account_id == account.id)
    session.connection().execute(
        delete(ReviewMark).where(col(ReviewMark.review_id).in_(found), col(ReviewMark.kind) == "tag")
    )
    waiting = session.exec(found.where(Review.state == ReviewState.PENDING)).all()
    for number in waiting:
        session.add_all(tags_of(account, number or 0))
    session.flush()


def tags_of(account: Account, number: int) -> list[ReviewMark]:
    """The marks of an account's tags on one of its items."""
    return [ReviewMark(kind="tag", word=word[:200], review_id=number) for word in sorted(set(account.tags or ()))]
