"""An act with which nothing is wrong, and changes to it, as plain values."""

from collections.abc import Mapping
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
from policies.verdict import RuleResult, Verdict, result_of
from tools.catalogue import load_catalogue

TOOLS = frozenset({"send_tutorial", "offer_trial_upgrade", "book_call"})
RULE: TypeAdapter[AnyRule] = TypeAdapter(AnyRule)
FOLDER = Path(__file__).parents[3] / "policies"

# Wednesday noon in UTC, one in the afternoon in Berlin.
SOUND: dict[str, Any] = {
    "now": "2026-03-04T12:00:00Z",
    "moment": "propose",
    "action": {
        "tool": "send_tutorial",
        "channel": "email",
        "purpose": "retention",
        "catalogue_id": "reports-first",
        "arguments": {},
        "value": 0.0,
        "message_problems": [],
    },
    "drop": {"kind": "feature_fell", "feature": "reports", "lost_days": 3.0, "risk": 0.4, "recovered": False},
    "account": {
        "id": 1,
        "plan": "team",
        "value_per_month": 99.0,
        "zone": "Europe/Berlin",
        "region": "DE-BE",
        "tags": ["annual"],
    },
    "contact": {
        "id": 7,
        "language": "en",
        "zone": "Europe/Berlin",
        "consent": {"email/retention": {"state": "granted", "on": "2026-01-05", "sourced": True}},
        "unsubscribed": False,
        "left": False,
    },
    "agent": {"source": "model", "model": "a-model", "confidence": 0.9},
    "history": [
        {"at": "2025-06-04T12:00:00Z", "contact": 7, "tool": "send_tutorial", "channel": "email", "value": 0.0}
    ],
    "draws": {"winback-1": 0.5, "demo": 0.5},
    "operator_zone": "UTC",
}


def facts(**changes: Any) -> Facts:
    """The sound act with changes laid over it, mapping by mapping."""
    return facts_from_plain(merged(SOUND, changes))


def merged(base: Any, changes: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(changes, Mapping)):
        return changes
    return {
        **base,
        **{key: merged(base.get(key, {}) or {}, value) for key, value in changes.items()},
    }


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
