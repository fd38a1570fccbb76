"""Quiet hours never let a message out inside them, for any zone and any instant."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.evaluate import evaluate
from policies.policy import Policy
from policies.verdict import Decision
from tests.unit.policies.samples import ALLOW_ALL, facts, judged, rule
from tests.unit.policies.strategies import clock_times, moments

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = st.one_of(
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
    st.sampled_from(("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")),
)
SPANS = st.lists(clock_times, min_size=2, max_size=2, unique=True).map(lambda pair: (pair[0], pair[1]))
NIGHT = {"from": "20:00", "to": "08:00"}


def quiet(local: datetime, first: str, last: str, days: tuple[str, ...] = WEEKDAYS) -> bool:
    """Written a second time, as a person would say it: by the clock on the wall."""
    wall = local.strftime("%H:%M")
    inside = first <= wall < last if first < last else wall >= first or wall < last
    return inside or WEEKDAYS[local.weekday()] not in days


def at(moment: datetime, zone: str | None) -> Any:
    return facts(now=moment.isoformat(), contact={"zone": zone}, account={"zone": None})


def both(first: str, last: str, days: tuple[str, ...]) -> Policy:
    night = rule("quiet_hours", **{"from": first, "to": last})
    return Policy.of([ALLOW_ALL, night, rule("working_days", days=list(days))])


@settings(max_examples=150, deadline=None)
@given(moment=moments, zone=ZONES, span=SPANS)
def test_nothing_is_sent_in_quiet_hours(moment: datetime, zone: str, span: tuple[str, str]) -> None:
    """An act that need not wait lies in open hours, and the moment it waits for is open."""
    first, last = span
    result = judged(rule("quiet_hours", **{"from": first, "to": last}), at(moment, zone))
    assert result.decision is None, "a single rule always opens within a day or two"
    sent = result.not_before or moment
    assert not quiet(sent.astimezone(ZoneInfo(zone)), first, last)
    assert (result.not_before is not None) == quiet(moment.astimezone(ZoneInfo(zone)), first, last)


@settings(max_examples=100, deadline=None)
@given(
    moment=moments,
    zone=ZONES,
    span=SPANS,
    days=st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple),
)
def test_nothing_is_sent_in_quiet_hours_or_on_days_off(
    moment: datetime, zone: str, span: tuple[str, str], days: tuple[str, ...]
) -> None:
    """Two rules that defer are heeded together, in any zone; some hours of some day are open always."""
    verdict = evaluate(both(*span, days), at(moment, zone))
    assert verdict.decision is Decision.ALLOW
    sent = verdict.not_before or moment
    assert not quiet(sent.astimezone(ZoneInfo(zone)), *span, days)


@settings(max_examples=25, deadline=None)
@given(
    hours=st.integers(0, 24 * 12),
    change=st.sampled_from(
        (
            ("Europe/Berlin", datetime(2026, 3, 24, tzinfo=UTC)),
            ("Europe/Berlin", datetime(2026, 10, 20, tzinfo=UTC)),
            ("Australia/Lord_Howe", datetime(2026, 4, 1, tzinfo=UTC)),
            ("Africa/Cairo", datetime(2026, 4, 20, tzinfo=UTC)),
        )
    ),
    first=st.sampled_from(("20:00", "01:30", "23:00", "00:00")),
    last=st.sampled_from(("08:00", "02:30", "00:30", "01:15")),
)
def test_the_wait_ends_at_the_first_open_minute(
    hours: int, change: tuple[str, datetime], first: str, last: str
) -> None:
    """Around a change of the clocks no open minute lies between now and `not_before`."""
    zone, moment = ZoneInfo(change[0]), change[1] + timedelta(hours=hours)
    one = rule("quiet_hours", **{"from": first, "to": last})
    opens = judged(one, at(moment, change[0])).not_before
    minute = moment
    while quiet(minute.astimezone(zone), first, last):
        minute += timedelta(minutes=1)
    assert (opens or moment) == minute


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-04T18:59:59Z", None),
        ("2026-03-04T19:00:00Z", "2026-03-05T07:00:00+00:00"),
        ("2026-03-05T06:59:59Z", "2026-03-05T07:00:00+00:00"),
        ("2026-03-05T07:00:00Z", None),
        # Friday evening; on the Sunday in between the clocks go forward.
        ("2026-03-27T19:00:00Z", "2026-03-30T06:00:00+00:00"),
    ],
)
def test_nights_and_weekends_across_midnight_and_daylight_saving(now: str, opens: str | None) -> None:
    """From 20:00 to 08:00 in Berlin, Monday to Friday: to the second, and by the clock on the wall."""
    verdict = evaluate(both("20:00", "08:00", WEEKDAYS[:5]), facts(now=now))
    assert (verdict.not_before.isoformat() if verdict.not_before else None) == opens
    assert verdict.decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("zone", "now", "hours", "days", "opens"),
    [
        # 02:30 is skipped; at 03:00 it is past.
        ("Europe/Berlin", "2026-03-29T00:30:00", ("20:00", "02:30"), WEEKDAYS, "2026-03-29T01:00:00"),
        # At 02:45 it is quiet; a quarter of an hour later the clocks show 02:00 again, which is open.
        ("Europe/Berlin", "2026-10-25T00:45:00", ("02:30", "08:00"), WEEKDAYS, "2026-10-25T01:00:00"),
        # Half a minute into Sunday the clocks go back to Saturday 23:01, and 23:30 comes again.
        ("America/St_Johns", "2010-11-07T02:30:30", ("23:00", "23:30"), ("sat",), "2010-11-07T03:00:00"),
    ],
)
def test_the_wait_heeds_hours_that_are_skipped_or_come_twice(
    zone: str, now: str, hours: tuple[str, str], days: tuple[str, ...], opens: str
) -> None:
    """The first open moment may be the change of the clocks itself, or lie on the day before."""
    verdict = evaluate(both(*hours, days), at(datetime.fromisoformat(f"{now}+00:00"), zone))
    assert verdict.not_before == datetime.fromisoformat(f"{opens}+00:00")


def test_the_contacts_zone_comes_before_the_accounts_and_the_fallback() -> None:
    """The recipient's clock counts: the contact's, else the account's, else the stated fallback."""
    one = rule("quiet_hours", **NIGHT, fallback_zone="Asia/Kolkata")
    act = {"contact": {"zone": "America/New_York"}, "account": {"zone": "Europe/Berlin"}}
    assert dict(judged(one, facts(**act)).saw)["zone"] == "America/New_York"
    act["contact"]["zone"] = None  # type: ignore[assignment]
    assert dict(judged(one, facts(**act)).saw)["zone"] == "Europe/Berlin"
    act["account"]["zone"] = None  # type: ignore[assignment]
    assert dict(judged(one, facts(**act)).saw)["zone"] == "Asia/Kolkata"


def test_an_unknown_zone_without_fallback_denies() -> None:
    """Where nobody knows the hour, nothing is sent."""
    nowhere = {"contact": {"zone": None}, "account": {"zone": None}}
    assert judged(rule("quiet_hours", **NIGHT), facts(**nowhere)).code == "missing_field"
    assert judged(rule("quiet_hours", **NIGHT), facts(**nowhere)).decision is Decision.DENY
    misspelt = judged(rule("quiet_hours", **NIGHT), facts(contact={"zone": "Europe/Berln"}))
    assert (misspelt.decision, misspelt.code) == (Decision.DENY, "unknown_zone")


def test_operator_as_fallback_is_the_operators_zone() -> None:
    """`fallback_zone: operator` is the zone of the settings, and denies when that is not known."""
    one = rule("quiet_hours", **NIGHT, fallback_zone="operator")
    nowhere = {"contact": {"zone": None}, "account": {"zone": None}}
    assert dict(judged(one, facts(**nowhere, operator_zone="Asia/Kolkata")).saw)["zone"] == "Asia/Kolkata"
    assert judged(one, facts(**nowhere, operator_zone=None)).decision is Decision.DENY
