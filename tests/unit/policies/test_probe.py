"""Sample acts lie on both sides of every line that a policy draws, and are always the same."""

from functools import cache

import pytest

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.load import Known, load_placed
from policies.policy import Policy
from policies.rules.kill_switch import KillSwitch
from policies.trial.act_words import changes_of, told
from policies.trial.case import act_of
from policies.trial.probe import PROBES, probes, verdicts, without
from policies.verdict import Decision, Verdict
from tests.unit.policies.samples import ALLOW_ALL, FOLDER, TOOLS, rule
from tools.catalogue import load_catalogue

KNOWN = Known(TOOLS, load_catalogue(None).ids(), None, {})
POLICIES = {name: load_placed(FOLDER / f"{name}.yaml", KNOWN).policy for name in ("default", "demo")}


@cache
def acts_of(name: str) -> tuple[Facts, ...]:
    return probes(POLICIES[name])


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_policy_gives_the_same_acts(name: str) -> None:
    """Two runs of `policy diff` say the same."""
    assert len(acts_of(name)) == PROBES
    assert probes(POLICIES[name]) == acts_of(name)


@pytest.mark.parametrize("name", POLICIES)
def test_every_rule_that_can_speak_decides_some_act_alone(name: str) -> None:
    """Taking any one rule away changes a verdict, so a change of it is seen."""
    policy, acts = POLICIES[name], acts_of(name)
    before = verdicts(policy, acts)
    for one in policy.rules:
        fewer = without(policy, one.id)
        changed = (verdict for act, verdict in zip(acts, before, strict=True) if differs(verdict, fewer, act))
        resting = isinstance(one, KillSwitch) and not one.engaged
        assert resting or next(changed, None) is not None, one.id


def differs(verdict: Verdict, policy: Policy, act: Facts) -> bool:
    other = evaluate(policy, act)
    return (verdict.decision, verdict.not_before) != (other.decision, other.not_before)


@pytest.mark.parametrize("name", POLICIES)
def test_all_three_verdicts_come_up(name: str) -> None:
    """And none of them seldom."""
    decisions = [one.decision for one in verdicts(POLICIES[name], acts_of(name))]
    assert all(decisions.count(one) > PROBES / 30 for one in Decision)


EDGES = [
    (
        "frequency_cap",
        {"scope": "account", "max": 3, "window": {"kind": "rolling", "days": 30}},
        "window",
        "days",
        29,
    ),
    ("frequency_cap", {"scope": "contact", "max": 3, "window": {"kind": "rolling", "hours": 9}}, "max", None, 2),
    ("frequency_cap", {"scope": "channel", "max": 40, "window": {"kind": "rolling", "days": 1}}, "max", None, 41),
    (
        "frequency_cap",
        {"scope": "account", "max": 1, "window": {"kind": "calendar", "unit": "week", "zone": "account"}},
        "window",
        "unit",
        "day",
    ),
    ("value_limit", {"single": 40.0}, "single", None, 40.01),
    (
        "value_limit",
        {"per_account": {"max": 9, "window": {"kind": "rolling", "days": 9}}},
        "per_account",
        "max",
        9.01,
    ),
    ("value_limit", {"total": {"max": 9, "window": {"kind": "rolling", "days": 9}}}, "total", "max", 8),
    (
        "value_limit",
        {"per_reviewer": {"max": 90, "window": {"kind": "rolling", "days": 9}}},
        "per_reviewer",
        "max",
        80,
    ),
    ("quiet_hours", {"from": "21:17", "to": "07:00"}, "from", None, "21:18"),
    ("working_days", {"days": ["mon", "tue", "wed"]}, "days", None, ["mon", "wed"]),
    ("working_days", {"days": ["mon", "wed", "fri"]}, "public_holidays", None, "DE"),
    ("consent", {"unknown": "allow"}, "unknown", None, "review"),
    ("consent", {"max_age_days": 100}, "max_age_days", None, 99),
    ("consent", {}, "needs_source", None, True),
    ("risk_review", {"account_value_above": 500}, "account_value_above", None, 499),
    ("risk_review", {"confidence_below": 0.5}, "confidence_below", None, 0.51),
    ("risk_review", {"four_eyes_above_value": 50}, "four_eyes_above_value", None, 60),
    ("risk_review", {"embedded_model": False}, "embedded_model", None, True),
    ("holdout", {"share": 0.05, "seed": "s"}, "share", None, 0.06),
    ("expires", {"hours": 100}, "hours", None, 101),
    ("expires", {"hours": 100, "then": "escalate"}, "escalated_hours", None, 10),
    ("on_model_failure", {"then": "review"}, "then", None, "skip"),
    ("cooldown_after", {"what": ["bounce"], "days": 30}, "days", None, 31),
    ("cooldown_after", {"what": ["bounce"], "days": 30}, "scope", None, "contact"),
    ("cooldown_after", {"what": ["open_ticket"]}, "days", None, 3),
    ("cooldown_after", {"what": ["rejected"]}, "days", None, 31),
    ("cooldown_after", {"what": ["rejected"], "days": 90}, "days", None, 91),
    ("cooldown_after", {"what": ["rejected", "open_ticket"]}, "what", None, ["open_ticket"]),
    ("cooldown_after", {"what": ["contact"], "days": 30}, "what", None, ["reply", "contact"]),
    ("ramp", {"start": 5, "double_after": 10}, "start", None, 6),
    ("ramp", {"start": 5, "double_after": 10}, "double_after", None, 11),
    ("ramp", {"start": 5, "double_after": 10}, "halt", None, {"complaints": 2, "days": 7}),
    ("budget", {"tokens": {"day": 1000}}, "tokens", "day", 900),
    (
        "expr",
        {"expression": "account.value_per_month > 77.0", "then": "deny", "reason": "r"},
        "then",
        None,
        "review",
    ),
    (
        "expr",
        {"expression": "account.plan == 'gold'", "then": "deny", "reason": "r"},
        "expression",
        None,
        "account.plan == 'silver'",
    ),
]


@pytest.mark.parametrize(("kind", "keys", "key", "inner", "other"), EDGES)
def test_a_small_change_of_any_line_is_seen(
    kind: str, keys: dict[str, object], key: str, inner: str | None, other: object
) -> None:
    """Some act lies between a line and the same line drawn a little elsewhere."""
    changed = {**keys, key: other}
    if inner is not None:
        old = keys[key]
        assert isinstance(old, dict)
        changed[key] = {**old, inner: other}
    policies = [Policy.of([ALLOW_ALL, rule(kind, **one)]) for one in (keys, changed)]
    acts = probes(*policies)
    first, second = (
        [(one.decision, one.people, one.not_before) for one in verdicts(policy, acts)] for policy in policies
    )
    assert first != second


def test_every_question_of_every_policy_is_answered() -> None:
    """No rule takes its strictest effect for want of an answer that only a test could have given."""
    acts = probes(*POLICIES.values())
    for policy in POLICIES.values():
        for verdict in verdicts(policy, acts[::7]):
            missing = [str(dict(one.saw)["field"]) for one in verdict.results if one.code == "missing_field"]
            assert not [one for one in missing if one.startswith(("counts.", "draws.", "run_started_at"))]


@pytest.mark.parametrize("index", range(0, PROBES, 97))
def test_a_sample_act_can_be_copied_into_a_case(index: int) -> None:
    """Its changes, laid over the sound act, give the act again, counted and drawn."""
    act = acts_of("default")[index]
    again: Facts = act_of(changes_of(act))
    assert changes_of(again) == changes_of(act)
    assert (again.action, again.account, again.contact, again.now) == (
        act.action,
        act.account,
        act.contact,
        act.now,
    )


def test_what_goes_without_saying_is_not_said() -> None:
    """Counts of 0 and high draws are what a case that says nothing has."""
    plain, counted = acts_of("default")[0], next(one for one in acts_of("default") if any(one.counts.values()))
    assert plain.draws
    assert not {"draws", "counts"} & changes_of(plain).keys()
    assert 0 not in changes_of(counted)["counts"].values()


def test_an_act_in_words() -> None:
    """What it is, and whatever else differs from the sound act."""
    act = act_of(
        {
            "now": "2026-03-05T12:00:00Z",
            "moment": "act",
            "proposed_at": "2026-03-05T11:00:00Z",
            "approved_by": ["Ines", "Omar"],
            "account": {"plan": None, "tags": []},
            "agent": {"embedded": True},
            "history": [],
            "happenings": [{"kind": "bounce", "at": "2026-03-02T12:00:00Z"}],
            "counts": {"contacts in 24h": 3},
            "draws": {"s": 0.5},
        }
    )
    assert told(act) == (
        "send_tutorial for feature_fell; on Thu 2026-03-05 12:00 UTC; about to be carried out, "
        "proposed 1 hour ago, approved by 2; account.plan unknown; account.tags none; agent.embedded yes; "
        "never contacted before; a bounce 3 days ago; contacts in 24h: 3; drawn 0.5 for s"
    )
