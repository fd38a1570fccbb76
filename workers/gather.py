"""What several effects of one moment are judged by, read from the database at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from winback.store.among import among
from winback.store.models import Account, Case, Contact, Effect, Proposal
from workers.counting import Counted
from workers.facts import Wanted, wanted_by
from workers.past import Past, long_ago_of, pasts_of

T = TypeVar("T", Case, Account, Proposal)


@dataclass(frozen=True)
class Steady:
    """What other workers do not change while they judge: what was proposed, in which case, for whom."""

    cases: Mapping[int, Case]
    accounts: Mapping[int, Account]
    proposals: Mapping[int, Proposal]


@dataclass(frozen=True)
class Gathered:
    """Rows by the number of the account or contact."""

    steady: Steady
    contacts: Mapping[int, Contact]
    pasts: Mapping[int, Past]
    wanted: Mapping[int, Wanted]
    counted: Counted
    long_ago: frozenset[int]


def gather_steady(session: Session, effects: Sequence[Effect]) -> Steady:
    """Read that, before anybody has to wait for us."""
    return Steady(
        cases=_rows(session, Case, {one.case_id for one in effects}),
        accounts=_rows(session, Account, {one.account_id for one in effects}),
        proposals=_rows(session, Proposal, {one.proposal_id for one in effects}),
    )


def gather(
    session: Session, effects: Sequence[Effect], now: datetime, steady: Steady, *, leaving_out: int | None = None
) -> Gathered:
    """Read the rest, as it is now. `leaving_out` is the effect under judgement: it may have counted already."""
    accounts = sorted({one.account_id for one in effects})
    contacts = sorted({one.contact_id for one in effects})
    people = select(Contact).where(among(Contact.id, contacts)).execution_options(populate_existing=True)
    return Gathered(
        steady=steady,
        contacts={one.id or 0: one for one in session.exec(people)},
        pasts=pasts_of(session, accounts, now, leaving_out),
        wanted=wanted_by(session, contacts),
        counted=Counted(session, leaving_out),
        long_ago=frozenset(long_ago_of(session, accounts, now)),
    )


def _rows(session: Session, table: type[T], numbers: Collection[int]) -> dict[int, T]:
    rows = session.exec(select(table).where(among(col(table.id), sorted(numbers))))
    return {one.id or 0: one for one in rows}
