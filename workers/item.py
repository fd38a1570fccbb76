"""A queue item with all that hangs on it, and whether it can still be decided by whoever was shown it."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Case, Contact, Proposal, Review
from winback.store.queue import Listed, Planted
from winback.store.types import CaseState, ReviewState
from workers.expire import end_of
from workers.services import Services
from workers.shown import ChangedError, Difference, Facts, changed, check_version, facts_of, version_of

SHORTEST_HASH = 8
IN_REVIEW = (CaseState.IN_REVIEW,)


@dataclass(frozen=True)
class Item:
    """A queue item as a person sees it. One that was `planted` looks like any other and has no proposal row."""

    review: Review
    proposal: Proposal
    case: Case
    account: Account
    contact: Contact
    planted: Planted | None = None

    @property
    def row(self) -> Listed:
        """Where its place in the queue is written down."""
        return self.planted or self.review

    @property
    def facts(self) -> Facts:
        return facts_of(self.account, self.contact)

    @property
    def version(self) -> str:
        """What a screen gives back beside the hash."""
        return version_of(self.review, self.facts)

    def holder(self, now: datetime) -> str | None:
        """Who has it in hand at this moment."""
        row = self.row
        return row.claimed_by if row.claimed_until is not None and row.claimed_until > now else None

    def change(self, field: str, was: Any, now: Any, by: str, at: datetime) -> None:
        """Whoever was shown it before is told of this."""
        changed(self.review, self.facts, field, was, now, by, at)

    def log(
        self, session: Session, kind: EntryKind, at: datetime, by: str,
        allowed: Iterable[CaseState] = IN_REVIEW, more: dict[str, Any] | None = None, **changes: Any,
    ) -> None:  # fmt: skip
        """Take the case a step further; a planted item is a step of no case."""
        session.flush()
        if self.planted is None:
            body = {"review": self.review.id, "action_hash": self.review.action_hash, "by": by, **(more or {})}
            advance(session, self.review.case_id, kind, at, body, allowed=allowed, **changes)


def open_item(session: Session, review_id: int, *, lock: bool = False) -> Item:
    """One queue item with all that hangs on it; `lock` keeps others from deciding it meanwhile.

    Raises:
        InputError: there is no such item.
    """
    review = session.get(Review, review_id, with_for_update=lock, populate_existing=True)
    if review is not None:
        return _item(session, review, session.get_one(Proposal, review.proposal_id))
    planted = session.get(Planted, review_id, with_for_update=lock, populate_existing=True)
    if planted is None:
        raise InputError(f"there is no queue item {review_id}", fix="see 'winback queue list'")
    copied = session.get_one(Proposal, planted.copied_id)
    return _item(session, _looks(planted, copied), _like(copied, planted), planted)


def _item(session: Session, review: Review, proposal: Proposal, planted: Planted | None = None) -> Item:
    return Item(
        review,
        proposal,
        session.get_one(Case, proposal.case_id),
        session.get_one(Account, proposal.account_id),
        session.get_one(Contact, proposal.contact_id),
        planted,
    )


def _looks(planted: Planted, copied: Proposal) -> Review:
    """The queue item that it looks like; no row of a table."""
    shown = {name: getattr(planted, name) for name in Listed.model_fields}
    return Review(
        id=planted.id, case_id=copied.case_id, proposal_id=0, action_hash=planted.action_hash,
        verdict=planted.verdict, code=planted.code, **shown,
    )  # fmt: skip


def _like(copied: Proposal, planted: Planted) -> Proposal:
    """What it seems to propose; no row of a table, and so nothing that an effect could point at."""
    shown = {name: getattr(copied, name) for name in Proposal.model_fields if name != "id"}
    shown |= {"action_hash": planted.action_hash, "arguments": planted.arguments, "message": planted.message}
    return Proposal(**shown)


def person(name: str) -> str:
    """A reviewer's name as it is written down.

    Raises:
        InputError: it is nobody's.
    """
    clean = " ".join(unicodedata.normalize("NFKC", name).split())
    if not clean:
        raise InputError("nobody is named as the reviewer", fix="set WINBACK_USER to your name")
    return clean


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return person(one).casefold() == person(other).casefold()


def undecided(
    session: Session, services: Services, review_id: int, shown_hash: str, by: str, version: str | None
) -> Item:
    """The item, locked, if it can still be decided by this person and is what they were shown.

    Raises:
        ConflictError: somebody else has it in hand, or it expired meanwhile.
        ChangedError: it was decided, is another proposal than the one shown, or has changed since.
    """
    now = services.clock.now()
    item = open_item(session, review_id, lock=True)
    review = item.review
    _pending(item)
    end = end_of(services.policy, review.asked_at, item.proposal.tool, escalated=review.escalated_at is not None)
    if end is not None and end <= now:
        raise ConflictError(
            f"queue item {review_id} expired at {end:%Y-%m-%d %H:%M} UTC", fix="nothing was changed"
        )
    if len(shown_hash) < SHORTEST_HASH or not review.action_hash.startswith(shown_hash.lower()):
        raise ChangedError(
            f"queue item {review_id} is not the proposal {shown_hash!r} that you were shown",
            (Difference("action", shown_hash, review.action_hash),),
            fix=f"look again with 'winback queue show {review_id}'",
        )
    holder = item.holder(now)
    if holder is not None and not same_person(holder, by):
        raise ConflictError(
            f"queue item {review_id} is in the hands of {holder} until {item.row.claimed_until:%H:%M} UTC",
            fix=f"ask them, or take it over with 'winback queue claim {review_id} --take-over'",
        )
    check_version(review, item.facts, version)
    return item


def _pending(item: Item) -> None:
    review = item.review
    if review.state == ReviewState.PENDING:
        return
    who = f" by {review.decided_by}" if review.decided_by else ""
    at = review.decided_at.isoformat() if review.decided_at else None
    raise ChangedError(
        f"queue item {review.id} was already {review.state}{who}",
        (Difference("state", ReviewState.PENDING.value, review.state, review.decided_by, at),),
        fix="nothing was changed",
    )


def decide(
    session: Session, item: Item, state: ReviewState, by: str, now: datetime,
    *, code: str | None = None, note: str = "",
) -> None:  # fmt: skip
    """Write down what a person said; the item is in nobody's hands any more."""
    row = item.row
    row.state, row.decided_at, row.decided_by = state, now, by
    if row.claimed_by is not None and row.claimed_at is not None and same_person(row.claimed_by, by):
        row.took_seconds = (now - row.claimed_at).total_seconds()
    row.claimed_by = row.claimed_until = row.claimed_at = None
    if item.planted is None:
        item.review.note = note
    (item.planted or item.review).code = code
    session.flush()
