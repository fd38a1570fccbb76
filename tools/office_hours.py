"""When a host could take a call: free slots in plain office hours, on the host's own clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from tools.catalogue import WEEKDAYS, CallType, Hours
from tools.tool import Busy

# The first slot offered lies on the host's third working day after today: what is proposed on a Saturday
# leaves on Monday, for some not before the evening, and must still give a day's notice.
AHEAD = 3
# The least notice for a slot that was offered earlier and is acted on now.
NOTICE = timedelta(hours=24)
HORIZON_DAYS = 45
# Nobody is asked to a call at night: hours of the contact's day between which it must lie.
CIVIL = (time(8), time(20))


@dataclass(frozen=True, slots=True)
class Diary:
    """One host's (an address's) time for one kind of call with a contact who lives in `zone`."""

    call: CallType
    host: str
    busy: tuple[Busy, ...]
    zone: ZoneInfo

    def free(self, now: datetime, count: int) -> tuple[datetime, ...]:
        """The next `count` free starts, in UTC."""
        today = now.astimezone(ZoneInfo(self.call.zone)).date()
        days = (today + timedelta(days=ahead) for ahead in range(1, HORIZON_DAYS))
        later = islice((day for day in days if self._stretches(day)), AHEAD - 1, None)
        starts = (start for day in later for start in self._starts(day))
        return tuple(islice((one for one in starts if self.fits(one)), count))

    def page(self, now: datetime, days: int) -> tuple[datetime, ...]:
        """Every free start of the host's next `days` working days that gives a day's notice, in UTC, in order."""
        earliest, today = now + NOTICE, now.astimezone(ZoneInfo(self.call.zone)).date()
        ahead = (today + timedelta(days=step) for step in range(HORIZON_DAYS))
        open_days = ([one for one in self._starts(day) if one >= earliest] for day in ahead)
        working = islice((starts for starts in open_days if starts), days)
        return tuple(start for starts in working for start in starts if self.fits(start))

    def has(self, start: datetime) -> bool:
        """Whether this start is one of the call's own, free or not."""
        return start.astimezone(UTC) in self._starts(start.astimezone(ZoneInfo(self.call.zone)).date())

    def fits(self, start: datetime) -> bool:
        """Whether the host is free then, and it is day where the contact lives."""
        end = start + timedelta(minutes=self.call.minutes)
        taken = any(one.host == self.host and one.start < end and start < one.end for one in self.busy)
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        by_day = CIVIL[0] <= first.time() and last.time() <= CIVIL[1] and first.date() == last.date()
        return by_day and not taken

    def _stretches(self, day: date) -> bool:
        return day not in self.call.closed and bool(self.call.hours.get(WEEKDAYS[day.weekday()]))

    def _starts(self, day: date) -> Iterator[datetime]:
        if not self._stretches(day):
            return
        zone, length = ZoneInfo(self.call.zone), timedelta(minutes=self.call.minutes)
        taken_until = datetime.min.replace(tzinfo=UTC)
        for hours in sorted(self.call.hours[WEEKDAYS[day.weekday()]], key=lambda one: one.start):
            start = datetime.combine(day, hours.start, zone).astimezone(UTC)
            end = datetime.combine(day, hours.end, zone).astimezone(UTC)
            while start + length <= end:
                # Stretches may overlap, and do so where the clock is put forward between them.
                if start >= taken_until and _within(hours, start, start + length, zone):
                    yield start
                    taken_until = start + length
                start += length


def horizon(now: datetime) -> tuple[datetime, datetime]:
    """The time in which a host's busy times matter; the same all day, so that answers can be kept."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return midnight, midnight + timedelta(days=HORIZON_DAYS + 2)


def _within(hours: Hours, start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """A time that the clock leaves out stands for a later one, outside of the hours."""
    return hours.start <= start.astimezone(zone).time() and end.astimezone(zone).time() <= hours.end
