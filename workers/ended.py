"""Queue items that ended without a yes or a no, each with its reason: none just disappears."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from winback.store.models import Account, Case, Contact, Proposal, Review
from winback.store.types import Outcome, ReviewState

WITHOUT_A_WORD = (ReviewState.EXPIRED, ReviewState.LAPSED, ReviewState.EDITED)


@dataclass(frozen=True)
class Ended:
    """`reason` is one of expired, superseded, came_back, case_closed, erased, unsubscribed; `why` says it."""

    number: int
    case: int
    account: str
    tool: str
    state: str
    reason: str
    why: str
    at: datetime | None

    def to_plain(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self) | {"at": self.at.isoformat() if self.at else None}


def ended_items(session: Session, *, limit: int = 50, before: int | None = None) -> list[Ended]:
    """The last of them, newest first; `before` is the number behind which the next page begins."""
    query = (
        select(Review, Proposal, Case, Contact)
        .join(Proposal, col(Review.proposal_id) == Proposal.id)
        .join(Case, col(Review.case_id) == Case.id)
        .join(Contact, col(Proposal.contact_id) == Contact.id)
        .where(col(Review.state).in_(WITHOUT_A_WORD))
        .order_by(col(Review.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(col(Review.id) < before)
    rows = session.exec(query).all()
    wanted = {review.account_id for review, *_ in rows}
    names = dict(session.exec(select(Account.id, Account.key).where(col(Account.id).in_(wanted))).all())
    found = []
    for review, proposal, case, contact in rows:
        reason, why = why_ended(session, review, case, contact)
        found.append(
            Ended(
                review.id or 0,
                review.case_id,
                names.get(review.account_id, ""),
                proposal.tool,
                review.state,
                reason,
                why,
                review.decided_at,
            )
        )
    return found


def why_ended(session: Session, review: Review, case: Case, contact: Contact) -> tuple[str, str]:
    """The reason as a word and as a sentence."""
    match review.state:
        case ReviewState.EXPIRED:
            return "expired", "nobody decided it in time"
        case ReviewState.EDITED:
            return "superseded", f"{review.decided_by} put an edited one in its place{_child(session, review)}"
        case _ if case.closed_at is not None and case.closed_at == review.decided_at:
            if case.outcome == Outcome.RECOVERED:
                return "came_back", "the account came back by itself"
            return "case_closed", f"its case was closed: {str(case.outcome).replace('_', ' ')}"
        case _ if contact.erased_at is not None and contact.erased_at == review.decided_at:
            return "erased", "the contact's data were erased"
        case _:
            return "unsubscribed", "the contact asked not to be written to"


def _child(session: Session, review: Review) -> str:
    child = session.exec(
        select(Review.id)
        .join(Proposal, col(Review.proposal_id) == Proposal.id)
        .where(Proposal.case_id == review.case_id, Proposal.parent_hash == review.action_hash)
        .limit(1)
    ).first()
    return f", item {child}" if child else ""
