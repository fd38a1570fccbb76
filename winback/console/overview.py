"""What the overview page shows: counts and the newest decisions. No names, no addresses."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from winback.decisions.entry import entry_name, spoken
from winback.decisions.tell import tell
from winback.store.models import Account, Case, DecisionEntry, Effect, Proposal, Review, Run
from winback.store.store import Store
from winback.store.types import ReviewState
from workers.policy_watch import Standing, standing_refusals

NEWEST = 30


@dataclass(frozen=True)
class Line:
    """One entry of the decision log, told."""

    name: str
    at: datetime
    case: int | None
    kind: str
    words: str


@dataclass(frozen=True)
class Waiting:
    """One item of the queue. `account` is the key of the imported usage."""

    item: int
    account: str
    what: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Overview:
    """The page."""

    cases: dict[str, int]
    effects: dict[str, int]
    queue: tuple[Waiting, ...]
    runs: tuple[Run, ...]
    log: tuple[Line, ...]
    refusals: tuple[Standing, ...]


def overview(store: Store) -> Overview:
    """Read it all in one view."""
    with store.read() as session:
        return Overview(
            cases=dict(session.exec(select(Case.state, func.count()).group_by(Case.state)).all()),
            effects=dict(session.exec(select(Effect.state, func.count()).group_by(Effect.state)).all()),
            queue=_queue(session),
            runs=tuple(session.exec(select(Run).order_by(col(Run.id).desc()).limit(5)).all()),
            log=_log(session),
            refusals=standing_refusals(session),
        )


def _queue(session: Session) -> tuple[Waiting, ...]:
    rows = session.exec(
        select(Review, Proposal, Account)
        .join(Proposal, col(Review.proposal_id) == Proposal.id)
        .join(Account, col(Proposal.account_id) == Account.id)
        .where(Review.state == ReviewState.PENDING)
        .order_by(col(Review.id))
        .limit(NEWEST)
    ).all()
    return tuple(
        Waiting(review.id or 0, account.key, proposal.label, review.expires_at)
        for review, proposal, account in rows
    )


def _log(session: Session) -> tuple[Line, ...]:
    rows = session.exec(select(DecisionEntry).order_by(col(DecisionEntry.id).desc()).limit(NEWEST)).all()
    return tuple(
        Line(entry_name(one.position, one.id), one.at, one.case_id, one.kind, tell(spoken(one.body)))
        for one in rows
    )
