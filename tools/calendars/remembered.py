"""A calendar whose answers hold for a minute: a pass over many cases asks the same thing many times."""

from datetime import datetime, timedelta

from tools.calendars.calendar import Calendar
from tools.tool import Busy
from winback.clock import Clock

HOLDS = timedelta(seconds=60)


class Remembered:
    """Answers by range. What failed is asked again."""

    def __init__(self, calendar: Calendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock
        self._answers: dict[tuple[datetime, datetime], tuple[datetime, tuple[Busy, ...]]] = {}

    def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        now = self._clock.now()
        # A copy is replaced in one step: several threads may ask.
        fresh = {at: one for at, one in self._answers.copy().items() if timedelta(0) <= now - one[0] < HOLDS}
        if (start, end) not in fresh:
            fresh[start, end] = (now, self._calendar.busy(start, end))
        self._answers = fresh
        return fresh[start, end][1]

    def probe(self) -> None:
        self._calendar.probe()
