"""Busy times out of calendar data, also out of data that somebody made to hurt."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tools.calendars.events import HOST
from tools.calendars.calendar import Taken, apart_from
from tools.calendars.occurrences import UnreadableError, taken
from tools.tool import Busy

BERLIN = ZoneInfo("Europe/Berlin")
FROM = datetime(2026, 10, 19, tzinfo=UTC)
UNTIL = FROM + timedelta(days=14)
FRIDAY = """BEGIN:VTIMEZONE
TZID:Company Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
"""


def calendar(*components: str, head: str = "") -> str:
    text = "\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", head, *components, "END:VCALENDAR"])
    return "\r\n".join(line for line in text.splitlines() if line) + "\r\n"


def event(*lines: str, uid: str = "one@x") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"])


def free_busy(*lines: str) -> str:
    return "\n".join(["BEGIN:VFREEBUSY", "UID:fb", "DTSTAMP:20260101T000000Z", *lines, "END:VFREEBUSY"])


def read(*texts: str, zone: ZoneInfo = BERLIN) -> tuple[Taken, ...]:
    return taken(texts, HOST, zone, FROM, UNTIL)


def spans(found: Iterable[Busy]) -> list[tuple[str, str]]:
    return [(f"{one.start:%d %H:%M}", f"{one.end:%d %H:%M}") for one in found]


def test_one_event() -> None:
    found = read(calendar(event("DTSTART:20261020T090000Z", "DTEND:20261020T100000Z")))
    assert found == (Taken(HOST, FROM.replace(day=20, hour=9), FROM.replace(day=20, hour=10), "one@x"),)


def test_a_weekly_meeting_keeps_its_hour_over_the_change_of_the_clocks() -> None:
    """10:00 in Berlin is 08:00 UTC in summer and 09:00 in winter."""
    found = read(
        calendar(event("DTSTART;TZID=Europe/Berlin:20200106T100000", "DURATION:PT30M", "RRULE:FREQ=WEEKLY"))
    )
    assert spans(found) == [("19 08:00", "19 08:30"), ("26 09:00", "26 09:30")]


def test_exceptions_of_a_series() -> None:
    """One left out, one moved, one cancelled by itself; the rest stands."""
    series = event(
        "DTSTART:20261019T090000Z", "DTEND:20261019T100000Z", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20261020T090000Z"
    )
    moved = event("RECURRENCE-ID:20261021T090000Z", "DTSTART:20261021T150000Z", "DTEND:20261021T160000Z")
    off = event("RECURRENCE-ID:20261022T090000Z", "DTSTART:20261022T090000Z", "DTEND:20261022T100000Z",
                "STATUS:CANCELLED")  # fmt: skip
    assert spans(read(calendar(series, moved, off))) == [("19 09:00", "19 10:00"), ("21 15:00", "21 16:00")]


@pytest.mark.parametrize(
    ("zone", "span"),
    [("Europe/Berlin", ("19 22:00", "20 22:00")), ("Asia/Kolkata", ("19 18:30", "20 18:30")),
     ("America/New_York", ("20 04:00", "21 04:00"))],
)  # fmt: skip
def test_a_whole_day_is_a_day_of_the_host(zone: str, span: tuple[str, str]) -> None:
    assert spans(read(calendar(event("DTSTART;VALUE=DATE:20261020")), zone=ZoneInfo(zone))) == [span]


def test_the_day_the_clocks_change_has_25_hours() -> None:
    found = read(calendar(event("DTSTART;VALUE=DATE:20261025", "DTEND;VALUE=DATE:20261026")))
    assert found[0].end - found[0].start == timedelta(hours=25)


def test_a_time_without_a_zone_is_the_hosts() -> None:
    found = read(
        calendar(event("DTSTART:20261020T090000", "DTEND:20261020T100000")), zone=ZoneInfo("Asia/Kolkata")
    )
    assert spans(found) == [("20 03:30", "20 04:30")]


def test_a_zone_that_the_file_defines() -> None:
    found = read(
        calendar(
            event(
                "DTSTART;TZID=Company Standard Time:20261020T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2"
            ),
            head=FRIDAY,
        )
    )
    assert spans(found) == [("20 06:00", "20 07:00"), ("21 06:00", "21 07:00")]


@pytest.mark.parametrize(
    "line",
    ["STATUS:CANCELLED", "TRANSP:TRANSPARENT", f"ATTENDEE;PARTSTAT=DECLINED:MAILTO:{HOST.upper()}"],
)
def test_what_takes_no_time(line: str) -> None:
    """Cancelled, shown as free, or declined by this host."""
    assert read(calendar(event("DTSTART:20261020T090000Z", "DTEND:20261020T100000Z", line))) == ()


@pytest.mark.parametrize(
    "line", ["STATUS:TENTATIVE", "TRANSP:OPAQUE", "ATTENDEE;PARTSTAT=DECLINED:mailto:other@acme.example.com"]
)
def test_what_takes_time_all_the_same(line: str) -> None:
    assert len(read(calendar(event("DTSTART:20261020T090000Z", "DTEND:20261020T100000Z", line)))) == 1


def test_free_busy_and_what_it_does_not_cover() -> None:
    """FREE periods are free, all other kinds are not, and time that the table says nothing of is not either."""
    found = read(
        calendar(
            free_busy(
                "DTSTART:20261020T000000Z",
                "DTEND:20261030T000000Z",
                "FREEBUSY:20261021T090000Z/PT1H,20261022T090000Z/20261022T100000Z",
                "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261023T090000Z/PT1H",
                "FREEBUSY;FBTYPE=FREE:20261024T090000Z/PT1H",
            )
        )
    )
    assert spans(found) == [
        ("19 00:00", "20 00:00"),
        ("21 09:00", "21 10:00"),
        ("22 09:00", "22 10:00"),
        ("23 09:00", "23 10:00"),
        ("30 00:00", "02 00:00"),
    ]


def test_events_and_free_busy_together() -> None:
    """A file with both is a calendar: its table only adds."""
    found = read(
        calendar(
            event("DTSTART:20261020T090000Z", "DTEND:20261020T100000Z"),
            free_busy("DTSTART:20261020T000000Z", "DTEND:20261021T000000Z", "FREEBUSY:20261020T150000Z/PT1H"),
        )
    )
    assert spans(found) == [("20 09:00", "20 10:00"), ("20 15:00", "20 16:00")]


def test_an_empty_calendar_is_free_and_many_files_are_read_together() -> None:
    assert read(calendar()) == ()
    texts = (calendar(event(f"DTSTART:2026102{n}T090000Z", "DURATION:PT1H", uid=f"{n}@x")) for n in (1, 0))
    assert spans(read(*texts)) == [("20 09:00", "20 10:00"), ("21 09:00", "21 10:00")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no whole calendar"),
        ("<html><body>Log in</body></html>", "cannot be read"),
        ("BEGIN:VEVENT\r\nDTSTART:20261020T090000Z\r\nEND:VEVENT\r\n", "no whole calendar"),
        (calendar(event("DTSTART:20261020T090000Z")).replace("END:VCALENDAR\r\n", ""), "no whole calendar"),
        (calendar(event("DTSTART:yesterday")), "cannot be read"),
        (calendar(event("DTSTART:20261020T090000Z", "DURATION:soon")), "cannot be read"),
        (calendar(event("DTSTART;TZID=Atlantis:20261020T090000", "DURATION:PT1H")), "a zone that is not known"),
        (calendar(event("DTSTART:20261020T090000Z", "RRULE:FREQ=NEVER")), "cannot be read"),
        (calendar(free_busy("FREEBUSY:20261021T090000/PT1H")), "not in UTC"),
    ],
)
def test_what_is_not_understood_is_not_free(text: str, says: str) -> None:
    """A log-in page, half a file, a broken event: nothing is taken for an empty calendar."""
    with pytest.raises(UnreadableError, match=says):
        read(text)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;COUNT=10",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        f"FREQ=DAILY;BYHOUR=1,2;BYMINUTE={','.join(map(str, range(60)))}",
    ],
)
def test_a_rule_without_bound_is_refused_at_once(rule: str) -> None:
    """A stranger's invitation cannot keep a worker busy."""
    began = time.monotonic()
    with pytest.raises(UnreadableError, match="event 'one@x' repeats without bound"):
        read(calendar(event("DTSTART:20261020T090000Z", "DURATION:PT1H", f"RRULE:{rule}")))
    assert time.monotonic() - began < 2


@settings(max_examples=150)
@given(st.text(alphabet="BEGIN:VCALNDTRSUMFQYXW;=,/0123456789TZ-+\r\n ", max_size=200))
def test_noise_is_answered_with_one_kind_of_error(noise: str) -> None:
    """Whatever stands in an event, it is read, or refused by name."""
    try:
        found = read(calendar(event("DTSTART:20261020T090000Z", noise.replace("\r", ""))))
    except UnreadableError:
        return
    assert all(earlier.start <= later.start for earlier, later in pairwise(found))


def test_a_calls_own_time_is_not_in_its_way() -> None:
    """Looked at again, a call that stands in the calendar is not taken for another."""
    mine, other = Taken(HOST, FROM, UNTIL, "a"), Taken(HOST, FROM, UNTIL, "")
    plain = Busy(HOST, FROM, UNTIL)
    assert apart_from((mine, other, plain), "a") == (other, plain)
    assert apart_from((mine, other, plain), "") == (mine, other, plain)
