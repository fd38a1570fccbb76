"""Busy times out of calendar data: RFC 5545 events with all that repeats, and published free/busy.

Hosts accept invitations of strangers, so the data are hostile: a rule that would repeat without bound is
refused, and the whole reading has a time limit.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from math import prod
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from prompts.message import clean
from tools.calendars.calendar import Taken

LIMIT_SECONDS = 10.0
# Local times and dates are compared as they stand; no zone is further than this from UTC.
MARGIN = timedelta(days=1)
# Starts that one day of a rule may have.
DENSEST = 96

_OFTEN = ("SECONDLY", "MINUTELY")
# With these a rule can be written that never comes true and is searched for up to the year 9999.
_SPARSE = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")


class UnreadableError(Exception):
    """The data are no calendar, or one of which something cannot be known."""


def taken(
    texts: Iterable[str | bytes], host: str, zone: ZoneInfo, start: datetime, end: datetime
) -> tuple[Taken, ...]:
    """What makes the host busy between two moments, in order.

    Days and times without a zone are in `zone`. Cancelled and transparent events are free, and those that
    the host declined. Where free/busy is published, time outside of what it covers counts as busy.

    Raises:
        UnreadableError: with the reason.
    """
    give_up = time.monotonic() + LIMIT_SECONDS
    try:
        calendars = [one for text in texts for one in _calendars(text)]
        series = _series(calendars)
        found = list(_published(calendars, host, start, end, covers=not series))
        for calendar in series.values():
            _in_time(give_up)
            found += _repeated(calendar, host, zone, start, end)
    except UnreadableError:
        raise
    except Exception as error:  # noqa: BLE001 - data of strangers may break a parser in any way
        raise UnreadableError(f"it cannot be read ({type(error).__name__})") from None
    return tuple(sorted((one for one in found if one.start < end and start < one.end), key=_order))


def _in_time(give_up: float) -> None:
    if time.monotonic() > give_up:
        raise UnreadableError(f"reading took more than {LIMIT_SECONDS:.0f} s")


def _calendars(text: str | bytes) -> list[Any]:
    found: list[Any] = list(Calendar.from_ical(text, multiple=True))
    if not found or any(one.name != "VCALENDAR" for one in found):
        raise UnreadableError("the answer holds no whole calendar")
    return found


def _series(calendars: list[Any]) -> dict[str, Calendar]:
    """Each event with its exceptions, in a calendar of its own."""
    found: dict[str, Calendar] = defaultdict(Calendar)
    for calendar in calendars:
        for event in calendar.walk("VEVENT"):
            uid = str(event.get("uid", ""))
            _refuse_odd(uid, event)
            single = found[uid or f" {len(found)}"]
            if "x-wr-timezone" in calendar:
                single["x-wr-timezone"] = calendar["x-wr-timezone"]
            single.add_component(event)
    return found


def _refuse_odd(uid: str, event: Any) -> None:
    shown = clean(uid, 80)
    for rule in (rule for name in ("rrule", "exrule") for rule in _listed(event.get(name))):
        often = str(rule.get("FREQ", [""])[0]).upper()
        times = prod(len(_listed(rule.get(part))) or 1 for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        odd = often in _OFTEN or (often == "HOURLY" and any(part in rule for part in _SPARSE))
        if odd or times > DENSEST or any(int(one) < 1 for one in _listed(rule.get("INTERVAL"))):
            raise UnreadableError(f"event {shown!r} repeats without bound")
    for name in ("dtstart", "dtend"):
        moment = event.get(name)
        # A zone that is named and not known would be taken for the host's own.
        if moment is not None and "TZID" in moment.params and _naive(moment.dt):
            raise UnreadableError(f"event {shown!r} is in a zone that is not known")


def _naive(moment: Any) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is None


def _repeated(calendar: Calendar, host: str, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Taken]:
    for event in recurring_ical_events.of(calendar).between(start - MARGIN, end + MARGIN):
        if not _is_free(event, host):
            first, last = _moment(event["dtstart"].dt, zone), _moment(event["dtend"].dt, zone)
            yield Taken(host, first, last, str(event.get("uid", "")))


def _is_free(event: Any, host: str) -> bool:
    if (
        str(event.get("status", "")).upper() == "CANCELLED"
        or str(event.get("transp", "")).upper() == "TRANSPARENT"
    ):
        return True
    return any(
        str(one).lower() == f"mailto:{host.lower()}" and str(one.params.get("partstat", "")).upper() == "DECLINED"
        for one in _listed(event.get("attendee"))
    )


def _published(
    calendars: list[Any], host: str, start: datetime, end: datetime, *, covers: bool
) -> Iterator[Taken]:
    covered = []
    for table in (table for one in calendars for table in one.walk("VFREEBUSY")):
        if "dtstart" in table and "dtend" in table:
            covered.append((_moment(table["dtstart"].dt, None), _moment(table["dtend"].dt, None)))
        for period in _listed(table.get("freebusy")):
            if str(period.params.get("fbtype", "BUSY")).upper() != "FREE":
                first, last = period.dt
                first = _moment(first, None)
                yield Taken(host, first, first + last if isinstance(last, timedelta) else _moment(last, None))
    if covers and covered:
        yield from (Taken(host, *gap) for gap in _gaps(sorted(covered), start, end))


def _gaps(
    covered: list[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    known_until = start
    for first, last in covered:
        if first > known_until:
            yield known_until, first
        known_until = max(known_until, last)
    if known_until < end:
        yield known_until, end


def _moment(value: date | datetime, zone: ZoneInfo | None) -> datetime:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - its zone follows
    if value.tzinfo is None:
        if zone is None:
            raise UnreadableError("published free/busy is not in UTC")
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _order(one: Taken) -> tuple[datetime, datetime, str]:
    return one.start, one.end, one.uid
