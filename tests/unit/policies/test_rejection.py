"""What each code of a reviewer's no holds back, and for how long."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from policies.facts import RejectCode
from policies.rejection import FOR_EVER, REACHES, REJECT_CODES
from policies.verdict import Decision
from policies.words import explain
from tests.unit.policies.samples import facts, judged, rule

NOW = facts().now
SAME: dict[str, Any] = {"contact": 7, "tool": "send_tutorial", "catalogue_id": "reports-first"}
OTHERS: dict[str, dict[str, Any]] = {
    "offer": {"catalogue_id": "exports-first"},
    "tool": {"tool": "book_call", "catalogue_id": "call-30"},
    "contact": {"contact": 8},
    "both": {"contact": 8, "tool": "book_call", "catalogue_id": "call-30"},
}
"""The same, but for something."""
HELD = {
    "not_now": set(),
    "wrong_tool": {"offer", "contact"},
    "wrong_person": {"offer", "tool"},
    "wrong_words": set(),
    "already_in_touch": set(OTHERS),
    "never_contact": set(OTHERS),
}
"""What each code holds back beside the very same."""


def said(code: str | None, ago: timedelta, *, days: int | None = None, scope: str = "account", **what: Any) -> str:
    """The code of what the rule says of the sound act after such a rejection."""
    happened = {"kind": "rejected", "at": (NOW - ago).isoformat(), **(SAME | what), "code": code}
    one = rule("cooldown_after", what=["rejected"], scope=scope, **({} if days is None else {"days": days}))
    return judged(one, facts(happenings=[happened])).code


def test_every_code_is_told_of() -> None:
    """The names stand twice; this keeps them the same."""
    assert set(get_args(RejectCode)) == set(REJECT_CODES) == set(HELD)
    assert FOR_EVER == ("never_contact",)


@pytest.mark.parametrize("code", REJECT_CODES)
def test_a_code_holds_back_as_long_as_it_says(code: str) -> None:
    """To the second, the edge included; what has no end holds after decades."""
    days = REACHES[code].days
    length = timedelta(days=days or 20_000)
    assert said(code, length) == "held"
    assert said(code, length + timedelta(seconds=1)) == ("rested" if days else "held")


@pytest.mark.parametrize("code", REJECT_CODES)
@pytest.mark.parametrize("other", OTHERS)
def test_a_code_holds_back_what_it_says_and_nothing_else(code: str, other: str) -> None:
    """The very same always; what nobody knows is taken for the same."""
    assert said(code, timedelta(days=1)) == "held"
    assert said(code, timedelta(days=1), **OTHERS[other]) == ("held" if other in HELD[code] else "rested")
    assert said(code, timedelta(days=1), **dict.fromkeys(OTHERS[other])) == "held"


def test_days_hold_back_more_and_never_less() -> None:
    """Everything in the rule's scope for so long, whatever the code; and what the code says all the same."""
    day = timedelta(days=1)
    assert said("not_now", day, days=7, **OTHERS["both"]) == "cooling"
    assert said("not_now", 8 * day, days=7, **OTHERS["both"]) == "rested"
    assert said("not_now", 8 * day, days=7) == "held"
    assert said("not_now", day, days=7, scope="contact", **OTHERS["both"]) == "rested"
    assert said("never_contact", 1000 * day, days=7, scope="contact", **OTHERS["both"]) == "held"


@pytest.mark.parametrize("code", [None, "a_code_of_tomorrow"])
def test_without_a_code_it_is_as_it_was_before(code: str | None) -> None:
    """As the rule's days and scope say, and without any: everything to the account, for thirty days."""
    day, second = timedelta(days=1), timedelta(seconds=1)
    assert said(code, 30 * day, **OTHERS["both"]) == "cooling"
    assert said(code, 30 * day + second) == "rested"
    assert said(code, 90 * day, days=90, **OTHERS["both"]) == "cooling"
    assert said(code, 8 * day, days=7) == "rested"
    assert said(code, day, days=7, scope="contact", **OTHERS["both"]) == "rested"


def test_people_read_the_code_and_what_it_holds_back() -> None:
    """In the verdict, and in what `policy check` says of the rule."""
    happened = {"kind": "rejected", "at": "2026-03-01T09:00:00Z", **SAME, "code": "wrong_tool"}
    one = rule("cooldown_after", what=["rejected"])
    found = judged(one, facts(happenings=[happened]))
    assert found.decision is Decision.DENY
    assert explain(found) == (
        "cooldown-after denies: a reviewer said no on 2026-03-01 (wrong tool), which holds back "
        "this tool for the account, for 90 days"
    )
    assert one.describe() == "deny what a reviewer rejected, as long as the code says"
    both = rule("cooldown_after", what=["rejected", "complaint"], days=90)
    assert both.describe() == (
        "deny for 90 days after rejected or complaint, per account; "
        "what a reviewer rejected, as long as the code says"
    )
