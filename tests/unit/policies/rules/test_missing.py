"""A fact that nobody knows: each kind takes its strictest effect, for each fact it needs."""

from typing import Any, get_args

import pytest

from policies.evaluate import evaluate
from policies.policy import Policy
from policies.rules import KINDS
from policies.rules.rule import Narrowed
from policies.verdict import Decision
from tests.unit.policies.samples import ALLOW_ALL, facts, judged, results, rule
from tests.unit.policies.strategies import DRAWN

DENY, REVIEW = Decision.DENY, Decision.REVIEW
ROLLING = {"kind": "rolling", "days": 7}
DAY = {"kind": "calendar", "unit": "day", "zone": "account"}
MONTH = {"kind": "calendar", "unit": "month", "zone": "operator"}
NOWHERE = {"account": {"zone": None}, "contact": {"zone": None}}
NIGHT = {"from": "20:00", "to": "08:00"}
TRIAL = {"tools": ["send_tutorial"], "mode": "auto"}
GIVES = {"action": {"value": 1.0}}
HALT = {"bounces": 1, "days": 9}

NEEDED: list[tuple[str, dict[str, Any], dict[str, Any], str, Decision]] = [
    (
        "allow_tools",
        {"allow": [{**TRIAL, "catalogue": ["x"]}]},
        {"action": {"catalogue_id": None}},
        "action.catalogue_id",
        DENY,
    ),
    ("allow_tools", {"allow": [{**TRIAL, "arguments": {"days": {"max": 1}}}]}, {}, "action.arguments.days", DENY),
    ("budget", {"tokens": {"run": 1}}, {}, "counts.tokens in run", DENY),
    ("budget", {"money": {"day": 1}}, {}, "counts.money in day of operator", DENY),
    ("consent", {"unknown": "allow"}, {"contact": None}, "contact.consent", DENY),
    (
        "cooldown_after",
        {"what": ["refused_offer"], "days": 1},
        {"action": {"catalogue_id": None}},
        "action.catalogue_id",
        DENY,
    ),
    (
        "cooldown_after",
        {"what": ["reply"], "days": 1, "scope": "contact", "then": "review"},
        {"contact": None},
        "contact",
        REVIEW,
    ),
    ("expires", {"hours": 1}, {"moment": "act"}, "proposed_at", DENY),
    (
        "expr",
        {"expression": "account.plan == 'x'", "then": "review", "reason": "r"},
        {"account": {"plan": None}},
        "account.plan",
        REVIEW,
    ),
    ("frequency_cap", {"scope": "global", "max": 9, "window": ROLLING}, {}, "counts.contacts in 168h", DENY),
    ("frequency_cap", {"scope": "contact", "max": 9, "window": ROLLING}, {"contact": None}, "contact", DENY),
    ("frequency_cap", {"scope": "account", "max": 9, "window": DAY}, NOWHERE, "account.zone", DENY),
    (
        "frequency_cap",
        {"scope": "account", "max": 9, "window": MONTH},
        {"operator_zone": None},
        "operator_zone",
        DENY,
    ),
    ("holdout", {"share": 0, "seed": "new"}, {}, "draws.new", DENY),
    ("preferences", {}, {"contact": None}, "contact", DENY),
    ("quiet_hours", NIGHT, NOWHERE, "contact.zone", DENY),
    (
        "quiet_hours",
        {**NIGHT, "fallback_zone": "operator"},
        {**NOWHERE, "operator_zone": None},
        "operator_zone",
        DENY,
    ),
    ("ramp", {"start": 1, "double_after": 1}, {}, "counts.contacts in 8784h to 72h ago", DENY),
    ("ramp", {"start": 1, "double_after": 1, "halt": HALT}, {}, "counts.bounces in 216h", DENY),
    ("value_limit", {"total": {"max": 9, "window": MONTH}}, GIVES, "counts.value in month of operator", DENY),
    ("value_limit", {"per_account": {"max": 9, "window": DAY}}, {**GIVES, **NOWHERE}, "account.zone", DENY),
    (
        "value_limit",
        {"per_reviewer": {"max": 9, "window": ROLLING}},
        {**GIVES, "moment": "act", "approved_by": ["Ines"]},
        "counts.value in 168h by=Ines",
        DENY,
    ),
    ("working_days", {"days": ["wed"]}, NOWHERE, "contact.zone", DENY),
    (
        "working_days",
        {"days": ["wed"], "public_holidays": "account"},
        {"account": {"region": None}},
        "account.region",
        DENY,
    ),
]

WHEN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"plans": ["team"]}, {"account": {"plan": None}}, "account.plan"),
    ({"regions": ["DE"]}, {"account": {"region": None}}, "account.region"),
    ({"languages": ["en"]}, {"contact": None}, "contact.language"),
    ({"value": {"min": 1}}, {"account": {"value_per_month": None}}, "account.value_per_month"),
]
ANY: dict[str, tuple[dict[str, Any], Decision]] = {
    "allow_tools": ({"allow": [TRIAL]}, DENY),
    "consent": ({"unknown": "allow"}, DENY),
    "cooldown_after": ({"what": ["reply"], "days": 1, "then": "review"}, REVIEW),
    "expr": ({"expression": "false", "then": "review", "reason": "r"}, REVIEW),
    "frequency_cap": ({"scope": "account", "max": 9, "window": ROLLING}, DENY),
    "kill_switch": ({"engaged": True}, DENY),
    "preferences": ({}, DENY),
    "quiet_hours": (NIGHT, DENY),
    "ramp": ({"start": 1, "double_after": 1}, DENY),
    "risk_review": ({}, REVIEW),
    "value_limit": ({"single": 9}, DENY),
    "working_days": ({"days": ["wed"]}, DENY),
}


@pytest.mark.parametrize(("kind", "values", "changes", "field", "decision"), NEEDED)
def test_a_fact_that_a_rule_needs(
    kind: str, values: dict[str, Any], changes: dict[str, Any], field: str, decision: Decision
) -> None:
    """Unknown is the strictest effect of the kind, and the result names the fact."""
    one = rule(kind, **values)
    said = judged(one, facts(**changes))
    assert (said.decision, said.code, dict(said.saw)) == (decision, "missing_field", {"field": field})
    verdict = evaluate(Policy.of([ALLOW_ALL.model_copy(update={"id": "all"}), one]), facts(**changes))
    assert results(verdict)[one.id].code == "missing_field"
    assert verdict.decision is not Decision.ALLOW


@pytest.mark.parametrize("kind", sorted(ANY))
@pytest.mark.parametrize(("when", "changes", "field"), WHEN)
def test_a_fact_that_when_needs(kind: str, when: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    """Whether a rule is about an act that nobody knows enough of: it is, as strictly as it can be."""
    values, decision = ANY[kind]
    said = judged(rule(kind, **values, when=when), facts(**changes))
    assert (said.decision, said.code, dict(said.saw)) == (decision, "missing_field", {"field": field})


def test_every_kind_is_tried() -> None:
    """A kind that is added is tried here and by the properties that hold for all."""
    names = {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in KINDS}
    assert set(ANY) == {name for name, kind in names.items() if issubclass(kind, Narrowed)}
    assert {*ANY, *(kind for kind, *_ in NEEDED)} == set(names) - {"on_model_failure"}
    assert set(names) == DRAWN
