"""Each kind of rule, by what it says of an act that differs from a sound one in one thing."""

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from pydantic import ValidationError

from policies.evaluate import evaluate
from policies.policy import Policy
from policies.verdict import Decision
from policies.words import explain
from tests.unit.policies.samples import ALLOW_ALL, facts, judged, rule

ALLOW = {
    "allow": [
        {
            "tools": ["send_tutorial"],
            "mode": "auto",
            "drops": ["feature_fell"],
            "catalogue": ["reports-first"],
            "arguments": {"minutes": {"min": 2, "max": 5}, "language": {"one_of": ["en", "hi"]}},
        },
        {"tools": ["offer_trial_upgrade"], "mode": "review", "arguments": {"days": {"min": 8, "max": 14}}},
        {"tools": ["offer_trial_upgrade"], "mode": "auto", "arguments": {"days": {"max": 8}}},
    ]
}
CALL = {
    "allow": [
        {
            "tools": ["send_tutorial"],
            "mode": "auto",
            "arguments": {"start": {"within_days": {"min": 1, "max": 14}}},
        }
    ]
}
FITTING = {"arguments": {"minutes": 5, "language": "hi"}}
TRIAL = "offer_trial_upgrade"
ROLLING = {"kind": "rolling", "days": 30}
SPENT = [{"at": "2026-03-01T12:00:00Z", "contact": 7, "tool": TRIAL, "channel": "email", "value": 46.2}]
BOOK = {"feature_fell": "send_tutorial"}
BY_ONE = {"per_reviewer": {"max": 100, "window": ROLLING}}
SPENT_BY = "value in 720h by"
APPROVED = {"action": {"value": 50}, "moment": "act", "approved_by": ["Ines"]}
DENY, REVIEW, YES = Decision.DENY, Decision.REVIEW, Decision.ALLOW
DENIED: tuple[Decision, str] = (DENY, "missing_field")

CASES: list[tuple[str, dict[str, Any], dict[str, Any], Decision | None, str]] = [
    ("allow_tools", ALLOW, {"action": FITTING}, YES, "allowed"),
    ("allow_tools", ALLOW, {"action": {"arguments": {"minutes": 6, "language": "en"}}}, None, "out_of_bounds"),
    ("allow_tools", ALLOW, {"action": {"arguments": {"minutes": 5, "language": "de"}}}, None, "out_of_bounds"),
    ("allow_tools", ALLOW, {"action": {"arguments": {"minutes": "5", "language": "en"}}}, DENY, "error"),
    ("allow_tools", ALLOW, {"action": {"arguments": {"minutes": True, "language": "en"}}}, DENY, "error"),
    ("allow_tools", ALLOW, {"action": {"arguments": {"minutes": 5}}}, *DENIED),
    ("allow_tools", ALLOW, {"action": {**FITTING, "catalogue_id": "tour"}}, None, "other_catalogue"),
    ("allow_tools", ALLOW, {"action": {**FITTING, "catalogue_id": None}}, *DENIED),
    ("allow_tools", ALLOW, {"action": FITTING, "drop": {"kind": "all_quiet"}}, None, "other_drop"),
    ("allow_tools", ALLOW, {"action": {"tool": "book_call"}}, None, "not_listed"),
    ("allow_tools", ALLOW, {"action": {"tool": TRIAL, "arguments": {"days": 7}}}, YES, "allowed"),
    ("allow_tools", ALLOW, {"action": {"tool": TRIAL, "arguments": {"days": 8}}}, REVIEW, "review"),
    ("allow_tools", ALLOW, {"action": {"tool": TRIAL, "arguments": {"days": 14}}}, REVIEW, "review"),
    ("allow_tools", ALLOW, {"action": {"tool": TRIAL, "arguments": {"days": 15}}}, None, "out_of_bounds"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": "2026-03-05T12:00:00Z"}}}, YES, "allowed"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": "2026-03-05T11:59:59Z"}}}, None, "out_of_bounds"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": "2026-03-18T14:00:00+02:00"}}}, YES, "allowed"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": "2026-03-18T12:00:01Z"}}}, None, "out_of_bounds"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": "2026-03-05T12:00:00"}}}, DENY, "error"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": "tomorrow"}}}, DENY, "error"),
    ("allow_tools", CALL, {"action": {"arguments": {"start": 5}}}, DENY, "error"),
    ("allow_tools", CALL, {}, *DENIED),
    ("consent", {}, {}, None, "granted"),
    ("consent", {}, {"contact": {"consent": {"email/retention": {"state": "refused"}}}}, DENY, "refused"),
    (
        "consent",
        {"unknown": "allow"},
        {"contact": {"consent": {"email/retention": {"state": "refused"}}}},
        DENY,
        "refused",
    ),
    ("consent", {}, {"action": {"channel": "sms"}}, DENY, "unknown"),
    ("consent", {}, {"action": {"purpose": "news"}}, DENY, "unknown"),
    ("consent", {"unknown": "review"}, {"action": {"channel": "sms"}}, REVIEW, "unknown"),
    ("consent", {"unknown": "allow"}, {"action": {"channel": "sms"}}, None, "unknown"),
    ("consent", {"channel": "email"}, {"action": {"channel": "sms"}}, None, "other_consent"),
    ("consent", {"purpose": "retention"}, {"action": {"purpose": "news"}}, None, "other_consent"),
    ("consent", {}, {"contact": None}, *DENIED),
    ("consent", {"max_age_days": 58}, {}, None, "granted"),
    ("consent", {"max_age_days": 57}, {}, DENY, "too_old"),
    ("consent", {"max_age_days": 57, "unknown": "review"}, {}, REVIEW, "too_old"),
    (
        "consent",
        {"max_age_days": 57},
        {"contact": {"consent": {"email/retention": {"on": None}}}},
        DENY,
        "too_old",
    ),
    ("consent", {"needs_source": True}, {}, None, "granted"),
    (
        "consent",
        {"needs_source": True},
        {"contact": {"consent": {"email/retention": {"sourced": False}}}},
        DENY,
        "no_source",
    ),
    ("budget", {"tokens": {"run": 10}}, {"counts": {"tokens in run": 9}}, None, "within"),
    ("budget", {"tokens": {"run": 10}}, {"counts": {"tokens in run": 10}}, DENY, "over"),
    ("budget", {"tokens": {"run": 10}}, {"agent": {"source": "playbook"}}, None, "no_model"),
    ("budget", {"tokens": {"run": 10}}, {"moment": "act"}, None, "no_model"),
    ("budget", {"tokens": {"run": 10}}, {}, *DENIED),
    ("budget", {"money": {"month": 0}}, {"counts": {"money in month of operator": 0}}, DENY, "over"),
    ("value_limit", {"single": 0}, {}, None, "no_value"),
    ("value_limit", BY_ONE, {"action": {"value": nan}}, DENY, "no_sum"),
    ("value_limit", BY_ONE, {"action": {"value": inf}}, DENY, "no_sum"),
    ("value_limit", {"single": 5}, {"action": {"value": -1}}, DENY, "no_sum"),
    (
        "kill_switch",
        {"engaged": True, "when": {"value": {"min": 9}}},
        {"account": {"value_per_month": nan}},
        *DENIED,
    ),
    (
        "kill_switch",
        {"engaged": True, "when": {"value": {"max": 9}}},
        {"account": {"value_per_month": -inf}},
        *DENIED,
    ),
    (
        "kill_switch",
        {"engaged": True, "when": {"languages": ["hi"]}},
        {"contact": {"language": "hi-IN"}},
        DENY,
        "stopped",
    ),
    (
        "kill_switch",
        {"engaged": True, "when": {"languages": ["hi-IN"]}},
        {"contact": {"language": "hi"}},
        None,
        "not_concerned",
    ),
    ("value_limit", {"single": 0}, {"action": {"value": 0.01}}, DENY, "over_single"),
    ("value_limit", {"single": 46.2}, {"action": {"value": 46.2}}, None, "within"),
    ("value_limit", {"single": 46.2}, {"action": {"value": 46.21}}, DENY, "over_single"),
    (
        "value_limit",
        {"per_account": {"max": 92.4, "window": ROLLING}},
        {"action": {"value": 46.2}, "history": SPENT},
        None,
        "within",
    ),
    (
        "value_limit",
        {"per_account": {"max": 92.3, "window": ROLLING}},
        {"action": {"value": 46.2}, "history": SPENT},
        DENY,
        "over_account",
    ),
    (
        "value_limit",
        {"per_account": {"max": 92.3, "window": {"kind": "rolling", "days": 1}}},
        {"action": {"value": 46.2}, "history": SPENT},
        None,
        "within",
    ),
    ("value_limit", {"total": {"max": 100, "window": ROLLING}}, {"action": {"value": 1}}, *DENIED),
    (
        "value_limit",
        {"total": {"max": 100, "window": ROLLING}},
        {"action": {"value": 1}, "counts": {"value in 720h": 99.0}},
        None,
        "within",
    ),
    (
        "value_limit",
        {"total": {"max": 100, "window": ROLLING}},
        {"action": {"value": 1.5}, "counts": {"value in 720h": 99.0}},
        DENY,
        "over_total",
    ),
    ("value_limit", BY_ONE, {"action": {"value": 50}}, None, "within"),
    ("value_limit", BY_ONE, {**APPROVED, "counts": {f"{SPENT_BY}=Ines": 50}}, None, "within"),
    ("value_limit", BY_ONE, {**APPROVED, "counts": {f"{SPENT_BY}=Ines": 50.1}}, DENY, "over_reviewer"),
    ("value_limit", BY_ONE, APPROVED, *DENIED),
    ("risk_review", {}, {}, None, "no_risk"),
    ("risk_review", {"account_value_above": 99}, {}, None, "no_risk"),
    ("risk_review", {"account_value_above": 98.9}, {}, REVIEW, "risk"),
    ("risk_review", {"account_value_above": 99}, {"account": {"value_per_month": None}}, REVIEW, "risk"),
    ("risk_review", {"confidence_below": 0.9}, {}, None, "no_risk"),
    ("risk_review", {"confidence_below": 0.91}, {}, REVIEW, "risk"),
    ("risk_review", {"confidence_below": 0}, {"agent": {"confidence": None}}, REVIEW, "risk"),
    ("risk_review", {"confidence_below": 1}, {"agent": {"confidence": None, "source": "person"}}, None, "no_risk"),
    ("risk_review", {}, {"agent": {"untrusted_text": True}}, REVIEW, "risk"),
    ("risk_review", {"untrusted_text": False}, {"agent": {"untrusted_text": True}}, None, "no_risk"),
    ("risk_review", {}, {"agent": {"embedded": True}}, REVIEW, "risk"),
    ("risk_review", {"embedded_model": False}, {"agent": {"embedded": True}}, None, "no_risk"),
    ("risk_review", {}, {"history": []}, REVIEW, "risk"),
    ("risk_review", {"first_contact": False}, {"history": []}, None, "no_risk"),
    ("risk_review", {}, {"history": [], "account": {"contacted_long_ago": True}}, None, "no_risk"),
    ("risk_review", {}, {"action": {"message_problems": ["a link"]}}, REVIEW, "risk"),
    ("risk_review", {"message_problems": False}, {"action": {"message_problems": ["a link"]}}, None, "no_risk"),
    ("risk_review", {"four_eyes_above_value": 46.2}, {"action": {"value": 46.2}}, None, "no_risk"),
    ("risk_review", {"four_eyes_above_value": 46.2}, {"action": {"value": 46.3}}, REVIEW, "risk"),
    ("risk_review", {"four_eyes_above_account_value": 99}, {}, None, "no_risk"),
    ("risk_review", {"four_eyes_above_account_value": 98}, {}, REVIEW, "risk"),
    ("kill_switch", {"engaged": False}, {}, None, "not_engaged"),
    ("kill_switch", {"engaged": True}, {}, DENY, "stopped"),
    ("kill_switch", {"engaged": True, "when": {"tools": ["book_call"]}}, {}, None, "not_concerned"),
    ("kill_switch", {"engaged": True, "when": {"plans": ["team"]}}, {}, DENY, "stopped"),
    ("kill_switch", {"engaged": True, "when": {"plans": ["team"]}}, {"account": {"plan": None}}, *DENIED),
    (
        "kill_switch",
        {"engaged": False, "when": {"plans": ["x"]}},
        {"account": {"plan": None}},
        None,
        "not_engaged",
    ),
    ("on_model_failure", {"then": "skip"}, {}, None, "model_chose"),
    ("on_model_failure", {"then": "skip"}, {"agent": {"source": "playbook"}}, DENY, "skipped"),
    ("on_model_failure", {"then": "skip"}, {"agent": {"source": "person", "failure": "x"}}, None, "model_chose"),
    ("on_model_failure", {"then": "review"}, {"agent": {"source": "playbook"}}, REVIEW, "review"),
    ("on_model_failure", {"then": "review"}, {"agent": {"failure": "timed out"}}, REVIEW, "review"),
    (
        "on_model_failure",
        {"then": "playbook", "playbook": BOOK},
        {"agent": {"source": "playbook"}},
        None,
        "in_playbook",
    ),
    (
        "on_model_failure",
        {"then": "playbook", "playbook": BOOK},
        {"agent": {"source": "playbook"}, "drop": {"kind": "all_quiet"}},
        DENY,
        "not_in_playbook",
    ),
    ("expires", {"hours": 24}, {}, None, "proposed_now"),
    ("expires", {"hours": 24}, {"moment": "act"}, *DENIED),
    ("expires", {"hours": 24}, {"moment": "act", "proposed_at": "2026-03-03T12:00:01Z"}, None, "fresh"),
    ("expires", {"hours": 24}, {"moment": "act", "proposed_at": "2026-03-03T12:00:00Z"}, DENY, "expired"),
    (
        "expires",
        {"hours": 24, "tools": {"send_tutorial": 48}},
        {"moment": "act", "proposed_at": "2026-03-03T12:00:00Z"},
        None,
        "fresh",
    ),
    (
        "expires",
        {"hours": 24, "then": "escalate", "escalated_hours": 2},
        {"moment": "act", "proposed_at": "2026-03-03T10:00:01Z"},
        None,
        "fresh",
    ),
    (
        "expires",
        {"hours": 24, "then": "escalate", "escalated_hours": 2},
        {"moment": "act", "proposed_at": "2026-03-03T10:00:00Z"},
        DENY,
        "expired",
    ),
    ("holdout", {"share": 0, "seed": "winback-1"}, {}, None, "not_held_out"),
    ("holdout", {"share": 1, "seed": "winback-1"}, {}, DENY, "held_out"),
]


def bounded(**bound: Any) -> dict[str, Any]:
    return {"allow": [{"tools": ["x"], "mode": "auto", "arguments": {"start": bound}}]}


@pytest.mark.parametrize(("kind", "values", "changes", "decision", "code"), CASES)
def test_what_a_rule_says(
    kind: str, values: dict[str, Any], changes: dict[str, Any], decision: Decision | None, code: str
) -> None:
    """A rule says what its documentation says, to the last cent, hour and word, and can explain it."""
    result = judged(rule(kind, **values), facts(**changes))
    assert (result.decision, result.code) == (decision, code)
    assert "{" not in explain(result)


@pytest.mark.parametrize(
    ("when", "changes", "code"),
    [
        ({"drops": ["feature_fell"]}, {}, "stopped"),
        ({"drops": ["all_quiet"]}, {}, "not_concerned"),
        ({"plans": ["starter"]}, {}, "not_concerned"),
        ({"tags": ["key", "annual"]}, {}, "stopped"),
        ({"tags": ["key"]}, {}, "not_concerned"),
        ({"tags": ["key"]}, {"account": {"tags": []}}, "not_concerned"),
        ({"languages": ["hi"]}, {}, "not_concerned"),
        ({"regions": ["DE"]}, {}, "stopped"),
        ({"regions": ["DE-BE"]}, {}, "stopped"),
        ({"regions": ["DE-BY", "IN"]}, {}, "not_concerned"),
        ({"regions": ["DE-BY"]}, {"account": {"region": "DE"}}, "not_concerned"),
        ({"regions": ["DE"]}, {"account": {"region": None}}, "missing_field"),
        ({"languages": ["en"]}, {"contact": None}, "missing_field"),
        ({"value": {"min": 99, "max": 99}}, {}, "stopped"),
        ({"value": {"max": 98.99}}, {}, "not_concerned"),
        ({"value": {"min": 1}}, {"account": {"value_per_month": None}}, "missing_field"),
        ({"channels": ["sms"]}, {}, "not_concerned"),
        ({"tools": ["send_tutorial"], "plans": ["team"]}, {}, "stopped"),
        ({"tools": ["send_tutorial"], "plans": ["starter"]}, {}, "not_concerned"),
        ({"tools": ["book_call"], "plans": ["team"]}, {"account": {"plan": None}}, "missing_field"),
    ],
)
def test_when_every_key_must_hold(when: dict[str, Any], changes: dict[str, Any], code: str) -> None:
    """`when` concerns an act that fits every key; a fact that is needed and unknown is the strictest effect."""
    assert judged(rule("kill_switch", engaged=True, when=when), facts(**changes)).code == code


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_modes_are_recorded(mode: str) -> None:
    """A shadowed rule says what it would say; one that rests says that it rests."""
    result = judged(rule("kill_switch", engaged=True, mode=mode), facts())
    assert result.mode == mode
    assert (result.decision, result.code) == ((DENY, "stopped") if mode == "shadow" else (None, "off"))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("kill_switch", {"engaged": "on"}),
        ("kill_switch", {"engaged": 1}),
        ("kill_switch", {"engaged": True, "when": {}}),
        ("kill_switch", {"engaged": True, "when": {"plans": []}}),
        ("frequency_cap", {"scope": "account", "max": True, "window": ROLLING}),
        ("frequency_cap", {"scope": "account", "max": "3", "window": ROLLING}),
        ("frequency_cap", {"scope": "account", "max": 1.5, "window": ROLLING}),
        ("frequency_cap", {"scope": "account", "max": -1, "window": ROLLING}),
        ("frequency_cap", {"scope": "account", "max": 1, "window": {"kind": "rolling"}}),
        ("frequency_cap", {"scope": "account", "max": 1, "window": {"kind": "rolling", "days": 1, "hours": 1}}),
        ("frequency_cap", {"scope": "account", "max": 1, "window": {"kind": "rolling", "days": 367}}),
        ("frequency_cap", {"scope": "account", "max": 1, "window": {"kind": "calendar", "unit": "day"}}),
        ("quiet_hours", {}),
        ("quiet_hours", {"from": "20:00"}),
        ("quiet_hours", {"from": "20:00", "to": "20:00"}),
        ("quiet_hours", {"from": "20:00", "to": "24:00"}),
        ("quiet_hours", {"from": 1200, "to": "08:00"}),
        ("quiet_hours", {"from": "20:00", "to": "08:00", "fallback_zone": "Europe/Berln"}),
        ("working_days", {}),
        ("working_days", {"days": []}),
        ("working_days", {"days": ["mon"], "public_holidays": "Germany"}),
        ("working_days", {"days": ["mon"], "public_holidays": "DE", "fallback_region": "DE"}),
        ("budget", {}),
        ("budget", {"tokens": {}}),
        ("budget", {"tokens": {"day": 1.5}}),
        ("expires", {"hours": 1, "escalated_hours": 1}),
        ("consent", {"max_age_days": 0}),
        ("value_limit", {}),
        ("value_limit", {"single": float("nan")}),
        ("value_limit", {"single": float("inf")}),
        ("risk_review", {"confidence_below": 60}),
        ("on_model_failure", {"then": "playbook"}),
        ("on_model_failure", {"then": "skip", "playbook": BOOK}),
        ("expires", {"hours": 0}),
        ("expires", {"hours": 1, "when": {"tools": ["send_tutorial"]}}),
        ("expires", {"hours": 1, "then": "approve"}),
        ("holdout", {"share": 5, "seed": "s"}),
        ("holdout", {"share": 0.5}),
        ("holdout", {"share": 0.5, "seed": "s", "when": {"plans": ["team"]}}),
        ("allow_tools", {"allow": []}),
        ("allow_tools", {"allow": [{"tools": ["send_tutorial"]}]}),
        ("allow_tools", {"allow": [{"tools": ["x"], "mode": "auto", "arguments": {"days": {}}}]}),
        ("allow_tools", bounded(within_days={})),
        ("allow_tools", bounded(within_days={"min": 2, "max": 1})),
        ("allow_tools", bounded(within_days={"min": 2}, max=3)),
        ("allow_tools", bounded(within_days={"min": 2}, one_of=["x"])),
        ("working_days", {"days": ["mon"], "public_holidays": "XX"}),
        ("working_days", {"days": ["mon"], "public_holidays": "account", "fallback_region": "DE-ZZ"}),
        ("allow_tools", {"allow": [{"tools": ["x"], "mode": "auto", "arguments": {"d": {"min": 3, "max": 2}}}]}),
    ],
)
def test_values_that_make_no_sense_are_refused(kind: str, values: dict[str, Any]) -> None:
    """Nothing is guessed: another type, an empty list or a contradiction is a mistake."""
    with pytest.raises(ValidationError):
        rule(kind, **values)


@pytest.mark.parametrize(
    ("approved_by", "expected"),
    [([], REVIEW), (["Ines"], REVIEW), (["Ines", "Ines"], REVIEW), (["Ines", "Kofi"], YES)],
)
@pytest.mark.parametrize("changes", [{}, {"account": {"value_per_month": None}}])
def test_four_eyes_are_those_of_two_people(
    approved_by: list[str], expected: Decision, changes: dict[str, Any]
) -> None:
    """The same person twice is one; an account of unknown value counts as one that needs two."""
    policy = Policy.of([ALLOW_ALL, rule("risk_review", four_eyes_above_account_value=50)])
    verdict = evaluate(policy, facts(moment="act", approved_by=approved_by, **changes))
    assert (verdict.decision, verdict.people) == (expected, 2)
    one = Policy.of([ALLOW_ALL, rule("risk_review", account_value_above=50, four_eyes_above_value=50)])
    assert evaluate(one, facts(moment="act", approved_by=["Ines"])).decision is YES


def test_each_approver_must_be_within() -> None:
    """What two people approved counts against both, and each is asked for by name, once."""
    one = rule("value_limit", **BY_ONE)
    act = facts(**{**APPROVED, "approved_by": ["Ines", "Kofi", "Ines"]})
    asked = Policy.of([one]).counters(act)
    assert [(counter.name, counter.approved_by) for counter in asked] == [
        (f"{SPENT_BY}=Ines", "Ines"),
        (f"{SPENT_BY}=Kofi", "Kofi"),
    ]
    counts = {f"{SPENT_BY}=Ines": 0.0, f"{SPENT_BY}=Kofi": 60.0}
    said = judged(one, replace(act, counts=counts))
    assert (said.code, dict(said.saw)["reviewer"]) == ("over_reviewer", "Kofi")
    assert Policy.of([one]).counters(facts(action={"value": 50}, approved_by=["Ines"])) == ()
