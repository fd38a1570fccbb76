"""What the overview shows: counts and the newest decisions. No names, no addresses."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from policies.rules.kill_switch import KillSwitch
from policies.switch import is_switch
from policies.telling import Translate
from winback.decisions.entry import entry_name, spoken
from winback.decisions.kind import EntryKind
from winback.decisions.tell import tell
from winback.store.bookkeeping import ModelUse
from winback.store.models import Case, DecisionEntry, Effect, Review, Run
from winback.store.types import CaseState, ReviewState
from workers.objections import Objection, unanswered
from workers.policy_watch import Standing, standing_refusals
from workers.services import Services
from workers.switches import engaged_rules

NEWEST = 20


@dataclass(frozen=True)
class Line:
    """One entry of the decision log, told."""

    name: str
    at: datetime
    case: int | None
    kind: str
    words: str


@dataclass(frozen=True)
class Slot:
    """One run of today."""

    id: int
    schedule: str
    fire_time: datetime
    state: str


@dataclass(frozen=True)
class ModelToday:
    """What the model cost since midnight in the company's zone, and for how many cases it failed."""

    questions: int
    tokens: int
    money: float
    failures: int


@dataclass(frozen=True)
class Switch:
    """A kill switch: engaged beside the policy (`switch.N`), or a rule of the policy in force."""

    rule: str
    engaged: bool
    says: str


@dataclass(frozen=True)
class Refusal:
    """Policy files that are refused now, and what stays in force."""

    role: str
    since: datetime
    author: str
    reason: str
    in_force: str | None


@dataclass(frozen=True)
class Overview:
    """The page. `held_out` and `contacted` are of the cases that are not closed, `objections` unanswered ones."""

    cases: dict[str, int]
    effects: dict[str, int]
    waiting: int
    runs: tuple[Slot, ...]
    model: ModelToday
    held_out: int
    contacted: int
    objections: tuple[Objection, ...]
    switches: tuple[Switch, ...]
    refusals: tuple[Refusal, ...]
    log: tuple[Line, ...]


def overview(services: Services, say: Translate = str) -> Overview:
    """Read it all in one view; `say` is the language of our own sentences."""
    now, zone = services.clock.now(), ZoneInfo(services.settings.company.zone)
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    with services.store.read() as session:
        cases = dict(session.exec(select(Case.state, func.count()).group_by(Case.state)).all())
        runs = session.exec(
            select(Run).where(Run.fire_time >= today).order_by(col(Run.fire_time).desc()).limit(200)
        ).all()
        return Overview(
            cases=cases,
            effects=dict(session.exec(select(Effect.state, func.count()).group_by(Effect.state)).all()),
            waiting=_count(session, select(func.count()).where(Review.state == ReviewState.PENDING)),
            runs=tuple(Slot(one.id or 0, one.schedule, one.fire_time, one.state) for one in runs),
            model=_model(session, today, list(runs)),
            held_out=cases.get(CaseState.HELD_OUT, 0),
            contacted=_count(
                session,
                select(func.count()).where(Case.state != CaseState.CLOSED, col(Case.contacted_at).is_not(None)),
            ),
            objections=unanswered(session, now),
            switches=_switches(services, session),
            refusals=tuple(_refusal(one) for one in standing_refusals(session)),
            log=_log(session, say),
        )


def _count(session: Session, query: Any) -> int:
    found: int = session.exec(query).one()
    return found


def _model(session: Session, today: datetime, runs: list[Run]) -> ModelToday:
    tokens = func.coalesce(func.sum(ModelUse.tokens_in + ModelUse.tokens_out), 0)
    questions, spoken_of, money = session.exec(
        select(func.count(), tokens, func.coalesce(func.sum(ModelUse.money), 0.0)).where(ModelUse.at >= today)
    ).one()
    failures = sum(int(one.report.get("proposed", {}).get(EntryKind.MODEL_FAILED, 0)) for one in runs)
    return ModelToday(questions, int(spoken_of), float(money), failures)


def _switches(services: Services, session: Session) -> tuple[Switch, ...]:
    written = (one for one in services.policy.rules if isinstance(one, KillSwitch) and not is_switch(one.id))
    rules = (*engaged_rules(session), *(one for one in written if one.mode == "enforce"))
    return tuple(Switch(rule.id, rule.engaged, rule.describe()) for rule in rules)


def _refusal(one: Standing) -> Refusal:
    return Refusal(one.role, one.since, one.author, one.reason, one.in_force.hash if one.in_force else None)


def _log(session: Session, say: Translate) -> tuple[Line, ...]:
    rows = session.exec(select(DecisionEntry).order_by(col(DecisionEntry.id).desc()).limit(NEWEST)).all()
    return tuple(
        Line(entry_name(one.position, one.id), one.at, one.case_id, one.kind, tell(spoken(one.body), say))
        for one in rows
    )
