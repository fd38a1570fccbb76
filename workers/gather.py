"""What several effects of one moment are judged by, read from the database at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, SQLModel, col, select

from winback.store.models import Account, Contact, Effect, Proposal
from workers.counting import Counted
from workers.facts import Wanted, wanted_by
from workers.past import Past, long_ago_of, pasts_of


@dataclass(frozen=True)
class Gathered:
    """Rows by the number of the account or contact. The rows that effects point at are in the session."""

    pasts: Mapping[int, Past]
    wanted: Mapping[int, Wanted]
    counted: Counted
    long_ago: frozenset[int]
    kept: tuple[SQLModel, ...]
    """A session forgets rows that nobody holds."""


def gather(
    session: Session, effects: Sequence[Effect], now: datetime, *, leaving_out: int | None = None
) -> Gathered:
    """Read it. `leaving_out` is the effect under judgement where that may have counted already."""
    accounts = sorted({one.account_id for one in effects})
    contacts = sorted({one.contact_id for one in effects})
    proposals = [one.proposal_id for one in effects]
    kept: list[SQLModel] = []
    for table, keys in ((Account, accounts), (Contact, contacts), (Proposal, proposals)):
        kept += session.exec(select(table).where(col(table.id).in_(keys))).all()
    return Gathered(
        pasts=pasts_of(session, accounts, now, leaving_out),
        wanted=wanted_by(session, contacts),
        counted=Counted(session, leaving_out),
        long_ago=frozenset(long_ago_of(session, accounts, now)),
        kept=tuple(kept),
    )
