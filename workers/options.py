"""What could be done for a case, held against the policy before the model is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from agents.choice import FailureCode
from policies.evaluate import evaluate
from policies.facts import ActionFacts, AgentFacts, Facts
from policies.plain import OPTIONS, said_plainly
from policies.verdict import Decision, RuleResult, Verdict
from tools.tool import Option, Situation, Tool, audience_of, media_of
from winback.decisions.kind import EntryKind
from winback.store.types import CUSTOMER, EMAIL
from workers.decide import shadow_of
from workers.facts import Facing
from workers.model_use import price_of
from workers.services import Services
from workers.situation import Setting

OVER_BUDGET: FailureCode = "over_budget"


@dataclass(frozen=True)
class JudgedOption:
    """An option and what the policy says of it before anybody has chosen it."""

    option: Option
    facts: Facts
    verdict: Verdict


@dataclass(frozen=True)
class Possible:
    """Every option, judged. `over` are the budgets that forbid asking the model to choose among them.

    `unwanted` are tools that had something to offer and that the person does not want to hear of.
    """

    judged: tuple[JudgedOption, ...]
    over: tuple[RuleResult, ...] = ()
    unwanted: tuple[str, ...] = ()

    @property
    def options(self) -> list[Option]:
        """Those that the policy does not deny."""
        return [one.option for one in self.judged if one.verdict.decision is not Decision.DENY]


def judge_options(
    session: Session, services: Services, setting: Setting, now: datetime, run_started_at: datetime
) -> Possible:
    """Every option of every tool, as if the configured model had chosen it; over budget, as if it had failed."""
    if setting.situation is None:
        return Possible(())
    zone = services.settings.company.zone
    facing = Facing(
        session, services.judging, setting.subject, now, zone, past=setting.past, run_started_at=run_started_at
    )
    options, unwanted = _offered(services, setting.situation)
    model = services.selector
    agent = AgentFacts(source="model", model=model.name, embedded=model.embedded, confidence=1.0)
    over: tuple[RuleResult, ...] = ()
    if options:
        over = services.policy.over_budget(facing.facts(_action(options[0]), agent, moment="propose"))
    if over:
        agent = replace(agent, source="playbook", failure=OVER_BUDGET)
    facts = [facing.facts(_action(option), agent, moment="propose") for option in options]
    judged = [JudgedOption(*one, evaluate(services.policy, one[1])) for one in zip(options, facts, strict=True)]
    return Possible(tuple(judged), over, unwanted)


def _offered(services: Services, situation: Situation) -> tuple[list[Option], tuple[str, ...]]:
    """What every tool offers, over the medium that it would go; and the tools that the person refused."""
    options: list[Option] = []
    unwanted: list[str] = []
    for tool in services.registry:
        found = tool.options(situation)
        if audience_of(tool) != CUSTOMER:
            options += found
        elif found and tool.name in situation.unwanted:
            unwanted.append(tool.name)
        elif (medium := _medium(tool, situation)) is not None:
            options += [replace(option, medium=medium) for option in found]
    return options, tuple(unwanted)


def _medium(tool: Tool, situation: Situation) -> str | None:
    """The first of the person's media that suits the tool.

    Where none does, it would be mail, of which the policy has the word; None where there is no address.
    """
    suiting = (one for one in situation.person.media if one in media_of(tool))
    return next(suiting, EMAIL if situation.person.address else None)


def over_after(services: Services, facts: Facts | None) -> bool:
    """Whether what the model has cost since the facts were gathered leaves no room for another question."""
    if facts is None:
        return False
    used = services.meter.peek()
    more = {"tokens": used.sent + used.answered, "money": price_of(used, services.settings.model)}
    counts = {name: number + more.get(name.partition(" ")[0], 0) for name, number in facts.counts.items()}
    return bool(services.policy.over_budget(replace(facts, counts=counts)))


def _action(option: Option) -> ActionFacts:
    return ActionFacts(
        tool=option.tool,
        channel=option.medium,
        catalogue_id=option.catalogue_id,
        arguments=option.arguments.model_dump(mode="json"),
        value=option.value,
        audience="customer" if option.audience == CUSTOMER else "colleague",
    )


@dataclass(frozen=True)
class NonAction:
    """Why nothing needs a model: the entry that says so."""

    kind: EntryKind
    body: dict[str, Any]
    evidence: bytes | None = None


def nothing_possible(services: Services, setting: Setting, possible: Possible) -> NonAction | None:
    """Nobody there, nothing fits or is wanted, or all refused; None when something is possible."""
    judged = possible.judged
    if setting.situation is None:
        return NonAction(EntryKind.NOTHING_TO_OFFER, {"reason": "nobody_to_write_to"})
    if not judged and possible.unwanted:
        return NonAction(
            EntryKind.NOTHING_TO_OFFER, {"reason": "not_wanted_by_them", "unwanted": possible.unwanted}
        )
    if not judged:
        return NonAction(EntryKind.NOTHING_TO_OFFER, {"reason": "no_option_fits"})
    if any(one.verdict.decision is not Decision.DENY for one in judged):
        return None
    contact = judged[0].facts.contact
    body = {
        "contact": contact.id if contact else None,
        "options": len(judged),
        "policy": services.policy.hash,
        "rules": sorted({rule for one in judged for rule in one.verdict.deciding}),
    }
    return NonAction(EntryKind.NOTHING_ALLOWED, body, _evidence(services, judged))


def _evidence(services: Services, judged: Sequence[JudgedOption]) -> bytes:
    """One set of facts for all options: only the act differs, and what was counted for any of them."""
    counts = {name: number for one in judged for name, number in one.facts.counts.items()}
    options = [
        {
            "action": one.facts.action,
            "verdict": said_plainly(one.verdict),
            "shadow": shadow_of(services, one.facts),
        }
        for one in judged
    ]
    return orjson.dumps({"facts": replace(judged[0].facts, counts=counts), "options": options}, option=OPTIONS)
