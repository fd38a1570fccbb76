"""What `policy check` says of a rule is what the rule does, in words that people use."""

from typing import Any

import pytest

from policies.plural import mend_one
from policies.policy import Policy
from policies.words import explain
from tests.unit.policies.samples import counted, facts, judged, rule

WEEK = {"kind": "rolling", "days": 7}
DAY = {"kind": "rolling", "days": 1}
TEAM = {"plans": ["team"]}
ALL = "counted is all there was, whatever the"


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        ("frequency_cap", {"scope": "channel", "max": 5, "window": WEEK, "when": TEAM}, f"{ALL} plan"),
        (
            "frequency_cap",
            {"scope": "global", "max": 5, "window": WEEK, "when": {**TEAM, "drops": ["all_quiet"]}},
            f"{ALL} drop or plan",
        ),
        ("frequency_cap", {"scope": "tool", "max": 5, "window": WEEK, "when": {"tools": ["book_call"]}}, None),
        ("frequency_cap", {"scope": "account", "max": 5, "window": WEEK, "when": TEAM}, None),
        (
            "frequency_cap",
            {"scope": "account", "max": 5, "window": WEEK, "when": {**TEAM, "drops": ["all_quiet"]}},
            f"{ALL} drop",
        ),
        (
            "frequency_cap",
            {"scope": "account", "max": 5, "window": WEEK, "when": {"languages": ["en"]}},
            "language",
        ),
        ("frequency_cap", {"scope": "contact", "max": 5, "window": WEEK, "when": {"languages": ["en"]}}, None),
        ("ramp", {"start": 5, "double_after": 9, "when": {**TEAM, "tools": ["book_call"]}}, f"{ALL} plan"),
        ("ramp", {"start": 5, "double_after": 9, "when": {"tools": ["book_call"]}}, None),
        ("value_limit", {"total": {"max": 5, "window": WEEK}, "when": TEAM}, f"{ALL} plan"),
        ("value_limit", {"per_account": {"max": 5, "window": WEEK}, "when": TEAM}, None),
        ("value_limit", {"single": 5, "when": {"drops": ["all_quiet"]}}, None),
    ],
)
def test_a_rule_that_counts_more_than_it_is_about_says_so(
    kind: str, values: dict[str, Any], says: str | None
) -> None:
    """`when` narrows what is counted by tool and channel alone; what is one account's has one plan anyway."""
    said = rule(kind, **values).describe()
    assert (says or "") in said
    assert (says is None) == (ALL not in said)


def test_what_is_said_to_be_counted_is_counted() -> None:
    """A cap for accounts of one plan is full when others were contacted."""
    cap = rule("frequency_cap", scope="global", max=5, window=WEEK, when=TEAM)
    assert cap.compile().counters is not None
    (asked,) = cap.compile().counters(facts())  # type: ignore[misc]
    assert (asked.tools, asked.channels) == ((), ())
    assert ALL in cap.describe()


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        (
            "frequency_cap",
            {"scope": "account", "max": 1, "window": DAY},
            "per account in the last 1 day: ",
        ),
        ("cooldown_after", {"what": ["bounce"], "days": 1}, "deny for 1 day after bounce"),
        ("consent", {"max_age_days": 1}, "older than 1 day is unknown"),
        ("expires", {"hours": 1}, "waits at most 1 hour;"),
        (
            "ramp",
            {"start": 1, "double_after": 1, "settle_days": 1, "halt": {"complaints": 1, "days": 1}},
            "1 contact a day, doubled after every 1 that stayed good for 1 day; halted by 1 complaint in 1 day",
        ),
    ],
)
def test_one_is_not_several(kind: str, values: dict[str, Any], says: str) -> None:
    """Of a rule, of a finding, and of what a rule said."""
    assert says in rule(kind, **values).describe()


def test_one_is_not_several_in_what_a_rule_said() -> None:
    """The words are mended when they are read: what the log holds stays as it is."""
    cap = rule("frequency_cap", scope="account", max=0, window=DAY)
    said = judged(cap, facts(history=[]))
    assert dict(said.saw)["window"] == "the last 1 days"
    assert explain(said) == "frequency-cap denies: contacts in the last 1 day: 0, and at most 0 may be"
    ramp = rule("ramp", start=1, double_after=1, halt={"complaints": 1, "days": 14})
    halted = judged(ramp, counted(Policy.of([ramp]), facts(), 1.0))
    assert explain(halted) == "ramp denies: 1 complaint in the last 14 days, and 1 halt it"


@pytest.mark.parametrize(
    ("sentence", "mended"),
    [
        ("11 days, 1.5 hours, 0.1 hours, 1 days.", "11 days, 1.5 hours, 0.1 hours, 1 day."),
        ("v-1 days and 1 dayss", "v-1 days and 1 dayss"),
        ("1 good ones of 1 contacts", "1 good one of 1 contact"),
    ],
)
def test_only_one_is_mended(sentence: str, mended: str) -> None:
    """Numbers that end in 1, and broken ones, stay several."""
    assert mend_one(sentence) == mended
