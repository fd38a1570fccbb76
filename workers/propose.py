"""An agent's turn: what could be done, which of it the model chooses, what the policy says of that.

The model is called between two transactions, never inside one. Nothing here acts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import or_
from sqlmodel import Session, col, select

from agents.brief import Brief, make_brief
from agents.choice import Choice, ChoiceReason, Failure, Nothing, Run, agent_facts
from policies.evaluate import evaluate
from policies.facts import ActionFacts, AgentFacts
from policies.plain import verdict_to_plain
from policies.verdict import Decision, Verdict
from prompts.message import slots_of
from tools.tool import Option, Situation
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError
from winback.store.models import Case
from winback.store.types import CaseState
from workers.compose import compose, make_proposal, words_problems
from workers.decide import judge, settle
from workers.facts import MEDIUM, Facing, unit_key
from workers.services import Services
from workers.situation import ActiveDays, Setting, active_days, setting_of

log = structlog.get_logger(__name__)

ELIGIBLE = (CaseState.OPEN, CaseState.WATCHING)
PLAYBOOK: Literal["playbook"] = "playbook"


@dataclass(frozen=True)
class Proposed:
    """What became of one case's turn: the kind of its log entry, the tool, and how the model failed if it did."""

    case_id: int
    account: str
    kind: EntryKind
    tool: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Judged:
    """An option and what the policy says of it before anybody has chosen it."""

    option: Option
    verdict: Verdict


WHY: Mapping[ChoiceReason, str] = {
    "teaches_what_fell": "it teaches what fell",
    "lifts_the_limit": "it lifts the limit that was reached",
    "a_person_should_talk": "a person should talk to them",
    "restarts_a_stalled_account": "it may restart a stalled account",
    "least_intrusive": "it disturbs least",
    "other": "for a reason of its own",
    "not_said": "the model gave no reason",
}

Progress = Callable[[int, int], None]


def propose_all(
    services: Services,
    as_of: date,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda _done, _of: None,
) -> list[Proposed]:
    """Give every case that waits for an agent its turn, the riskiest first, until `stop` says so."""
    now = services.clock.now()
    with services.store.read() as session:
        cases = session.exec(
            select(Case).where(
                col(Case.state).in_(ELIGIBLE),
                col(Case.next_at).is_not(None),
                or_(col(Case.next_at) <= now),
            )
        ).all()
    waiting = [one.id or 0 for one in sorted(cases, key=lambda one: (-float(one.drop["risk"]), one.id or 0))]
    active = active_days(services.warehouse, as_of) if waiting else {}
    done: list[Proposed] = []
    for number, case_id in enumerate(waiting, start=1):
        if stop():
            break
        if (result := propose(services, case_id, active)) is not None:
            done.append(result)
        progress(number, len(waiting))
    return done


def propose(services: Services, case_id: int, active: ActiveDays) -> Proposed | None:
    """One case's turn; None when somebody else took it meanwhile."""
    try:
        return _propose(services, case_id, active)
    except ConflictError:
        return None


def _propose(services: Services, case_id: int, active: ActiveDays) -> Proposed:
    now = services.clock.now()
    with services.store.read() as session:
        setting = setting_of(session, services, session.get_one(Case, case_id), active, now)
        held_out = services.policy.held_out(unit_key(setting.subject.account))
        judged = [] if held_out else _judge_options(session, services, setting, now)
    if held_out:
        return _hold_out(services, setting, now)
    if (early := _nothing_possible(setting, judged)) is not None:
        return _stand_back(services, setting, *early, services.again, now)
    possible = [one.option for one in judged if one.verdict.decision is not Decision.DENY]
    return _choose(services, setting, possible, now)


def _hold_out(services: Services, setting: Setting, now: datetime) -> Proposed:
    """Watched like the others, contacted never: what the others' outcomes are measured against."""
    body = {"policy": services.policy.hash, "unit_key": unit_key(setting.subject.account)}
    with services.store.write() as session:
        advance(
            session, setting.case_id, EntryKind.HELD_OUT, now, body,
            allowed=ELIGIBLE, state=CaseState.HELD_OUT, next_at=None,
        )  # fmt: skip
    return Proposed(setting.case_id, setting.subject.account.key, EntryKind.HELD_OUT)


def _judge_options(session: Session, services: Services, setting: Setting, now: datetime) -> list[Judged]:
    """Every option of every tool, held against the policy as if the configured model had chosen it."""
    situation = setting.situation
    if situation is None:
        return []
    agent = AgentFacts(
        source="model", model=services.selector.name, embedded=services.selector.embedded, confidence=1.0
    )
    policy = services.policy
    zone = services.settings.company.zone
    facing = Facing(session, policy, setting.subject, now, zone, history=setting.history)
    return [
        Judged(option, evaluate(policy, facing.facts(_action(option), agent, moment="propose")))
        for tool in services.registry
        for option in tool.options(situation)
    ]


def _action(option: Option) -> ActionFacts:
    return ActionFacts(
        tool=option.tool,
        channel=MEDIUM,
        catalogue_id=option.catalogue_id,
        arguments=option.arguments.model_dump(mode="json"),
        value=option.value,
    )


def _nothing_possible(setting: Setting, judged: Sequence[Judged]) -> tuple[EntryKind, dict[str, Any]] | None:
    """The non-actions that need no model: nobody there, nothing fits, all refused."""
    if setting.situation is None:
        return EntryKind.NOTHING_TO_OFFER, {"reason": "nobody_to_write_to"}
    if not judged:
        return EntryKind.NOTHING_TO_OFFER, {"reason": "no_option_fits"}
    if any(one.verdict.decision is not Decision.DENY for one in judged):
        return None
    return EntryKind.NOTHING_ALLOWED, {"options": [_said(one) for one in judged]}


def _said(judged: Judged) -> dict[str, Any]:
    return {
        "tool": judged.option.tool,
        "catalogue_id": judged.option.catalogue_id,
        "policy": judged.verdict.policy_hash,
        "verdict": verdict_to_plain(judged.verdict),
    }


def _choose(services: Services, setting: Setting, possible: Sequence[Option], now: datetime) -> Proposed:
    brief = _brief(services, setting)
    match services.selector.choose(brief, possible):
        case Choice() as choice:
            record = {"chosen_because": choice.why, **_run(choice.run)}
            return _write_down(
                services, setting, brief, choice.option, agent_facts(choice), WHY[choice.why], record
            )
        case Nothing() as nothing:
            body = {
                "why": nothing.why,
                "run": _run(nothing.run),
                "offered": [one.catalogue_id for one in possible],
            }
            return _stand_back(services, setting, EntryKind.NOTHING_CHOSEN, body, services.again, now)
        case Failure() as failure:
            return _failed(services, setting, brief, possible, failure, now)


def _run(run: Run | None) -> dict[str, Any]:
    return asdict(run) if run else {}


def _failed(
    services: Services,
    setting: Setting,
    brief: Brief,
    possible: Sequence[Option],
    failure: Failure,
    now: datetime,
) -> Proposed:
    """The model gave no usable choice: the policy says what happens, and the log says that it happened."""
    plan = services.policy.on_model_failure(setting.subject.drop.kind.value)
    options = [one for one in possible if plan.tool is None or one.tool == plan.tool]
    body = {"code": failure.code, "attempts": failure.attempts, "then": plan.then, "run": _run(failure.run)}
    log.warning("model.failed", case=setting.case_id, code=failure.code, detail=failure.detail, then=plan.then)
    if plan.then == "skip" or not options:
        done = _stand_back(services, setting, EntryKind.MODEL_FAILED, body, timedelta(days=1), now)
    else:
        agent = replace(agent_facts(failure), source=PLAYBOOK)
        why = f"the model failed ({failure.code}); the policy's playbook chose"
        done = _write_down(services, setting, brief, options[0], agent, why, body)
    return replace(done, failure=failure)


def _stand_back(
    services: Services,
    setting: Setting,
    kind: EntryKind,
    body: dict[str, Any],
    wait: timedelta,
    now: datetime,
) -> Proposed:
    with services.store.write() as session:
        advance(
            session, setting.case_id, kind, now, body,
            allowed=ELIGIBLE, state=CaseState.WATCHING, next_at=now + wait,
        )  # fmt: skip
    return Proposed(setting.case_id, setting.subject.account.key, kind)


def _brief(services: Services, setting: Setting) -> Brief:
    return make_brief(
        _reachable(setting),
        setting.subject.account.value_per_month,
        len(setting.history),
        frozenset({*services.catalogue.features, *(plan.id for plan in services.catalogue.plans)}),
    )


def _reachable(setting: Setting) -> Situation:
    if setting.situation is None:
        raise ValueError(f"case {setting.case_id} has nobody to write to")
    return setting.situation


def _write_down(
    services: Services,
    setting: Setting,
    brief: Brief,
    option: Option,
    agent: AgentFacts,
    why: str,
    record: dict[str, Any],
) -> Proposed:
    situation = _reachable(setting)
    tool = services.registry.get(option.tool)
    slots = services.writer.fill(
        brief, slots_of(tool.template, situation.person.language), situation.person.language
    )
    message = compose(services, option, situation, slots)
    proposal = make_proposal(setting, option, message, agent, why, services.clock.now())
    with services.store.write() as session:
        decided = judge(session, services, setting.subject, proposal, words_problems(message), record)
        settle(session, services, decided, allowed=ELIGIBLE, now=proposal.created_at)
    kind = {
        Decision.ALLOW: EntryKind.ALLOWED,
        Decision.REVIEW: EntryKind.QUEUED,
        Decision.DENY: EntryKind.DENIED,
    }[decided.decision]
    return Proposed(setting.case_id, setting.subject.account.key, kind, option.tool)
