"""Quiet hours in every zone of the database, around every change of its clocks and through a whole year.

What is quiet is reckoned a second time here: by whole numbers, from a list of each zone's changes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from policies.facts import Facts
from tests.unit.policies.samples import facts, rule

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ZONES = sorted(available_timezones() - {"localtime"})
SPANS = (("20:00", "08:00"), ("01:15", "02:30"), ("23:30", "00:10"))
"""Over night; within the hours at which most clocks change; around midnight, at which some do."""
Change = tuple[datetime, int]


def offset(zone: ZoneInfo, moment: datetime) -> int:
    """Minutes that the clocks are ahead of UTC."""
    ahead = moment.astimezone(zone).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds()) // 60


@cache
def changes(name: str) -> tuple[Change, ...]:
    """From which moment on the clocks are how far ahead; the first is the start of the year."""
    zone, found, moment = ZoneInfo(name), [(START, offset(ZoneInfo(name), START))], START
    while moment < END:
        after = moment + 12 * HOUR
        if offset(zone, after) != found[-1][1]:
            low, high = moment, after
            while high - low > MINUTE:
                middle = low + ((high - low) // MINUTE // 2) * MINUTE
                low, high = (middle, high) if offset(zone, middle) == found[-1][1] else (low, middle)
            found.append((high, offset(zone, high)))
        moment = after
    return tuple(found)


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def is_quiet(moment: datetime, ahead: int, first: int, last: int) -> bool:
    wall = ((moment - START) // MINUTE + ahead) % (24 * 60)
    return first <= wall < last if first < last else wall >= first or wall < last


def ahead_at(name: str, moment: datetime) -> int:
    return next(ahead for since, ahead in reversed(changes(name)) if since <= moment)


def someone_in(name: str) -> Facts:
    return facts(contact={"zone": name}, account={"zone": None})


def hold(name: str, moments: Iterator[Change], span: tuple[str, str]) -> int:
    """How many of the moments are quiet; each is put off to an open one, and none that is open is."""
    first, last = map(minutes, span)
    opens, act = rule("quiet_hours", **{"from": span[0], "to": span[1]}).compile().next_open, someone_in(name)
    assert opens is not None
    held, sound = 0, {START}
    for moment, ahead in moments:
        sent = opens(act, moment)
        assert sent is not None, (name, moment)
        if not is_quiet(moment, ahead, first, last):
            assert sent == moment, (name, moment)
            continue
        held += 1
        assert moment < sent <= moment + timedelta(days=2), (name, moment)
        if sent not in sound:
            assert not is_quiet(sent, ahead_at(name, sent), first, last), (name, moment, sent)
            assert is_quiet(sent - MINUTE, ahead_at(name, sent - MINUTE), first, last), (name, moment, sent)
            sound.add(sent)
    return held


def hourly(name: str) -> Iterator[Change]:
    """Every hour of the year, at another minute each time, and how far ahead the clocks are."""
    last = changes(name)
    for number in range(365 * 24 - 48):
        moment = START + 24 * HOUR + number * HOUR + (number * 7 % 60) * MINUTE
        while len(last) > 1 and last[1][0] <= moment:
            last = last[1:]
        yield moment, last[0][1]


def around(name: str) -> Iterator[Change]:
    """Every half hour from a day and a half before each change until as long after, and the minutes beside it."""
    for change, _ in changes(name)[1:]:
        steps = [30 * half * MINUTE for half in range(-72, 73)] + [-MINUTE, MINUTE, 29 * MINUTE, 31 * MINUTE]
        for moment in (change + step for step in steps):
            yield moment, ahead_at(name, moment)


def kinds_of_year() -> list[str]:
    """One zone for each way in which clocks go through the year."""
    return list({changes(name): name for name in ZONES}.values())


def test_no_hour_of_a_year_lets_anything_out_in_quiet_hours() -> None:
    """In every kind of year that a zone of the database has; half of all hours are quiet from 20:00 to 08:00."""
    kinds = kinds_of_year()
    held = sum(hold(name, hourly(name), SPANS[0]) for name in kinds)
    assert len(kinds) > 60
    assert held == pytest.approx(len(kinds) * (365 * 24 - 48) / 2, rel=0.01)


@pytest.mark.parametrize("span", SPANS, ids="-".join)
def test_no_change_of_clocks_lets_anything_out_in_quiet_hours(span: tuple[str, str]) -> None:
    """In every zone, every half hour around every change of the year."""
    changing = [name for name in ZONES if len(changes(name)) > 1]
    held = sum(hold(name, around(name), span) for name in changing)
    assert len(changing) > 100
    assert held > 100 * len(changing) * ((minutes(span[1]) - minutes(span[0])) % (24 * 60)) / (24 * 60)


def test_the_clocks_of_this_page_are_those_of_the_database() -> None:
    """What is quiet is reckoned from the list of changes, which must be right itself."""
    for name in ("Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "America/St_Johns"):
        for moment, ahead in [*around(name), *list(hourly(name))[::97]]:
            local = moment.astimezone(ZoneInfo(name))
            assert is_quiet(moment, ahead, local.hour * 60 + local.minute, local.hour * 60 + local.minute + 1)
