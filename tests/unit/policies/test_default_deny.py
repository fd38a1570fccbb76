"""What no rule allows is denied."""

import pytest
from hypothesis import given, settings

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.policy import Policy
from policies.rules import AnyRule
from policies.verdict import Decision
from tests.unit.policies.samples import facts, results, rule
from tests.unit.policies.strategies import any_facts, any_rules


@settings(max_examples=100, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_no_match_denies(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """Without an `allow_tools` rule in force, nothing ever happens."""
    policy = Policy.of(one for one in rules if one.kind != "allow_tools" or one.mode != "enforce")
    verdict = evaluate(policy, act)
    assert verdict.decision is Decision.DENY
    assert results(verdict)["built_in.default"].code == "no_match"


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_only_a_rule_in_force_allows(mode: str) -> None:
    """What a shadowed or resting rule would allow is denied."""
    policy = Policy.of([rule("allow_tools", allow=[{"tools": ["send_tutorial"], "mode": "auto"}], mode=mode)])
    verdict = evaluate(policy, facts())
    assert verdict.decision is Decision.DENY
    assert results(verdict)["built_in.default"].code == "no_match"


def test_a_policy_without_rules_denies() -> None:
    """Nothing said means no."""
    assert evaluate(Policy.of([]), facts()).decision is Decision.DENY


@pytest.mark.parametrize("name", ["send", "send_tutorial_all", "Send_Tutorial", "send_tutorial ", ""])
def test_tool_names_match_exactly(name: str) -> None:
    """A name that only begins, ends or looks like an allowed one is another tool."""
    policy = Policy.of([rule("allow_tools", allow=[{"tools": ["send_tutorial"], "mode": "auto"}])])
    assert evaluate(policy, facts()).decision is Decision.ALLOW
    assert evaluate(policy, facts(action={"tool": name})).decision is Decision.DENY
