"""What reviewers' rejections hold back at this moment, and letting go of it."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from policies.policy import Policy
from policies.rejection import REACHES, REJECT_CODES, WITHOUT_CODE, Reach
from policies.rules.cooldown_after import CooldownAfter
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError
from winback.store.models import Account, Review
from winback.store.types import ReviewState
from workers.item import open_item, person
from workers.reason import reason_of
from workers.services import Services


@dataclass(frozen=True)
class Hold:
    """A rejection that holds something back: `what` of the account, until `until`; None: until it is lifted.

    `note` is what was said beside the code.
    """

    item: int
    account: str
    account_number: int
    code: str | None
    by: str
    since: datetime
    until: datetime | None
    what: str
    note: str

    def to_plain(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self) | {
            "since": self.since.isoformat(), "until": self.until.isoformat() if self.until else None
        }  # fmt: skip


def holds_of(
    session: Session, now: datetime, *, account: str | None = None, before: int | None = None,
    limit: int | None = None,
) -> list[Hold]:  # fmt: skip
    """What holds at this moment by its code, the newest item first; `account` is a key.

    `before` is the item behind which a page of `limit` begins.
    """
    query = (
        select(Review, Account.key)
        .join(Account, col(Review.account_id) == Account.id)
        .where(Review.state == ReviewState.REJECTED, col(Review.lifted_at).is_(None), _still_holds(now))
        .order_by(col(Review.id).desc())
        .limit(limit)
    )
    if account is not None:
        query = query.where(Account.key == account)
    if before is not None:
        query = query.where(col(Review.id) < before)
    return [_hold(review, key) for review, key in session.exec(query).all()]


def _still_holds(now: datetime) -> ColumnElement[bool]:
    """Whether the days of its code are not over."""
    code, at = col(Review.code), col(Review.decided_at)
    known = [
        code == one if reach.days is None else and_(code == one, at >= now - timedelta(days=reach.days))
        for one, reach in REACHES.items()
    ]
    other = or_(code.is_(None), code.not_in(REJECT_CODES))
    return or_(*known, and_(other, at >= now - timedelta(days=WITHOUT_CODE.days or 0)))


def _hold(review: Review, account: str) -> Hold:
    reach, since = reach_of(review.code), review.decided_at or review.asked_at
    return Hold(
        item=review.id or 0, account=account, account_number=review.account_id, code=review.code,
        by=review.decided_by or "", since=since,
        until=None if reach.days is None else since + timedelta(days=reach.days),
        what=reach.words, note=review.note,
    )  # fmt: skip


def reach_of(code: str | None) -> Reach:
    """What a code holds back."""
    return REACHES.get(code or "", WITHOUT_CODE)


def rules_that_wait(policy: Policy) -> list[CooldownAfter]:
    """The rules without which a rejection holds nothing back."""
    return [
        one
        for one in policy.rules
        if isinstance(one, CooldownAfter)
        and "rejected" in one.what
        and one.then == "deny"
        and one.mode == "enforce"
    ]


def told(policy: Policy, code: str | None) -> str:
    """What a rejection with this code holds back under the policy, as a sentence."""
    rules = rules_that_wait(policy)
    if not rules:
        return "Nothing is held back: no rule of the policy waits after a rejection."
    narrowed = "" if any(one.when is None for one in rules) else f" (as far as {rules[0].id} goes)"
    return f"Held back: {reach_of(code).words}{narrowed}."


def lift(services: Services, review_id: int, by: str, reason: str) -> None:
    """Let go of what a rejection holds back, from this moment on; that it was rejected stays.

    Raises:
        InputError: there is no such item, or no reason was given.
        ConflictError: it was not rejected, or somebody lifted it before.
    """
    now, by, reason = services.clock.now(), person(by), reason_of(reason)
    with services.store.write("lift") as session:
        item = open_item(session, review_id, lock=True)
        review = item.review
        if item.planted is not None or review.state != ReviewState.REJECTED:
            raise ConflictError(
                f"queue item {review_id} is {review.state}: it holds nothing back", fix="nothing was changed"
            )
        if review.lifted_at is not None:
            raise ConflictError(
                f"what queue item {review_id} held back was lifted by {review.lifted_by}",
                fix="nothing was changed",
            )
        item.change("lifted_at", None, now, by, now)
        review.lifted_at, review.lifted_by = now, by
        session.flush()
        body = {
            "review": review.id, "action_hash": review.action_hash, "by": by, "code": review.code,
            "reason": reason,
        }  # fmt: skip
        append(session, EntryKind.LIFTED, now, body)
