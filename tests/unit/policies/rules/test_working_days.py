"""Days off and public holidays never let a message out, for any zone and any instant."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.evaluate import evaluate
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.working_days import holidays_of
from policies.verdict import Decision
from tests.unit.policies.samples import ALLOW_ALL, facts, judged, rule
from tests.unit.policies.strategies import moments

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))


def week(*days: str, **more: Any) -> AnyRule:
    return rule("working_days", days=list(days or WEEKDAYS), **more)


def holiday(**more: Any) -> AnyRule:
    return week(public_holidays="account", **more)


@settings(max_examples=100, deadline=None)
@given(
    moment=moments,
    zone=ZONES,
    days=st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True),
    region=st.sampled_from((None, "IN", "DE-BY", "US", "BR")),
)
def test_nothing_is_sent_on_a_day_off(moment: datetime, zone: str, days: list[str], region: str | None) -> None:
    """An act that need not wait lies on a working day of the recipient, and the moment it waits for does."""
    one = week(*days, **({"public_holidays": region} if region else {}))
    result = judged(one, facts(now=moment.isoformat(), contact={"zone": zone}))
    assert result.decision is None
    day = (result.not_before or moment).astimezone(ZoneInfo(zone)).date()
    assert WEEKDAYS[day.weekday()] in days
    assert region is None or not holidays_of(region)(day)
    if result.not_before is not None:
        before = result.not_before - timedelta(seconds=1)
        assert before.astimezone(ZoneInfo(zone)).date() < day


@pytest.mark.parametrize(
    ("region", "day", "off"),
    [
        ("IN", "2026-01-26", True),  # Republic Day
        ("IN", "2026-10-03", False),
        ("DE", "2026-10-03", True),  # German Unity Day, a Saturday
        ("DE-BE", "2026-10-03", True),
        ("DE-BY", "2027-11-01", True),  # All Saints, kept in Bavaria and not in Berlin
        ("DE-BE", "2027-11-01", False),
        ("DE", "2027-11-01", False),
    ],
)
def test_public_holidays_are_those_of_the_region(region: str, day: str, off: bool) -> None:
    """A holiday of a country holds in all its parts, one of a part there alone."""
    act = facts(now=f"{day}T12:00:00Z", account={"region": region})
    result = judged(holiday(), act)
    assert (result.code, result.decision) == ("closed" if off else "open", None)
    assert judged(week(public_holidays=region), act).code == result.code
    assert holidays_of(region)(date.fromisoformat(day)) is off


def test_an_act_on_a_holiday_waits_for_the_day_after() -> None:
    """After Republic Day, a Monday, the wait ends on Tuesday as it begins in Kolkata."""
    act = facts(now="2026-01-26T05:00:00Z", account={"region": "IN"}, contact={"zone": "Asia/Kolkata"})
    verdict = evaluate(Policy.of([ALLOW_ALL, holiday()]), act)
    assert verdict.decision is Decision.ALLOW
    assert verdict.not_before == datetime.fromisoformat("2026-01-26T18:30:00+00:00")


@pytest.mark.parametrize("region", [None, "XX", "DE-ZZ"])
def test_a_region_that_is_not_known_denies_or_falls_back(region: str | None) -> None:
    """Where nobody knows the holidays nothing is sent; the fallback is for accounts without a region."""
    act = facts(now="2026-01-26T12:00:00Z", account={"region": region})
    assert (judged(holiday(), act).decision, judged(holiday(), act).code) == (Decision.DENY, "missing_field")
    fallen_back = judged(holiday(fallback_region="IN"), act)
    assert fallen_back.code == ("closed" if region is None else "missing_field")


def test_a_rule_that_never_opens_denies() -> None:
    """No Tuesday in Lord Howe is a holiday for 40 days on end, but no day at all is open here."""
    rules = [week("mon", id="mondays"), week("tue", id="tuesdays")]
    verdict = evaluate(Policy.of([ALLOW_ALL, *rules]), facts())
    assert verdict.decision is Decision.DENY
