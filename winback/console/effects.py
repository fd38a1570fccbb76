"""Acts and cases as lists, each act with what can be done about it, and the ways out that they take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from tools.channels.missing import MissingChannel
from winback.console.evidence import cursor
from winback.console.evidence.phrase import shown, shown_text
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.types import CaseState, EffectState
from workers.services import Services
from workers.settle import OPEN_ENDS, may_be_asked, may_be_sent_again

PAGE = 50
RETRIED = (EffectState.PENDING, EffectState.IN_FLIGHT)


@dataclass(frozen=True)
class EffectRow:
    """An act in a list; `at` is when it was done, intended or is due."""

    number: int
    case: int
    account: int
    account_name: str
    tool: str
    part: str
    medium: str
    channel: str
    state: str
    at: datetime
    attempts: int
    problem: str


@dataclass(frozen=True)
class Effects:
    """A page of them, the newest first; `next` names the following one, None on the last."""

    rows: tuple[EffectRow, ...]
    next: str | None


@dataclass(frozen=True)
class EffectView:
    """One act, whole. `can_ask`, `can_send` and `can_settle` say what may be done about it."""

    row: EffectRow
    key: str
    label: str
    contact: str
    approved_by: tuple[str, ...]
    due_at: datetime
    intent_at: datetime | None
    done_at: datetime | None
    receipt: Mapping[str, str]
    problem: str
    can_ask: bool
    can_send: bool
    can_settle: bool


@dataclass(frozen=True)
class CaseRow:
    """A case in a list."""

    number: int
    account: int
    account_name: str
    state: str
    kind: str
    opened_at: datetime
    contacted_at: datetime | None
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class Cases:
    """A page of them, the newest first."""

    rows: tuple[CaseRow, ...]
    next: str | None


@dataclass(frozen=True)
class Way:
    """One medium. `rests_until`: this process has seen it fail so often that nothing is tried until then.

    `waiting` acts are due or on their way, `retried` of them failed at least once; `failed` and `unknown` wait
    for a person.
    """

    medium: str
    channel: str
    capability: str
    configured: bool
    rests_until: datetime | None
    failures: int
    last_sent: datetime | None
    waiting: int
    retried: int
    failed: int
    unknown: int
    problem: str


def effect_list(
    session: Session, *, state: Sequence[str] = (), medium: str = "", after: str | None = None
) -> Effects:
    """Acts, the newest first; raises InputError where `after` is no page of this list."""
    query = select(Effect, Account).join(Account, col(Effect.account_id) == Account.id)
    if state:
        query = query.where(col(Effect.state).in_(state))
    if medium:
        query = query.where(Effect.medium == medium)
    if after is not None:
        query = query.where(col(Effect.id) < cursor.read(after, int)[0])
    found = session.exec(query.order_by(col(Effect.id).desc()).limit(PAGE + 1)).all()
    rows = tuple(_effect(*one) for one in found[:PAGE])
    return Effects(rows, cursor.written((rows[-1].number,)) if len(found) > PAGE else None)


def _effect(one: Effect, account: Account) -> EffectRow:
    return EffectRow(
        number=one.id or 0,
        case=one.case_id,
        account=one.account_id,
        account_name=shown(account.name or account.key),
        tool=one.tool,
        part=one.part,
        medium=one.medium,
        channel=one.channel,
        state=one.state,
        at=one.done_at or one.intent_at or one.due_at,
        attempts=one.attempts,
        problem=shown(one.problem),
    )


def effect_view(services: Services, number: int) -> EffectView | None:
    """One act; None: there is none."""
    with services.store.read() as session:
        one = session.get(Effect, number)
        if one is None:
            return None
        contact = session.get_one(Contact, one.contact_id)
        open_end = one.state in OPEN_ENDS
        return EffectView(
            row=_effect(one, session.get_one(Account, one.account_id)),
            key=one.key,
            label=shown(session.get_one(Proposal, one.proposal_id).label, 300),
            contact=shown(contact.name or contact.key),
            approved_by=tuple(shown(by) for by in (one.first_approved_by, one.approved_by) if by),
            due_at=one.due_at,
            intent_at=one.intent_at,
            done_at=one.done_at,
            receipt={shown(name): shown(str(value), 1000) for name, value in one.receipt.items()},
            problem=shown_text(one.problem),
            can_ask=may_be_asked(services, one),
            can_send=may_be_sent_again(services, one),
            can_settle=open_end,
        )


def case_list(
    session: Session,
    *,
    state: Sequence[str] = (),
    contacted: bool = False,
    number: int | None = None,
    after: str | None = None,
) -> Cases:
    """Cases, the newest first; `contacted`: those still open in which somebody was. Raises as `effect_list`."""
    query = select(Case, Account).join(Account, col(Case.account_id) == Account.id)
    if state:
        query = query.where(col(Case.state).in_(state))
    if contacted:
        query = query.where(col(Case.contacted_at).is_not(None), Case.state != CaseState.CLOSED)
    if number is not None:
        query = query.where(Case.id == number)
    if after is not None:
        query = query.where(col(Case.id) < cursor.read(after, int)[0])
    found = session.exec(query.order_by(col(Case.id).desc()).limit(PAGE + 1)).all()
    rows = tuple(_case(*one) for one in found[:PAGE])
    return Cases(rows, cursor.written((rows[-1].number,)) if len(found) > PAGE else None)


def _case(one: Case, account: Account) -> CaseRow:
    return CaseRow(
        number=one.id or 0,
        account=one.account_id,
        account_name=shown(account.name or account.key),
        state=one.state,
        kind=str(one.drop["kind"]),
        opened_at=one.opened_at,
        contacted_at=one.contacted_at,
        closed_at=one.closed_at,
        outcome=one.outcome,
    )


def ways(services: Services) -> tuple[Way, ...]:
    """Every medium that is configured, or that an act was meant for."""
    with services.store.read() as session:
        counts: dict[str, dict[str, int]] = {}
        grouped = select(Effect.medium, Effect.state, func.count()).group_by(Effect.medium, Effect.state)
        for medium, state, count in session.exec(grouped).all():
            counts.setdefault(medium, {})[state] = count
        media = sorted({*services.channels, *counts})
        return tuple(_way(session, services, one, counts.get(one, {})) for one in media)


def _way(session: Session, services: Services, medium: str, counts: Mapping[str, int]) -> Way:
    way, standing = services.way(medium), services.breaker(medium).standing()
    ours: Any = Effect.medium == medium
    latest = select(func.max(Effect.done_at)).where(ours, Effect.state == EffectState.DONE)
    retried = select(func.count()).where(
        ours, col(Effect.state).in_(RETRIED), Effect.attempts > 0, Effect.problem != ""
    )
    told = select(Effect.problem).where(ours, Effect.problem != "", col(Effect.state).in_((*RETRIED, *OPEN_ENDS)))
    problem = session.exec(told.order_by(col(Effect.due_at).desc()).limit(1)).first()
    return Way(
        medium=medium,
        channel=way.name,
        capability=way.capability,
        configured=not isinstance(way, MissingChannel),
        rests_until=standing.rests_until,
        failures=standing.failures,
        last_sent=session.exec(latest).one(),
        waiting=sum(counts.get(one, 0) for one in RETRIED),
        retried=session.exec(retried).one(),
        failed=counts.get(EffectState.FAILED, 0),
        unknown=counts.get(EffectState.UNKNOWN, 0),
        problem=shown(problem or ""),
    )
