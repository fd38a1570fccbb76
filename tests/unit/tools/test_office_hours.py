"""The page of slots: every free hour of the next working days, whatever the clocks do."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tools.situations import NOW, SITUATION
from tools.catalogue import WEEKDAYS, CallType, Hours
from tools.office_hours import HORIZON_DAYS, NOTICE, Diary, horizon
from tools.tool import Busy

HOST = "jonas@acme.example.com"
CHECKIN = SITUATION.catalogue.calls[0]
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Kolkata",
    "America/Santiago",
]
# Days before clocks change somewhere: Berlin, New York, Lord Howe, Cairo, Santiago, in both directions.
CHANGES = [
    date(2026, 10, 23), date(2027, 3, 26), date(2026, 10, 30), date(2027, 3, 12), date(2026, 10, 2),
    date(2027, 4, 2), date(2026, 10, 28), date(2027, 4, 28), date(2026, 9, 4), date(2027, 4, 1),
]  # fmt: skip
QUARTERS = st.integers(0, 95).map(lambda one: time(one // 4, one % 4 * 15))
STRETCHES = st.lists(
    st.tuples(QUARTERS, QUARTERS)
    .filter(lambda one: one[0] < one[1])
    .map(lambda one: Hours(start=one[0], end=one[1])),
    min_size=1,
    max_size=4,
)


def diary(*busy: Busy, call: CallType = CHECKIN, zone: ZoneInfo = KOLKATA) -> Diary:
    return Diary(call, HOST, busy, zone)


@settings(max_examples=300)
@given(
    changes=st.sampled_from(CHANGES),
    minute=st.integers(0, 4 * 24 * 60),
    zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
    hours=STRETCHES,
    minutes=st.sampled_from([15, 30, 45, 60, 90]),
    busy=st.lists(st.tuples(st.integers(0, 14 * 24 * 12), st.integers(1, 8 * 12)), max_size=12),
)
def test_no_slot_overlaps_what_is_taken(
    changes: date,
    minute: int,
    zones: tuple[str, str],
    hours: list[Hours],
    minutes: int,
    busy: list[tuple[int, int]],
) -> None:
    """In any zones, over any change of the clocks: slots are free, apart, in hours, by day, a day away."""
    now = datetime.combine(changes, time(), UTC) + timedelta(minutes=minute)
    taken = [
        Busy(HOST, at := now + timedelta(minutes=5 * start), at + timedelta(minutes=5 * n)) for start, n in busy
    ]
    host, guest = ZoneInfo(zones[0]), ZoneInfo(zones[1])
    call = CHECKIN.model_copy(
        update={"zone": zones[0], "minutes": minutes, "hours": dict.fromkeys(WEEKDAYS, tuple(hours))}
    )
    length = timedelta(minutes=minutes)
    found = diary(*taken, call=call, zone=guest).page(now, 5)
    for start in found:
        end = start + length
        assert not any(one.start < end and start < one.end for one in taken)
        assert start - now >= NOTICE
        first, last = start.astimezone(host), end.astimezone(host)
        assert any(one.start <= first.time() and last.time() <= one.end for one in hours)
        theirs = start.astimezone(guest), end.astimezone(guest)
        assert time(8) <= theirs[0].time()
        assert theirs[1].time() <= time(20)
        assert diary(*taken, call=call, zone=guest).has(start)
    assert all(later - earlier >= length for earlier, later in pairwise(found))


def test_the_page_has_every_free_start_of_its_days() -> None:
    """From a Friday morning: Monday and Tuesday whole, in the host's hours (10-12 and 14-16 in Berlin)."""
    found = diary(zone=ZoneInfo("Europe/Berlin")).page(NOW, 2)
    monday = datetime(2026, 10, 19, 8, 0, tzinfo=UTC)
    day = [timedelta(minutes=30 * n) for n in (0, 1, 2, 3, 8, 9, 10, 11)]
    assert found == tuple(monday + timedelta(days=step) + one for step in (0, 1) for one in day)


def test_a_days_notice_is_given() -> None:
    """On a Monday at 10:15 in Berlin the first slot is on Tuesday at 10:30."""
    now = datetime(2026, 10, 19, 8, 15, tzinfo=UTC)
    assert diary(zone=ZoneInfo("Europe/Berlin")).page(now, 1)[0] == datetime(2026, 10, 20, 8, 30, tzinfo=UTC)


def test_closed_days_are_no_working_days() -> None:
    """A holiday is not offered and not counted."""
    call = CHECKIN.model_copy(update={"closed": frozenset({date(2026, 10, 19)})})
    days = {one.date() for one in diary(call=call).page(NOW, 2)}
    assert days == {date(2026, 10, 20), date(2026, 10, 21)}


def test_a_full_day_counts_and_shows_nothing() -> None:
    """What is asked for is days of the host, not slots: a full week shows as full."""
    monday = datetime(2026, 10, 19, tzinfo=UTC)
    assert diary(Busy(HOST, monday, monday + timedelta(days=2))).page(NOW, 2) == ()


def test_somebody_elses_time_is_not_the_hosts() -> None:
    """Busy times of other hosts take nothing."""
    monday = datetime(2026, 10, 19, tzinfo=UTC)
    assert diary(Busy("x@y.example", monday, monday + timedelta(days=2))).page(NOW, 2) == diary().page(NOW, 2)


def test_hours_that_the_clock_leaves_out_are_no_slots() -> None:
    """On 28 March 2027 there is no 02:00-03:00 in Berlin; nothing is offered for it, and nothing twice."""
    hours = {"sun": (Hours(start=time(1), end=time(2, 45)), Hours(start=time(3), end=time(4)))}
    call = CHECKIN.model_copy(update={"hours": hours})
    moments = [datetime(2027, 3, 28, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(-16, 40)]
    local = [one.astimezone(ZoneInfo("Europe/Berlin")).time() for one in moments if diary(call=call).has(one)]
    assert local == [time(1), time(3), time(3, 30)]


@pytest.mark.parametrize("hour", [0, 9, 23])
def test_the_horizon_holds_all_that_is_offered_and_stands_all_day(hour: int) -> None:
    """A calendar is asked for one range a day, wide enough for every slot."""
    now = NOW.replace(hour=hour)
    start, end = horizon(now)
    assert (start, end) == horizon(NOW)
    found = diary().page(now, HORIZON_DAYS)
    assert start < found[0]
    assert found[-1] + timedelta(minutes=30) < end


def test_overlapping_stretches_give_no_overlapping_slots() -> None:
    """A catalogue whose hours overlap offers each time once."""
    call = CHECKIN.model_copy(
        update={"hours": {"mon": (Hours(start=time(10), end=time(12)), Hours(start=time(11, 15), end=time(13)))}}
    )
    here = replace(diary(call=call), zone=ZoneInfo("Europe/Berlin"))
    found = [one.astimezone(here.zone).time() for one in here.page(NOW, 1)]
    assert found == [time(10), time(10, 30), time(11), time(11, 30), time(12, 15)]
