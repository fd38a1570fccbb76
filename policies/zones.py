"""Local time and moments: what the clocks of a zone show, across daylight-saving changes."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


class UnknownZoneError(Exception):
    """No such zone in the IANA database."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name. Raises UnknownZoneError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZoneError(name) from None


@lru_cache(maxsize=4096)
def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC, midnight skipped or shown twice included."""
    shown = moments(datetime.combine(day, time.min), zone)
    around = (*shown, *change_between(min(shown), max(shown), zone))
    return min(moment for moment in around if moment.astimezone(zone).date() >= day)


def moments(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments, in UTC, that a naive local time can mean: two different ones around a change."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def change_between(low: datetime, high: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moment at which the zone's offset changes between two moments; empty when it does not."""
    before = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == before:
        return ()
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // (2 * SECOND) or 1)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return (high,)


@lru_cache(maxsize=4096)
def openings(day: date, times: tuple[time, ...], zone: ZoneInfo) -> tuple[datetime, ...]:
    """Moments of a local day, in UTC, at which a rule by the clock may begin to hold or cease."""
    found = [moment for clock in times for moment in moments(datetime.combine(day, clock), zone)]
    low, _ = moments(datetime.combine(day, time.min), zone)
    _, high = moments(datetime.combine(day, time.min) + DAY, zone)
    return (*found, *change_between(low, high, zone))
