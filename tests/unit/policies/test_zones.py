"""Local time across changes of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.zones import UnknownZoneError, start_of, zone_of

# Zones that change at midnight, by half an hour, twice a year, or skipped a day.
ODD = (
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Europe/Berlin",
)


@settings(max_examples=80, deadline=None)
@given(day=st.dates(date(2010, 1, 2), date(2027, 12, 30)), zone=st.sampled_from(ODD))
def test_a_day_starts_when_its_date_first_shows(day: date, zone: str) -> None:
    """At the start the clocks show the day, one second earlier the day before."""
    start = start_of(day, ZoneInfo(zone))
    assert start.astimezone(ZoneInfo(zone)).date() == day
    assert (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("America/Havana", date(2025, 11, 2), datetime(2025, 11, 2, 4, tzinfo=UTC)),  # midnight shown twice
        ("Africa/Cairo", date(2025, 4, 25), datetime(2025, 4, 24, 22, tzinfo=UTC)),  # midnight skipped
        ("America/Toronto", date(1919, 3, 31), datetime(1919, 3, 31, 4, 30, tzinfo=UTC)),  # 23:30 to 00:30
        ("Asia/Kolkata", date(2026, 3, 4), datetime(2026, 3, 3, 18, 30, tzinfo=UTC)),
    ],
)
def test_days_around_a_change_start_where_the_clocks_say(zone: str, day: date, start: datetime) -> None:
    """A midnight that is skipped or shown twice still begins its day, once."""
    assert start_of(day, ZoneInfo(zone)) == start


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "America", "../etc/passwd", "Europe/Berlin\0"])
def test_a_zone_that_does_not_exist_is_named(name: str) -> None:
    """Whatever cannot be found in the database is one kind of error."""
    with pytest.raises(UnknownZoneError):
        zone_of(name)
