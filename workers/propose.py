"""An agent's turn: what could be done, which of it the model chooses, what the policy says of that.

The model is called between two transactions, never inside one. Nothing here acts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import or_
from sqlmodel import col, select

from agents.brief import Brief, make_brief
from agents.choice import Choice, ChoiceReason, Failure, Nothing, Outcome, Run, agent_facts
from policies.facts import AgentFacts, Facts
from policies.rules.holdout import draws_of
from policies.verdict import Decision
from policies.words import explain
from prompts.message import message_language, slots_of
from tools.tool import Option, Situation
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, SetupError
from winback.store.models import Case
from winback.store.types import CaseState
from workers.compose import compose, make_proposal, words_problems
from workers.decide import judge, settle, still_there
from workers.model_use import write_use
from workers.options import OVER_BUDGET, NonAction, Possible, judge_options, nothing_possible, over_after
from workers.policy_watch import watch_policies
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


WHY: Mapping[ChoiceReason, str] = {
    "teaches_what_fell": "it teaches what fell",
    "lifts_the_limit": "it lifts the limit that was reached",
    "a_person_should_talk": "a person should talk to them",
    "restarts_a_stalled_account": "it may restart a stalled account",
    "least_intrusive": "it disturbs least",
    "other": "for a reason of its own",
    "not_said": "the model gave no reason",
}

KINDS: Mapping[Decision, EntryKind] = {
    Decision.ALLOW: EntryKind.ALLOWED,
    Decision.REVIEW: EntryKind.QUEUED,
    Decision.DENY: EntryKind.DENIED,
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
        if (result := propose(services, case_id, active, now)) is not None:
            done.append(result)
        progress(number, len(waiting))
    return done


def propose(
    services: Services, case_id: int, active: ActiveDays, run_started_at: datetime | None = None
) -> Proposed | None:
    """One case's turn; None when somebody else took it meanwhile."""
    watch_policies(services)
    started = run_started_at or services.clock.now()
    try:
        return _propose(services, case_id, active, started)
    except ConflictError:
        return None
    except SetupError:
        raise
    except Exception as error:  # noqa: BLE001
        # One case that cannot be judged must not stop the others; it stays due and is said at every run.
        log.error("case.broken", case=case_id, reason=type(error).__name__)  # noqa: TRY400  no customer's words
        return None


def _propose(services: Services, case_id: int, active: ActiveDays, started: datetime) -> Proposed:
    now = services.clock.now()
    with services.store.read() as session:
        setting = setting_of(session, services, session.get_one(Case, case_id), active, now)
        turn = Turn(services, setting, started, now)
        draws = draws_of(services.policy.seeds, setting.subject.account.key)
        if services.policy.held_out(draws):
            possible = None
        else:
            possible = judge_options(session, services, setting, now, started)
    if possible is None:
        return _hold_out(turn, draws)
    if (early := nothing_possible(services, setting, possible)) is not None:
        return _stand_back(turn, early, services.again)
    return _choose(replace(turn, facts=possible.judged[0].facts), possible)


@dataclass(frozen=True)
class Turn:
    """One case's turn in a run: what it is about, when the run and the turn began, and what was counted."""

    services: Services
    setting: Setting
    run_started_at: datetime
    now: datetime
    facts: Facts | None = None

    def proposed(self, kind: EntryKind, tool: str | None = None) -> Proposed:
        """What became of it."""
        return Proposed(self.setting.case_id, self.setting.subject.account.key, kind, tool)


def _hold_out(turn: Turn, draws: Mapping[str, float]) -> Proposed:
    """Watched like the others, contacted never: what the others' outcomes are measured against."""
    body = {"policy": turn.services.policy.hash, "draws": dict(draws)}
    with turn.services.store.write("hold_out") as session:
        advance(
            session, turn.setting.case_id, EntryKind.HELD_OUT, turn.now, body,
            allowed=ELIGIBLE, state=CaseState.HELD_OUT, next_at=None,
        )  # fmt: skip
    return turn.proposed(EntryKind.HELD_OUT)


def _choose(turn: Turn, possible: Possible) -> Proposed:
    brief, options = _brief(turn.services, turn.setting), possible.options
    match _ask(turn.services, brief, possible):
        case Choice() as choice:
            record = {"chosen_because": choice.why, **_run(choice.run), **_unwanted(possible)}
            return _write_down(turn, brief, choice.option, agent_facts(choice), WHY[choice.why], record)
        case Nothing() as nothing:
            body = {
                "why": nothing.why,
                "policy": turn.services.policy.hash,
                "run": _run(nothing.run),
                "offered": [one.catalogue_id for one in options],
                **_unwanted(possible),
            }
            return _stand_back(turn, NonAction(EntryKind.NOTHING_CHOSEN, body), turn.services.again)
        case Failure() as failure:
            return _failed(turn, brief, options, failure)


def _unwanted(possible: Possible) -> dict[str, Any]:
    return {"unwanted": possible.unwanted} if possible.unwanted else {}


def _ask(services: Services, brief: Brief, possible: Possible) -> Outcome:
    """The model's choice; over a budget it is not asked, which counts as a failure of it."""
    if possible.over:
        return Failure(OVER_BUDGET, "; ".join(explain(one) for one in possible.over), attempts=0)
    return services.selector.choose(brief, possible.options)


def _run(run: Run | None) -> dict[str, Any]:
    return asdict(run) if run else {}


def _failed(turn: Turn, brief: Brief, possible: Sequence[Option], failure: Failure) -> Proposed:
    """The model gave no usable choice: the policy says what happens, and the log says that it happened."""
    plan = turn.services.policy.on_model_failure(turn.setting.subject.drop.kind.value)
    options = [one for one in possible if plan.tool is None or one.tool == plan.tool]
    body = {"code": failure.code, "attempts": failure.attempts, "then": plan.then, "run": _run(failure.run)}
    log.warning(
        "model.failed", case=turn.setting.case_id, code=failure.code, detail=failure.detail, then=plan.then
    )
    if plan.then == "skip" or not options:
        said = {**body, "policy": turn.services.policy.hash}
        done = _stand_back(turn, NonAction(EntryKind.MODEL_FAILED, said), timedelta(days=1))
    else:
        agent = replace(agent_facts(failure), source=PLAYBOOK)
        why = f"the model failed ({failure.code}); the policy's playbook chose"
        done = _write_down(turn, brief, options[0], agent, why, body)
    return replace(done, failure=failure)


def _stand_back(turn: Turn, why: NonAction, wait: timedelta) -> Proposed:
    with turn.services.store.write("stand_back") as session:
        if why.body.get("contact") is not None:
            still_there(session, why.body["contact"])
        advance(
            session, turn.setting.case_id, why.kind, turn.now, why.body, evidence=why.evidence,
            allowed=ELIGIBLE, state=CaseState.WATCHING, next_at=turn.now + wait,
        )  # fmt: skip
        write_use(session, turn.services, turn.setting.case_id, turn.run_started_at)
    return turn.proposed(why.kind)


def _brief(services: Services, setting: Setting) -> Brief:
    return make_brief(
        _reachable(setting),
        setting.subject.account.value_per_month,
        len(setting.past[0]),
        frozenset({*services.catalogue.features, *(plan.id for plan in services.catalogue.plans)}),
    )


def _reachable(setting: Setting) -> Situation:
    if setting.situation is None:
        raise ValueError(f"case {setting.case_id} has nobody to write to")
    return setting.situation


def _write_down(
    turn: Turn, brief: Brief, option: Option, agent: AgentFacts, why: str, record: dict[str, Any]
) -> Proposed:
    services, setting = turn.services, turn.setting
    situation = _reachable(setting)
    slots = {}
    if agent.failure != OVER_BUDGET and not over_after(services, turn.facts):
        template = services.registry.get(option.tool).template
        language = message_language(template, situation.person.language)
        slots = services.writer.fill(brief, slots_of(template, language), language)
    message = compose(services, option, situation, slots)
    proposal = make_proposal(setting, option, message, agent, why, services.clock.now())
    watch_policies(services)
    with services.store.write("propose") as session:
        problems = words_problems(message)
        decided = judge(session, services, setting.subject, proposal, problems, record, turn.run_started_at)
        settle(session, services, decided, allowed=ELIGIBLE, now=proposal.created_at)
        # After the verdict: what this very choice cost must not deny it.
        write_use(session, services, setting.case_id, turn.run_started_at)
    return turn.proposed(KINDS[decided.decision], option.tool)
