"""From usage to cases: opened on a drop, closed when usage is back or their time is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from winback.decisions.action import drop_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, append
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Case, Effect, Review
from winback.store.types import MESSAGE, CaseState, EffectState, Outcome, ReviewState
from winback.usage.detect.detector import detect
from winback.usage.detect.scan import Scan
from winback.usage.drop import Drop, drop_to_plain
from workers.freshness import recovered_of
from workers.services import Services

log = structlog.get_logger(__name__)

OPEN_STATES = tuple(one for one in CaseState if one is not CaseState.CLOSED)


@dataclass(frozen=True)
class Scanned:
    """What one scan found and did. `known` drops already had a case, `cooling` ones closed one lately."""

    found: Scan
    opened: tuple[int, ...]
    closed: tuple[int, ...]
    known: int
    cooling: int


def look(services: Services, as_of: date) -> Scan:
    """Detect drops; changes nothing.

    Raises:
        InputError: no usage has been imported.
    """
    if services.warehouse.is_empty():
        raise InputError("no usage has been imported", fix="run 'winback import FILE'")
    with services.store.read() as session:
        plans = dict(session.exec(select(Account.key, Account.plan).where(col(Account.plan).is_not(None))).all())
    groups = {key: plan for key, plan in plans.items() if plan}
    limits = {key: found for key, plan in groups.items() if (found := services.catalogue.limits_of(plan))}
    with services.warehouse.connect() as connection:
        relation = services.warehouse.view(connection)
        return detect(connection, relation, as_of, services.settings.detection, groups=groups, limits=limits)


def scan(services: Services, as_of: date) -> Scanned:
    """Detect drops, close what is over, open what is new. Each case in a transaction of its own."""
    now = services.clock.now()
    found = look(services, as_of)
    if found.held:
        _log_held(services, found, now)
    closed = (*_close_recovered(services, as_of, now), *_close_ended(services, as_of, now))
    opened: list[int] = []
    known = cooling = 0
    for drop in found.drops:
        match _open(services, drop, now):
            case int() as case_id:
                opened.append(case_id)
            case "known":
                known += 1
            case _:
                cooling += 1
    return Scanned(found, tuple(opened), closed, known, cooling)


def _log_held(services: Services, found: Scan, now: datetime) -> None:
    with services.store.write("hold_alarms") as session:
        append(session, EntryKind.ALARMS_HELD, now, {"as_of": found.as_of, "reason": found.held})


def _open(services: Services, drop: Drop, now: datetime) -> int | str:
    """Open a case unless the account has one, or closed one a short while ago."""
    cool = timedelta(days=services.settings.detection.cooldown_days)
    try:
        with services.store.write("open_case") as session:
            account = account_of(session, drop.account)
            latest = session.exec(
                select(Case).where(Case.account_id == account.id).order_by(col(Case.id).desc()).limit(1)
            ).first()
            if latest is not None and latest.state != CaseState.CLOSED:
                return "known"
            if latest is not None and latest.closed_at is not None and latest.closed_at + cool > now:
                return "cooling"
            return _new_case(session, services, account, drop, now)
    except ConflictError:
        return "known"


def _new_case(session: Session, services: Services, account: Account, drop: Drop, now: datetime) -> int:
    plain = drop_to_plain(drop)
    case = Case(
        account_id=account.id or 0,
        drop=plain,
        opened_at=now,
        next_at=now,
        ends_at=now + timedelta(days=services.settings.detection.horizon_days),
    )
    session.add(case)
    session.flush()
    body = {
        "account": account.id,
        "drop_hash": drop_hash(plain),
        "drop_kind": drop.kind,
        "as_of": drop.as_of,
        "onset": drop.onset,
        "reason": drop.reason,
    }
    advance(session, case.id or 0, EntryKind.CASE_OPENED, now, body, allowed=(CaseState.OPEN,))
    return case.id or 0


def account_of(session: Session, key: str) -> Account:
    """The account's row; usage may name an account that the people file has not (yet)."""
    account = session.exec(select(Account).where(Account.key == key)).first()
    if account is None:
        account = Account(key=key)
        session.add(account)
        session.flush()
    return account


def _close_recovered(services: Services, as_of: date, now: datetime) -> tuple[int, ...]:
    with services.store.read() as session:
        rows = session.exec(select(Case, Account.key).join(Account).where(col(Case.state).in_(OPEN_STATES))).all()
    back = recovered_of(services.warehouse, services.settings, rows, as_of)
    ids = [case.id or 0 for case, key in rows if key in back]
    return tuple(one for one in ids if close(services, one, Outcome.RECOVERED, now, {"as_of": as_of}))


def _close_ended(services: Services, as_of: date, now: datetime) -> tuple[int, ...]:
    """Cases whose time is over: lapsed when nothing was used since the drop, still quiet otherwise."""
    with services.store.read() as session:
        rows = session.exec(
            select(Case, Account.key)
            .join(Account)
            .where(col(Case.state).in_((CaseState.WATCHING, CaseState.HELD_OUT)), col(Case.ends_at) <= now)
        ).all()
    active = _active_since(services, as_of, [key for _, key in rows]) if rows else set()
    closed = []
    for case, key in rows:
        outcome = Outcome.STILL_QUIET if key in active else Outcome.LAPSED
        if close(services, case.id or 0, outcome, now, {"as_of": as_of}):
            closed.append(case.id or 0)
    return tuple(closed)


def _active_since(services: Services, as_of: date, accounts: Sequence[str]) -> set[str]:
    days = services.settings.detection.horizon_days
    with services.warehouse.connect() as connection:
        rows = connection.execute(
            f"SELECT DISTINCT account FROM ({services.warehouse.view(connection)}) "  # noqa: S608  ours
            "WHERE count > 0 AND day > ? AND day <= ? AND list_contains(?, account)",
            [as_of - timedelta(days=days), as_of, list(accounts)],
        ).fetchall()
    return {account for (account,) in rows}


def close(services: Services, case_id: int, outcome: Outcome, now: datetime, body: dict[str, object]) -> bool:
    """Close a case and let everything lapse that still waited for it; False when somebody was first."""
    try:
        with services.store.write("close") as session:
            lapsed = lapse_waiting(session, case_id, now)
            advance(
                session, case_id, EntryKind.CLOSED, now, {**body, "outcome": outcome, "lapsed": lapsed},
                allowed=OPEN_STATES, state=CaseState.CLOSED, closed_at=now, outcome=outcome, next_at=None,
            )  # fmt: skip
    except ConflictError:
        log.info("case.close_lost", case=case_id)
        return False
    return True


def lapse_waiting(session: Session, case_id: int, now: datetime) -> list[str]:
    """Withdraw pending reviews and unsent effects of a case; returns their action hashes.

    Raises:
        ConflictError: an effect is being carried out at this moment: its outcome comes first.
    """
    # Reviews before effects before the case: everybody locks in this order.
    reviews = session.exec(
        select(Review).where(Review.case_id == case_id, Review.state == ReviewState.PENDING).with_for_update()
    ).all()
    effects = session.exec(
        select(Effect).where(Effect.case_id == case_id, Effect.part == MESSAGE).with_for_update()
    ).all()
    if any(one.state == EffectState.IN_FLIGHT for one in effects):
        raise ConflictError(f"an effect of case {case_id} is being carried out", fix="look again")
    lapsed = []
    for effect in effects:
        if effect.state == EffectState.PENDING:
            effect.state = EffectState.LAPSED
            lapsed.append(effect.action_hash)
    for review in reviews:
        review.state, review.decided_at = ReviewState.LAPSED, now
        lapsed.append(review.action_hash)
    session.flush()
    return lapsed
