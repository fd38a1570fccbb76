"""The decision log gives back exactly what was judged."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.plain import facts_from_plain, facts_to_plain, verdict_from_plain, verdict_to_plain
from policies.policy import Policy
from policies.rules import AnyRule
from tests.unit.policies.samples import SOUND, facts, judged, rule
from tests.unit.policies.strategies import any_facts, any_rules
from winback.canonical import canonical_json


@settings(max_examples=60, deadline=None)
@given(rules=any_rules, act=any_facts)
def test_facts_and_verdicts_survive_the_log(rules: tuple[AnyRule, ...], act: Facts) -> None:
    """Written as JSON and read again, facts and verdict are equal, and give the same bytes and verdict."""
    policy = Policy.of(rules)
    verdict = evaluate(policy, act)
    logged = json.loads(canonical_json([facts_to_plain(act), verdict_to_plain(verdict)]))
    again, verdict_again = facts_from_plain(logged[0]), verdict_from_plain(logged[1])
    assert again == act
    assert verdict_again == verdict
    assert canonical_json(facts_to_plain(again)) == canonical_json(facts_to_plain(act))
    assert evaluate(policy, again) == verdict


def test_an_older_entry_without_newer_fields_takes_their_defaults() -> None:
    """What an earlier version did not write is what it did not know."""
    plain = facts_to_plain(facts())
    for newer in ("proposed_at", "operator_zone", "counts", "draws", "happenings", "history"):
        del plain[newer]
    assert facts_from_plain(plain) == replace(facts(operator_zone=None, history=[]), draws={})


@pytest.mark.parametrize(
    "change", [{"now": "2026-03-04T12:00:00"}, {"unknown_field": 1}, {"action": {"extra": 1}}]
)
def test_what_was_not_written_here_is_refused(change: dict[str, object]) -> None:
    """A naive datetime or a field that does not exist is an error, not a guess."""
    with pytest.raises((ValueError, TypeError, KeyError)):
        facts(**change)


def test_the_sample_is_plain() -> None:
    """Facts written in full read back as the mapping they were made of."""
    assert facts_to_plain(facts())["account"] == SOUND["account"]


def test_an_entry_without_what_came_later_is_judged_as_it_was() -> None:
    """Before `contacted_long_ago` was written down, an empty history meant the first contact: it still does."""
    act = facts(history=[])
    older = facts_to_plain(act)
    del older["account"]["contacted_long_ago"]
    assert facts_from_plain(older) == act
    eyes = rule("risk_review")
    assert judged(eyes, facts_from_plain(older)).code == "risk"
