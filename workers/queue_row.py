"""The words by which a queue item is found."""

from sqlmodel import Session

from policies.plain import verdict_from_plain
from policies.verdict import Decision
from winback.store.listed import tags_of
from winback.store.models import Account, Review
from winback.store.queue import ReviewMark


def mark(session: Session, review: Review, account: Account) -> None:
    """The words by which it is found: rules that asked for a person, and the account's tags."""
    asked = {one.rule for one in verdict_from_plain(review.verdict).results if _asks(one.mode, one.decision)}
    session.add_all(ReviewMark(kind="rule", word=word[:200], review_id=review.id or 0) for word in sorted(asked))
    session.add_all(tags_of(account, review.id or 0))


def _asks(mode: str, decision: Decision | None) -> bool:
    return mode == "enforce" and decision is Decision.REVIEW
