"""Answers of a calendar hold for a minute, failures not at all."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.tools.calendars.events import HOST, START
from tools.calendars.calendar import CalendarSilentError
from tools.calendars.remembered import Remembered
from tools.tool import Busy
from winback.clock import SimulatedClock

DAY = START, START + timedelta(days=1)
NOW = datetime(2026, 10, 16, tzinfo=UTC)


class Counted:
    """Counts what it is asked; fails while `down`."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False

    def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self.asked += 1
        if self.down:
            raise CalendarSilentError(HOST, "down")
        return (Busy(HOST, start, end),)

    def probe(self) -> None:
        self.busy(*DAY)


def test_an_answer_holds_for_a_minute() -> None:
    counted, clock = Counted(), SimulatedClock(NOW)
    calendar = Remembered(counted, clock)
    for seconds, asked in ((0, 1), (59, 1), (60, 2), (61, 2)):
        clock.set(NOW + timedelta(seconds=seconds))
        assert calendar.busy(*DAY) == (Busy(HOST, *DAY),)
        assert counted.asked == asked


def test_each_range_has_its_own_answer() -> None:
    calendar = Remembered(Counted(), SimulatedClock(NOW))
    later = DAY[0] + timedelta(days=7), DAY[1] + timedelta(days=7)
    assert calendar.busy(*DAY) != calendar.busy(*later)


def test_a_failure_is_not_remembered_and_an_old_answer_not_used() -> None:
    """A calendar that fell silent is silent, whatever it said before."""
    counted, clock = Counted(), SimulatedClock(NOW)
    calendar = Remembered(counted, clock)
    calendar.busy(*DAY)
    counted.down = True
    clock.set(NOW + timedelta(minutes=2))
    with pytest.raises(CalendarSilentError):
        calendar.busy(*DAY)
    counted.down = False
    assert calendar.busy(*DAY)


def test_a_clock_set_back_does_not_stretch_an_answer() -> None:
    counted, clock = Counted(), SimulatedClock(NOW)
    calendar = Remembered(counted, clock)
    calendar.busy(*DAY)
    clock.set(NOW - timedelta(hours=1))
    calendar.busy(*DAY)
    assert counted.asked == 2


def test_a_probe_always_asks() -> None:
    counted = Counted()
    calendar = Remembered(counted, SimulatedClock(NOW))
    calendar.busy(*DAY)
    calendar.probe()
    assert counted.asked == 2
