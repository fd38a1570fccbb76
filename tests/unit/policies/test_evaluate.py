"""The semantics that hold for every policy and every act."""

from collections.abc import Callable
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
from tests.unit.policies.strategies import CASES, Case, comes_to, tightening_rules

STRICTNESS = {Decision.ALLOW: 0, Decision.REVIEW: 1, Decision.DENY: 2}


EXAMPLES = 40
each_kind = pytest.mark.parametrize("kind", CASES)


def for_all(kind: str, check: Callable[[Policy, Facts, st.DataObject], None]) -> None:
    """Run a check on policies and acts that come to a verdict of that kind, and on nothing else."""
    seen = 0

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(case=CASES[kind], data=st.data())
    def tried(case: Case, data: st.DataObject) -> None:
        nonlocal seen
        act = counted(policy := Policy.of(case[0]), replace(case[1], approved_by=()))
        assume(comes_to(evaluate(policy, act)) == kind)
        seen += 1
        check(policy, act, data)

    tried()
    assert seen >= EXAMPLES / 2, "too few came to what was asked for"


@each_kind
def test_adding_a_rule_never_permits_more(kind: str) -> None:
    """Any rule but `allow_tools` only tightens: the verdict gets no milder and the act happens no sooner."""
    stricter: list[bool] = []

    def check(policy: Policy, act: Facts, data: st.DataObject) -> None:
        added, answer = data.draw(tightening_rules), data.draw(st.sampled_from((0.0, 500.0)))
        more = Policy.of((*policy.rules, added))
        act = counted(more, act, answer)
        before, after = evaluate(policy, act), evaluate(more, act)
        assert STRICTNESS[after.decision] >= STRICTNESS[before.decision]
        if after.decision is not Decision.DENY and before.not_before is not None:
            assert after.not_before is not None
            assert after.not_before >= before.not_before
        stricter.append((after.decision, after.not_before) != (before.decision, before.not_before))

    for_all(kind, check)
    assert any(stricter) is (kind != "deny")


@each_kind
def test_order_never_matters(kind: str) -> None:
    """The same rules in another order are the same policy: same hash, same verdict."""

    def check(policy: Policy, act: Facts, data: st.DataObject) -> None:
        shuffled = Policy.of(data.draw(st.permutations(policy.rules)))
        assert shuffled.hash == policy.hash
        assert evaluate(shuffled, act) == evaluate(policy, act)

    for_all(kind, check)


@each_kind
def test_evaluation_is_total_and_deterministic(kind: str) -> None:
    """Every act gets a verdict with one result per rule, the same each time, and a deny has its reason."""

    def check(policy: Policy, act: Facts, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from((act, replace(act, counts={}))))
        verdict = evaluate(policy, act)
        assert evaluate(policy, act) == verdict
        assert [one.rule for one in verdict.results[: len(policy.rules)]] == [one.id for one in policy.rules]
        deniers = [one for one in verdict.results if one.mode == "enforce" and one.decision is Decision.DENY]
        assert bool(deniers) == (verdict.decision is Decision.DENY)

    for_all(kind, check)


@each_kind
def test_shadow_and_off_change_nothing(kind: str) -> None:
    """A verdict is what the rules in force say; shadowed and resting rules are recorded beside it."""

    def check(policy: Policy, act: Facts, data: st.DataObject) -> None:
        resting = data.draw(tightening_rules).model_copy(
            update={"mode": data.draw(st.sampled_from(("shadow", "off")))}
        )
        more = Policy.of((*policy.rules, resting))
        with_it, without = evaluate(more, counted(more, act)), evaluate(policy, act)
        assert (with_it.decision, with_it.not_before) == (without.decision, without.not_before)
        assert results(with_it)["added"].mode != "enforce"

    for_all(kind, check)


@each_kind
def test_approval_satisfies_review_and_never_deny(kind: str) -> None:
    """At the moment of acting as many different people as are wanted turn review into allow, and nobody deny."""

    def check(policy: Policy, act: Facts, data: st.DataObject) -> None:  # noqa: ARG001
        act = counted(policy, replace(act, moment="act", approved_by=()))
        asked = evaluate(policy, act)
        by_one, by_two = (
            evaluate(policy, counted(policy, replace(act, approved_by=people)))
            for people in (("Ines", "Ines"), ("Ines", "Kofi"))
        )
        if asked.decision is not Decision.REVIEW:
            assert asked.decision is by_one.decision is by_two.decision
            return
        assert by_one.decision is (Decision.REVIEW if asked.people > 1 else Decision.ALLOW)
        assert by_two.decision is Decision.ALLOW

    for_all(kind, check)


@pytest.mark.parametrize("kind", ["wait", "wait for review"])
def test_what_may_happen_later_is_open_then(kind: str) -> None:
    """Judged again at `not_before`, the act need not wait any more."""

    def check(policy: Policy, act: Facts, data: st.DataObject) -> None:  # noqa: ARG001
        verdict = evaluate(policy, act)
        assert verdict.not_before is not None
        assert act.now < verdict.not_before < act.now + timedelta(days=41)
        assert evaluate(policy, replace(act, now=verdict.not_before)).not_before is None

    for_all(kind, check)


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
