"""What several effects of one moment are judged by, read from the database at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, SQLModel, col, select

from winback.store.models import Account, Case, Contact, Effect, Proposal
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


def gather_steady(session: Session, effects: Sequence[Effect]) -> tuple[SQLModel, ...]:
    """What other workers do not change while they judge: what was proposed, in which case, for whom."""
    kept: list[SQLModel] = []
    for table, name in ((Case, "case_id"), (Account, "account_id"), (Proposal, "proposal_id")):
        numbers = sorted({getattr(one, name) for one in effects})
        kept += session.exec(select(table).where(col(table.id).in_(numbers))).all()
    return tuple(kept)


def gather(
    session: Session,
    effects: Sequence[Effect],
    now: datetime,
    steady: Sequence[SQLModel],
    *,
    leaving_out: int | None = None,
) -> Gathered:
    """Read the rest, as it is now. `leaving_out` is the effect under judgement: it may have counted already."""
    accounts = sorted({one.account_id for one in effects})
    contacts = sorted({one.contact_id for one in effects})
    people = select(Contact).where(col(Contact.id).in_(contacts)).execution_options(populate_existing=True)
    return Gathered(
        pasts=pasts_of(session, accounts, now, leaving_out),
        wanted=wanted_by(session, contacts),
        counted=Counted(session, leaving_out),
        long_ago=frozenset(long_ago_of(session, accounts, now)),
        kept=(*steady, *session.exec(people).all()),
    )
