"""Judging logged decisions again: the same policy says the same, another one says what changed and who did it."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policies.counter import Counter
from policies.evaluate import evaluate
from policies.evidence import Logged, judgements
from policies.facts import Facts
from policies.plain import OPTIONS, record, said_plainly
from policies.policy import Policy, policy_text
from policies.replay import (
    Change,
    Fresh,
    change_between,
    differing,
    judge_again,
    movers_between,
    policy_from_text,
)
from policies.rules import AnyRule
from policies.verdict import Decision
from tests.unit.policies.samples import ALLOW_ALL, counted, facts, rule
from tests.unit.policies.strategies import CASES, Case, any_rules, comes_to, tightening_rules

CAP = rule("frequency_cap", scope="global", max=5, window={"kind": "rolling", "days": 7})
CAPPED = Policy.of([ALLOW_ALL, CAP])


def unknown(_: object) -> None:
    """Nobody knows."""


def logged(policy: Policy, act: Facts) -> Logged:
    """A verdict as the log has it."""
    return Logged(orjson.dumps(said_plainly(evaluate(policy, act)), option=OPTIONS))


@pytest.mark.parametrize("kind", CASES)
def test_the_same_policy_says_the_same_word_for_word(kind: str) -> None:
    """Whatever was known when an act was judged: the evidence gives the same verdict, rule by rule."""
    seen: list[str] = []

    @settings(max_examples=25, deadline=None)
    @given(case=CASES[kind], answer=st.sampled_from((None, 0.0, 0.0, 3.0)))
    def tried(case: Case, answer: float | None) -> None:
        policy, act = Policy.of(case[0]), replace(case[1], approved_by=())
        judged = act if answer is None else counted(policy, act, answer)
        verdict = evaluate(policy, judged)
        (one,) = judgements(record(judged, verdict, shadow=None))
        again = judge_again(policy, one.facts, unknown, unknown)
        assert one.facts == judged
        assert differing(one.verdict, again.verdict) == ()
        assert change_between([(one.verdict, Fresh(again.verdict))]).same
        seen.append(comes_to(verdict))

    tried()
    assert kind in seen


@pytest.mark.parametrize("kind", ["deny", "allow"])
def test_a_stricter_policy_never_lets_a_denied_act_pass(kind: str) -> None:
    """What was denied in the log, by one rule or by all, is denied on replay when a rule was added."""
    seen: list[bool] = []

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    @given(case=CASES[kind], one_more=tightening_rules, added=tightening_rules)
    def tried(case: Case, one_more: AnyRule, added: AnyRule) -> None:
        rules = (*case[0], one_more.model_copy(update={"id": "one-more"}))
        before, after = Policy.of(rules), Policy.of([*rules, added])
        judged = counted(before, case[1])
        verdict = evaluate(before, judged)
        (one,) = judgements(record(judged, verdict, shadow=None))
        again = judge_again(after, one.facts, lambda _: 0.0, lambda _: 0.5)
        assume(verdict.decision is Decision.DENY)
        seen.append(True)
        assert again.verdict.decision is Decision.DENY

    tried()
    assert len(seen) > 10


@settings(max_examples=40, deadline=None)
@given(rules=any_rules)
def test_a_policy_survives_being_written_down(rules: tuple[AnyRule, ...]) -> None:
    """Read from its text it is the same policy, with the same hash."""
    policy = Policy.of(rules)
    again = policy_from_text(policy_text(policy))
    assert (again.rules, again.hash) == (policy.rules, policy.hash)


def test_what_the_log_lacks_is_counted_once_more() -> None:
    """A counter that the old policy never asked is answered by the caller, and the verdict goes by it."""
    asked: list[Counter] = []

    def count(counter: Counter) -> float:
        asked.append(counter)
        return 5.0

    again = judge_again(CAPPED, facts(), count, unknown)
    assert (again.verdict.decision, again.exact) == (Decision.DENY, True)
    assert [one.name for one in asked] == ["contacts in 168h"]


def test_what_the_log_knows_is_not_counted_again() -> None:
    """The number of the time holds, whatever could be counted today; only the other one is asked for."""
    daily = rule("frequency_cap", scope="tool", max=5, window={"kind": "rolling", "days": 1})
    policy = Policy.of([ALLOW_ALL, CAP, daily.model_copy(update={"id": "daily"})])
    asked: list[str] = []

    def count(counter: Counter) -> float:
        asked.append(counter.name)
        return 9.0 if counter.name == "contacts in 168h" else 0.0

    again = judge_again(policy, facts(counts={"contacts in 168h": 4.0}), count, unknown)
    assert (again.verdict.decision, again.exact) == (Decision.ALLOW, True)
    assert asked == ["contacts in 24h tools=send_tutorial"]


@pytest.mark.parametrize("added", [CAP, rule("holdout", share=0.1, seed="new")], ids=["a count", "a draw"])
def test_what_nobody_knows_is_strict_and_said(added: AnyRule) -> None:
    """A number that is not known any more: the rule takes its strictest effect, and the verdict is not exact."""
    again = judge_again(Policy.of([ALLOW_ALL, added]), facts(), unknown, unknown)
    assert (again.verdict.decision, again.exact) == (Decision.DENY, False)


def test_a_rule_that_only_watches_leaves_the_verdict_exact() -> None:
    """What a rule in shadow mode could not count changes nothing that is decided."""
    watching = CAP.model_copy(update={"mode": "shadow"})
    again = judge_again(Policy.of([ALLOW_ALL, watching]), facts(), unknown, unknown)
    assert (again.verdict.decision, again.exact) == (Decision.ALLOW, True)


def test_a_draw_for_a_new_seed_is_asked_for() -> None:
    """Where an account falls for a seed that the log does not have is answered by the caller."""
    policy = Policy.of([ALLOW_ALL, rule("holdout", share=0.1, seed="new")])
    assert judge_again(policy, facts(), unknown, lambda _: 0.05).verdict.decision is Decision.DENY
    assert judge_again(policy, facts(), unknown, lambda _: 0.15).verdict.decision is Decision.ALLOW


def test_each_word_that_differs_is_named() -> None:
    """The decision, the number of people, the moment, and rules by their ids."""
    act = facts(counts={"contacts in 168h": 4.0})
    before = logged(CAPPED, act)
    tighter = rule("frequency_cap", scope="global", max=4, window={"kind": "rolling", "days": 7})
    again = evaluate(Policy.of([ALLOW_ALL, tighter]), act)
    assert differing(before, again) == ("decision", "frequency-cap")


def test_the_rules_that_made_a_change_are_named() -> None:
    """Stricter: who says so now; milder: who does not say so any more."""
    act = facts(counts={"contacts in 168h": 9.0})
    free, capped = logged(Policy.of([ALLOW_ALL]), act), logged(CAPPED, act)
    assert movers_between([(free, capped)]) == ("frequency-cap",)
    assert movers_between([(capped, free)]) == ("frequency-cap",)
    assert change_between([(free, capped)]) == Change("allow", "deny")


def test_another_moment_is_a_change_of_its_own() -> None:
    """The decision stands, the act would happen later: the rule that waits is named."""
    night = facts(now="2026-03-04T02:00:00Z")
    early, late = (rule("quiet_hours", **{"from": "20:00", "to": to}) for to in ("07:00", "09:00"))
    before = logged(Policy.of([ALLOW_ALL, early]), night)
    after = Fresh(evaluate(Policy.of([ALLOW_ALL, late]), night))
    assert change_between([(before, after)]) == Change("allow", "allow", moved=True)
    assert movers_between([(before, after)]) == ("quiet-hours",)
    assert change_between([(before, logged(Policy.of([ALLOW_ALL, early]), night))]).same


def test_of_many_options_the_mildest_counts() -> None:
    """A case for which everything was refused changes when one option would not be."""
    act = facts()
    other = replace(act, action=replace(act.action, tool="book_call"))
    before = Policy.of([rule("consent")])
    evidence = orjson.dumps(
        {
            "facts": act,
            "options": [
                {"action": one.action, "verdict": said_plainly(evaluate(before, one)), "shadow": None}
                for one in (act, other)
            ],
        },
        option=OPTIONS,
    )
    found = judgements(evidence)
    assert [one.facts for one in found] == [act, other]
    after = Policy.of([rule("allow_tools", allow=[{"tools": ["book_call"], "mode": "review"}])])
    pairs = [(one.verdict, Fresh(evaluate(after, one.facts))) for one in found]
    assert change_between(pairs) == Change("deny", "review")
    assert movers_between(pairs) == ("built_in.default",)


@pytest.mark.parametrize("change", [{"newer": 1}, {"facts": {"now": "2026-03-04T12:00:00Z"}}])
def test_evidence_of_another_form_is_refused(change: dict[str, object]) -> None:
    """Keys that this version does not know, or facts that lack what it must have, are an error, never a guess."""
    act = facts()
    evidence = {**orjson.loads(record(act, evaluate(CAPPED, act), shadow=None)), **change}
    with pytest.raises((KeyError, TypeError, ValueError)):
        judgements(orjson.dumps(evidence))
