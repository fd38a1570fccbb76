"""What reviewers' rejections hold back at this moment, and letting go of it."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, or_, select

from policies.policy import Policy
from policies.rejection import FOR_EVER, REACHES, WITHOUT_CODE, Reach
from policies.rules.cooldown_after import CooldownAfter
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError
from winback.store.models import Account, Review
from winback.store.types import ReviewState
from workers.item import open_item, person
from workers.services import Services

LONGEST = timedelta(days=max(one.days or 0 for one in (WITHOUT_CODE, *REACHES.values())))


@dataclass(frozen=True)
class Hold:
    """A rejection that holds something back: `what` of the account, until `until`; None: until it is lifted."""

    item: int
    account: str
    code: str | None
    by: str
    since: datetime
    until: datetime | None
    what: str

    def to_plain(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self) | {
            "since": self.since.isoformat(), "until": self.until.isoformat() if self.until else None
        }  # fmt: skip


def holds_of(session: Session, now: datetime, *, account: str | None = None) -> list[Hold]:
    """All that holds at this moment by its code, the newest first; `account` is a key."""
    query = (
        select(Review, Account.key)
        .join(Account, col(Review.account_id) == Account.id)
        .where(
            Review.state == ReviewState.REJECTED,
            col(Review.lifted_at).is_(None),
            or_(col(Review.decided_at) >= now - LONGEST, col(Review.code).in_(FOR_EVER)),
        )
        .order_by(col(Review.decided_at).desc(), col(Review.id).desc())
    )
    if account is not None:
        query = query.where(Account.key == account)
    found = [_hold(review, key) for review, key in session.exec(query).all()]
    return [one for one in found if one.until is None or one.until >= now]


def _hold(review: Review, account: str) -> Hold:
    reach, since = reach_of(review.code), review.decided_at or review.asked_at
    until = None if reach.days is None else since + timedelta(days=reach.days)
    return Hold(review.id or 0, account, review.code, review.decided_by or "", since, until, reach.words)


def reach_of(code: str | None) -> Reach:
    """What a code holds back."""
    return REACHES.get(code or "", WITHOUT_CODE)


def told(policy: Policy, code: str | None) -> str:
    """What a rejection with this code holds back under the policy, as a sentence."""
    rules = [
        one
        for one in policy.rules
        if isinstance(one, CooldownAfter)
        and "rejected" in one.what
        and one.then == "deny"
        and one.mode == "enforce"
    ]
    if not rules:
        return "Nothing is held back: no rule of the policy waits after a rejection."
    narrowed = "" if any(one.when is None for one in rules) else f" (as far as {rules[0].id} goes)"
    return f"Held back: {reach_of(code).words}{narrowed}."


def lift(services: Services, review_id: int, by: str) -> None:
    """Let go of what a rejection holds back, from this moment on; that it was rejected stays.

    Raises:
        InputError: there is no such item.
        ConflictError: it was not rejected, or somebody lifted it before.
    """
    now, by = services.clock.now(), person(by)
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
        body = {"review": review.id, "action_hash": review.action_hash, "by": by, "code": review.code}
        append(session, EntryKind.LIFTED, now, body)
