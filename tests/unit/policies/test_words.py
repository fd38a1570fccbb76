"""Every word of a policy can be read by a person."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.policy import Policy
from policies.rules import AnyRule
from policies.verdict import Decision, RuleResult
from policies.words import WORDS, explain, summary
from tests.unit.policies.samples import ALLOW_ALL, facts, rule
from tests.unit.policies.strategies import any_facts, any_rules


@settings(max_examples=80, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_every_code_has_a_sentence(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """Whatever a rule says of whatever act, the sentence is there and its numbers are filled in."""
    verdict = evaluate(Policy.of(rules), act)
    for result in verdict.results:
        assert (result.kind, result.code) in WORDS
        assert re.search(r"[{}]|None", explain(result)) is None
        assert explain(result).startswith(f"{result.rule} ")
    assert "{" not in summary(verdict)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "stopped (kill-switch: stopped: tried out)"),
        ({"contact": None}, "there is nobody to write to"),
    ],
)
def test_the_summary_names_what_decided(changes: dict[str, object], sentence: str) -> None:
    """One line: the verdict, and every rule that made it."""
    stop = rule("kill_switch", engaged=True, reason="tried out")
    verdict = evaluate(Policy.of([ALLOW_ALL, stop]), facts(**changes))
    line = summary(verdict)
    assert line.startswith("denied (")
    assert sentence.removeprefix("stopped (").removesuffix(")") in line


def test_sentences_read_as_they_should() -> None:
    """Numbers without needless digits, times by the clock on the wall, shadow in the conditional."""
    cap = rule("frequency_cap", scope="account", max=0, window={"kind": "rolling", "days": 7})
    night = rule("quiet_hours", **{"from": "13:00", "to": "14:00"})
    spend = rule("value_limit", single=0.5, mode="shadow")
    act = facts(action={"value": 46.2}, history=[])
    verdict = evaluate(Policy.of([ALLOW_ALL, cap, night, spend]), act)
    said = [explain(one) for one in verdict.results]
    assert "frequency-cap denies: contacts in the last 7 days: 0, and at most 0 may be" in said
    quiet = "it is wed 13:00 in Europe/Berlin, which is closed; not before 2026-03-04 13:00 UTC"
    assert f"quiet-hours says nothing: {quiet}" in said
    assert "value-limit would deny: gives 46.2, and one act may give 0.5" in said


def test_an_approved_act_says_so() -> None:
    """The summary tells an act that may run by itself from one that a person let run."""
    review = rule("allow_tools", allow=[{"tools": ["send_tutorial"], "mode": "review"}])
    act = facts(moment="act", approved_by=["Ines"])
    assert summary(evaluate(Policy.of([review]), act)).startswith("allowed, because it was approved")
    asked = summary(evaluate(Policy.of([review]), replace(act, approved_by=())))
    assert asked.startswith("needs a person (")
    assert summary(evaluate(Policy.of([ALLOW_ALL]), act)).startswith("allowed (")


def test_a_code_of_a_newer_version_is_shown_as_it_is() -> None:
    """A log written by a newer version stays readable."""
    newer = RuleResult("moon", "moon_phase", "enforce", Decision.DENY, "full_moon", (("phase", 0.5),))
    assert explain(newer) == "moon denies: full_moon (phase 0.5)"
