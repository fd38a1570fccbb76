"""Caps in three kinds of window."""

from typing import Any

import pytest

from policies.counter import Counter
from policies.facts import BY_HAND
from policies.policy import Policy
from policies.rules import AnyRule
from policies.verdict import Decision
from tests.unit.policies.samples import facts, judged, rule

DAY = {"kind": "rolling", "days": 1}


def cap(most: int = 1, scope: str = "account", window: dict[str, Any] | None = None, **more: Any) -> AnyRule:
    return rule("frequency_cap", scope=scope, max=most, window=window or DAY, **more)


def past(at: str, contact: int | None = 7, tool: str = "send_tutorial", channel: str = "email") -> dict[str, Any]:
    return {"at": at, "contact": contact, "tool": tool, "channel": channel}


@pytest.mark.parametrize(
    ("window", "earlier", "now", "denied"),
    [
        # Rolling, to the second; the edge itself still counts.
        (DAY, "2026-03-03T12:00:01Z", "2026-03-04T12:00:00Z", True),
        (DAY, "2026-03-03T12:00:00Z", "2026-03-04T12:00:00Z", True),
        (DAY, "2026-03-03T11:59:59Z", "2026-03-04T12:00:00Z", False),
        # A calendar day in the account's zone (Berlin): 23:00 and then 00:00 both pass.
        ("account day", "2026-03-03T22:00:00Z", "2026-03-03T23:00:00Z", False),
        ("account day", "2026-03-03T23:00:00Z", "2026-03-04T22:59:59Z", True),
        # The same contacts in the operator's zone (New York) lie in one day.
        ("operator day", "2026-03-03T22:00:00Z", "2026-03-03T23:00:00Z", True),
        ("operator day", "2026-03-04T04:59:59Z", "2026-03-04T05:00:00Z", False),
        # A week begins on Monday, a month on its first day.
        ("account week", "2026-03-01T22:59:59Z", "2026-03-04T12:00:00Z", False),
        ("account week", "2026-03-01T23:00:00Z", "2026-03-04T12:00:00Z", True),
        ("account month", "2026-02-28T22:59:59Z", "2026-03-04T12:00:00Z", False),
        ("account month", "2026-02-28T23:00:00Z", "2026-03-04T12:00:00Z", True),
    ],
)
def test_windows_differ_and_each_holds_to_the_second(window: Any, earlier: str, now: str, denied: bool) -> None:
    """Rolling, calendar in the account's zone and calendar in the operator's zone are three things."""
    if isinstance(window, str):
        zone, unit = window.split()
        window = {"kind": "calendar", "unit": unit, "zone": zone}
    act = facts(now=now, history=[past(earlier)], operator_zone="America/New_York")
    result = judged(cap(window=window), act)
    assert (result.decision is Decision.DENY) == denied
    assert result.code == ("over_cap" if denied else "under_cap")


def test_zero_means_zero() -> None:
    """A cap of 0 denies the first contact too."""
    assert judged(cap(0), facts(history=[])).decision is Decision.DENY
    assert judged(cap(1), facts(history=[])).decision is None


def test_account_scope_counts_everybody_and_contact_scope_one() -> None:
    """Contacts of a colleague count against the account, not against this person."""
    act = facts(history=[past("2026-03-04T11:00:00Z", contact=8)])
    assert judged(cap(scope="account"), act).decision is Decision.DENY
    assert judged(cap(scope="contact"), act).decision is None
    assert judged(cap(scope="contact"), facts(contact=None)).code == "missing_field"


def test_a_contact_with_nobody_known_counts_for_everybody() -> None:
    """Where nobody knows whom it reached, it may have been this person."""
    act = facts(history=[past("2026-03-04T11:00:00Z", contact=None)])
    assert judged(cap(scope="contact"), act).decision is Decision.DENY


@pytest.mark.parametrize("scope", ["account", "contact"])
def test_a_contact_by_hand_counts_unless_other_tools_are_named(scope: str) -> None:
    """What a colleague wrote outside Winback is a contact like others."""
    act = facts(history=[past("2026-03-04T11:00:00Z", tool=BY_HAND)])
    assert judged(cap(scope=scope), act).decision is Decision.DENY
    assert judged(cap(scope=scope, when={"channels": ["email"]}), act).decision is Decision.DENY
    assert judged(cap(scope=scope, when={"tools": ["send_tutorial"]}), act).decision is None


def test_when_narrows_what_is_counted() -> None:
    """All tools count together unless `when` names some: then only those are capped and counted."""
    act = facts(history=[past("2026-03-04T11:00:00Z", tool="book_call")])
    assert judged(cap(), act).decision is Decision.DENY
    assert judged(cap(when={"tools": ["send_tutorial"]}), act).decision is None
    assert judged(cap(when={"channels": ["sms"]}), act).code == "not_concerned"


def test_wide_scopes_ask_the_database() -> None:
    """Tool, channel and global caps name what to count, and judge by the answer."""
    rules = [
        cap(scope="tool", id="by-tool"),
        cap(scope="channel", id="by-channel"),
        cap(scope="global", id="by-all", when={"tools": ["send_tutorial", "book_call"]}),
        cap(scope="global", id="other", when={"tools": ["book_call"]}),
        cap(scope="account", id="by-account"),
    ]
    act = facts()
    since = facts(now="2026-03-03T12:00:00Z").now
    both, tutorials = ("send_tutorial", "book_call"), ("send_tutorial",)
    assert set(Policy.of(rules).counters(act)) == {
        Counter("contacts in 24h tools=book_call,send_tutorial", "contacts", since, tools=both),
        Counter("contacts in 24h channels=email", "contacts", since, channels=("email",)),
        Counter("contacts in 24h tools=send_tutorial", "contacts", since, tools=tutorials),
    }
    asked = "contacts in 24h tools=send_tutorial"
    assert judged(rules[0], facts(counts={asked: 1.0})).decision is Decision.DENY
    assert judged(rules[0], facts(counts={asked: 0.0})).decision is None


def test_equal_questions_are_asked_once() -> None:
    """Caps that count the same share one answer, however the window was written."""
    rules = [
        cap(scope="global", id="by-days", window={"kind": "rolling", "days": 2}),
        cap(9, scope="global", id="by-hours", window={"kind": "rolling", "hours": 48}),
    ]
    assert [one.name for one in Policy.of(rules).counters(facts())] == ["contacts in 48h"]


def test_a_calendar_cap_without_a_zone_denies() -> None:
    """Where the account's day begins is unknown, so the strictest holds; nothing is counted either."""
    window = {"kind": "calendar", "unit": "day", "zone": "account"}
    act = facts(account={"zone": None}, contact={"zone": None})
    assert judged(cap(window=window), act).decision is Decision.DENY
    assert Policy.of([cap(window=window, scope="global")]).counters(act) == ()
