"""An act with which nothing is wrong, changes to it, and what the rules say of them."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from policies.facts import Facts
from policies.load import Known, load_policy
from policies.plain import facts_from_plain
from policies.policy import Policy
from policies.rules import AnyRule
from policies.trial import case
from policies.trial.case import laid_over
from policies.verdict import RuleResult, Verdict, result_of
from tools.catalogue import load_catalogue

TOOLS = frozenset({"send_tutorial", "offer_trial_upgrade", "book_call", "notify_owner"})
RULE: TypeAdapter[AnyRule] = TypeAdapter(AnyRule)
FOLDER = Path(__file__).parents[3] / "policies"

SOUND: dict[str, Any] = laid_over(
    case.SOUND,
    {
        "account": {"region": "DE-BE"},
        "contact": {"consent": {"email/retention": {"on": "2026-01-05"}}},
        "draws": {"winback-1": 0.5, "demo": 0.5},
    },
)


def facts(**changes: Any) -> Facts:
    """The sound act with changes laid over it, mapping by mapping."""
    return facts_from_plain(laid_over(SOUND, changes))


def rule(kind: str, **values: Any) -> AnyRule:
    """One rule of a kind, by the keys of a policy file."""
    return RULE.validate_python({"id": kind.replace("_", "-"), "kind": kind, **values})


ALLOW_ALL = rule("allow_tools", allow=[{"tools": sorted(TOOLS), "mode": "auto"}])


def judged(one: AnyRule, act: Facts) -> RuleResult:
    """What a single rule says, failing included."""
    compiled = one.compile()
    try:
        return result_of(compiled.judge(act))
    except Exception as error:  # noqa: BLE001 - as in `evaluate`
        return result_of(compiled.failed(error))


def counted(policy: Policy, act: Facts, answer: float = 0.0) -> Facts:
    """The act with the same answer to every question that the database is asked and the act does not answer."""
    answers = {counter.name: answer for counter in policy.counters(act)}
    return replace(act, counts={**answers, **act.counts})


def results(verdict: Verdict) -> dict[str, RuleResult]:
    return {one.rule: one for one in verdict.results}


@cache
def packaged(name: str) -> Policy:
    """`default` or `demo`."""
    return load_policy(FOLDER / f"{name}.yaml", Known(TOOLS, load_catalogue(None).ids()))
