"""Every word of a policy can be read by a person."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.policy import Policy
from policies.rules import AnyRule
from policies.telling import has_words
from policies.verdict import Decision, RuleResult
from policies.words import WORDS, explain, summary, templates
from tests.unit.policies.samples import ALLOW_ALL, facts, rule
from tests.unit.policies.strategies import any_facts, any_rules

OUTSIDE_PLACES = re.compile(r"[^{}]+(?=\{|$)")
OURS = re.compile(r"\b(the|of|in|and|is|was|are|be|may|not|no|nothing|it|so|days|hours|before)\b")


def loud(template: str) -> str:
    """A language in which everything is shouted."""
    return OUTSIDE_PLACES.sub(lambda words: words[0].upper(), template)


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


@settings(max_examples=80, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_a_sentence_is_made_of_known_templates(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """Another language is asked for nothing that `templates` does not name, and no English is left beside it."""
    asked: set[str] = set()

    def say(template: str) -> str:
        asked.add(template)
        return OUTSIDE_PLACES.sub("~", template)

    verdict = evaluate(Policy.of(rules), act)
    for result in verdict.results:
        said = explain(result, say)
        assert "~" in said
        for word in (result.rule, *(str(value) for _, value in result.saw)):
            said = said.replace(word, "")
        assert OURS.search(said) is None, said
    assert summary(verdict, say).startswith("~")
    assert {one for one in asked if has_words(one)} <= templates()


@pytest.mark.parametrize(
    ("kind", "code", "saw", "english", "foreign"),
    [
        ("frequency_cap", "under_cap", {"window": "the last 1 days", "count": 0, "max": 1}, "last 1 day: 0 of 1",
         "CONTACTS IN THE LAST 1 DAYS: 0 OF 1"),
        ("budget", "over", {"spent": 9, "what": "tokens", "stretch": "day", "max": 5}, "9 tokens this day",
         "9 TOKENS THIS DAY"),
        ("cooldown_after", "cooling", {"what": "open ticket", "at": "2026-01-01", "days": 3}, "open ticket on",
         "OPEN TICKET ON 2026-01-01"),
        ("cooldown_after", "held", {"code": "not_now", "at": "2026-01-01"}, "(not now), which holds back",
         "SAID NO ON 2026-01-01 (NOT NOW)"),
        ("cooldown_after", "held", {"code": "of_mars", "at": "2026-01-01"}, "(of mars)", "(of mars)"),
        ("quiet_hours", "open", {"weekday": 6, "minute": 61, "zone": "Asia/Kolkata"}, "it is sun 01:01 in Asia/",
         "IT IS SUN 01:01 IN Asia/Kolkata"),
        ("ramp", "halted", {"count": 2, "what": "bounces", "days": 7, "limit": 2}, "2 bounces in", "2 BOUNCES IN"),
        ("risk_review", "risk", {"account_value": None, "first_contact": True}, "is unknown, and it would be",
         "IS UNKNOWN, AND IT WOULD BE"),
        ("working_days", "missing_field", {"field": "the calendar of public holidays in XX"}, "holidays in XX is",
         "HOLIDAYS IN XX IS"),
        ("kill_switch", "stopped", {"reason": "no reason given"}, "no reason given", "NO REASON GIVEN"),
        ("kill_switch", "stopped", {"reason": "Rain"}, "stopped: Rain", "STOPPED: Rain"),
    ],
)  # fmt: skip
def test_values_that_are_words_of_ours_are_translated(
    kind: str, code: str, saw: dict[str, Any], english: str, foreign: str
) -> None:
    """Names, numbers and what people wrote stay as they are."""
    result = RuleResult("r", kind, "enforce", None, code, tuple(saw.items()))
    assert english in explain(result)
    assert foreign in explain(result, loud)


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
