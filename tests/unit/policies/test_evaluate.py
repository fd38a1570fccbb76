"""The semantics that hold for every policy and every act."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies.evaluate import evaluate
from policies.facts import Facts, MissingFactError
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.kill_switch import KillSwitch
from policies.rules.risk_review import RiskReview
from policies.rules.rule import Judge, Say
from policies.verdict import Decision, Said
from tests.unit.policies.samples import ALLOW_ALL, counted, facts, results, rule
from tests.unit.policies.strategies import any_facts, any_rules, lenient_rules, tightening_rules

STRICTNESS = {Decision.ALLOW: 0, Decision.REVIEW: 1, Decision.DENY: 2}


@settings(max_examples=150, deadline=None)
@given(
    rules=st.one_of(any_rules, lenient_rules),
    added=tightening_rules,
    act=any_facts,
    answer=st.sampled_from((0.0, 1.0, 500.0)),
)
def test_adding_a_rule_never_permits_more(
    rules: tuple[AnyRule, ...], added: AnyRule, act: Facts, answer: float
) -> None:
    """Any rule but `allow_tools` only tightens: the verdict gets no milder and the act happens no sooner."""
    if act.contact:
        act = replace(act, contact=replace(act.contact, unsubscribed=False, left=False))
    act = counted(policy := Policy.of((*rules, added)), act, answer)
    before, after = evaluate(Policy.of(rules), act), evaluate(policy, act)
    assert STRICTNESS[after.decision] >= STRICTNESS[before.decision]
    if after.decision is not Decision.DENY and before.not_before is not None:
        assert after.not_before is not None
        assert after.not_before >= before.not_before


@settings(max_examples=100, deadline=None)
@given(rules=any_rules, act=any_facts, data=st.data())
def test_order_never_matters(rules: tuple[AnyRule, ...], act: Facts, data: st.DataObject) -> None:
    """The same rules in another order are the same policy: same hash, same verdict."""
    shuffled = tuple(data.draw(st.permutations(rules)))
    assert Policy.of(shuffled).hash == Policy.of(rules).hash
    assert evaluate(Policy.of(shuffled), act) == evaluate(Policy.of(rules), act)


@settings(max_examples=120, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_evaluation_is_total_and_deterministic(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """Every act gets a verdict with one result per rule, the same each time, and a deny has its reason."""
    policy = Policy.of(rules)
    verdict = evaluate(policy, act)
    assert evaluate(policy, act) == verdict
    assert [one.rule for one in verdict.results[: len(rules)]] == [one.id for one in policy.rules]
    deniers = [one for one in verdict.results if one.mode == "enforce" and one.decision is Decision.DENY]
    assert bool(deniers) == (verdict.decision is Decision.DENY)


@settings(max_examples=100, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_shadow_and_off_change_nothing(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """A verdict is what the rules in force say; shadowed and resting rules are recorded beside it."""
    in_force = Policy.of(one for one in rules if one.mode == "enforce")
    all_of_them, alone = evaluate(Policy.of(rules), act), evaluate(in_force, act)
    assert (all_of_them.decision, all_of_them.not_before) == (alone.decision, alone.not_before)


@settings(max_examples=100, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_approval_satisfies_review_and_never_deny(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """At the moment of acting as many different people as are wanted turn review into allow, and nobody deny."""
    act = replace(act, moment="act", approved_by=())
    asked = evaluate(policy := Policy.of(rules), act)
    by_one = evaluate(policy, replace(act, approved_by=("Ines", "Ines")))
    by_two = evaluate(policy, replace(act, approved_by=("Ines", "Kofi")))
    if asked.decision is not Decision.REVIEW:
        assert asked.decision is by_one.decision is by_two.decision
        return
    assert by_one.decision is (Decision.REVIEW if asked.people > 1 else Decision.ALLOW)
    assert by_two.decision is Decision.ALLOW


def test_approval_does_not_count_when_proposing() -> None:
    """Approval of an earlier act says nothing of a new proposal."""
    policy = Policy.of([rule("allow_tools", allow=[{"tools": ["send_tutorial"], "mode": "review"}])])
    assert evaluate(policy, facts(approved_by=["Ines"])).decision is Decision.REVIEW
    assert evaluate(policy, facts(approved_by=["Ines"], moment="act")).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"moment": "act", "drop": {"recovered": True}}, "recovered"),
        ({"contact": {"unsubscribed": True}}, "unsubscribed"),
        ({"contact": {"left": True}}, "left"),
        ({"contact": None}, "no_contact"),
    ],
)
def test_built_in_results_deny_whatever_the_rules_say(changes: dict[str, object], code: str) -> None:
    """Recovered, unsubscribed, gone and nobody are denied by no rule of the file, and recorded like one."""
    verdict = evaluate(Policy.of([ALLOW_ALL]), facts(approved_by=["Ines"], **changes))
    assert verdict.decision is Decision.DENY
    assert code in {one.code for one in verdict.results if one.decision is Decision.DENY}


class Failing(KillSwitch):
    def judge(self, say: Say) -> Judge:  # noqa: ARG002 - says nothing, it fails
        return fails


class Doubting(RiskReview):
    def judge(self, say: Say) -> Judge:  # noqa: ARG002 - says nothing, it fails
        return fails


def fails(act: Facts) -> Said:
    raise MissingFactError("account.plan") if act.moment == "act" else ZeroDivisionError("x")


@pytest.mark.parametrize(
    ("one", "strictest"),
    [
        (Failing(id="r", kind="kill_switch", engaged=False), Decision.DENY),
        (Doubting(id="r", kind="risk_review"), Decision.REVIEW),
    ],
)
@pytest.mark.parametrize(("moment", "code"), [("propose", "error"), ("act", "missing_field")])
def test_a_rule_that_fails_takes_its_strictest_effect(
    one: AnyRule, strictest: Decision, moment: str, code: str
) -> None:
    """Whatever goes wrong inside a rule, it speaks as strictly as it can, and says so."""
    verdict = evaluate(Policy.of([ALLOW_ALL, one]), facts(moment=moment))
    result = results(verdict)["r"]
    assert (verdict.decision, result.decision, result.code) == (strictest, strictest, code)


def test_unknown_counts_deny() -> None:
    """A cap whose count nobody gave denies; unknown is not zero."""
    cap = rule("frequency_cap", scope="global", max=5, window={"kind": "rolling", "days": 1})
    policy = Policy.of([ALLOW_ALL, cap])
    assert results(evaluate(policy, facts()))["frequency-cap"].code == "missing_field"
    assert evaluate(policy, facts()).decision is Decision.DENY
    assert evaluate(policy, facts(counts={"contacts in 24h": 0.0})).decision is Decision.ALLOW


def test_several_quiet_rules_settle_on_a_moment_open_under_all() -> None:
    """The wait ends at the first moment at which every rule that defers is open."""
    rules = [
        rule("quiet_hours", id="mornings", **{"from": "12:00", "to": "09:00"}),
        rule("working_days", id="days", days=["tue"]),
    ]
    verdict = evaluate(Policy.of([ALLOW_ALL, *rules]), facts())
    assert verdict.decision is Decision.ALLOW
    assert verdict.not_before is not None
    assert verdict.not_before.isoformat() == "2026-03-10T08:00:00+00:00"


def test_quiet_rules_that_are_never_open_together_deny() -> None:
    """An act that could never happen is denied, with the reason, and does not wait for ever."""
    rules = [
        rule("quiet_hours", id="mornings", **{"from": "12:00", "to": "00:00"}),
        rule("quiet_hours", id="evenings", **{"from": "00:00", "to": "12:00"}),
    ]
    verdict = evaluate(Policy.of([ALLOW_ALL, *rules]), facts())
    assert verdict.decision is Decision.DENY
    assert results(verdict)["built_in.open"].code == "never_open"


@settings(max_examples=60, deadline=None)
@given(rules=lenient_rules, act=any_facts)
def test_what_may_happen_now_or_later_is_open_then(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """Judged again at `not_before`, the act need not wait any more."""
    assume(act.contact is not None)
    policy = Policy.of(one for one in rules if one.kind in ("allow_tools", "quiet_hours", "working_days"))
    verdict = evaluate(policy, act)
    if verdict.decision is not Decision.DENY and verdict.not_before is not None:
        assert verdict.not_before > act.now
        assert verdict.not_before - act.now < timedelta(days=41)
        assert evaluate(policy, replace(act, now=verdict.not_before)).not_before is None
