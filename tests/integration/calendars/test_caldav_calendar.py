"""Busy times from a real CalDAV server; whatever goes wrong, nobody is taken to be free."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.integration.calendars.conftest import HANG_UP, Served, reply, scripted, settings_at
from tests.unit.tools.calendars.events import HOST
from tools.calendars.caldav_calendar import CalDavCalendar
from tools.calendars.calendar import CalendarSilentError
from winback.settings_channels import CalDav

FROM = datetime(2026, 10, 19, tzinfo=UTC)
UNTIL = FROM + timedelta(days=14)


def calendar(settings: CalDav, zone: str = "Europe/Berlin") -> CalDavCalendar:
    return CalDavCalendar(HOST, settings, ZoneInfo(zone))


def spans(settings: CalDav, zone: str = "Europe/Berlin") -> list[tuple[str, str]]:
    found = calendar(settings, zone).busy(FROM, UNTIL)
    return [(f"{one.start:%d %H:%M}", f"{one.end:%d %H:%M}") for one in found]


def test_what_the_calendar_holds(served: Served) -> None:
    """Single and repeated events over the change of the clocks, days of the host; free ones are left out."""
    served.event("DTSTART:20261020T090000Z", "DTEND:20261020T100000Z", uid="single@x")
    served.event(
        "DTSTART;TZID=Europe/Berlin:20200106T140000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", uid="weekly@x"
    )
    served.event("DTSTART;VALUE=DATE:20261023", uid="day@x")
    served.event("DTSTART:20261021T090000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT", uid="shown-free@x")
    served.event("DTSTART:20261021T110000Z", "DURATION:PT1H", "STATUS:CANCELLED", uid="off@x")
    served.event("DTSTART:20261221T110000Z", "DURATION:PT1H", uid="later@x")
    assert spans(served.settings) == [
        ("19 12:00", "19 13:00"),
        ("20 09:00", "20 10:00"),
        ("22 22:00", "23 22:00"),
        ("26 13:00", "26 14:00"),
    ]
    assert {one.host for one in calendar(served.settings).busy(FROM, UNTIL)} == {HOST}


def test_a_day_at_the_edge_is_found_in_every_zone(served: Served) -> None:
    """The server reckons days in UTC; the host's day may begin on another."""
    served.event("DTSTART;VALUE=DATE:20261102", uid="day@x")
    assert spans(served.settings, "Pacific/Auckland") == [("01 11:00", "02 11:00")]
    assert spans(served.settings, "America/Los_Angeles") == []


def test_an_empty_calendar_answers(served: Served) -> None:
    calendar(served.settings).probe()
    assert spans(served.settings) == []


def test_a_wrong_password_is_told_without_it(served: Served) -> None:
    wrong = settings_at(served.settings.url, password="not the right one")
    with pytest.raises(CalendarSilentError, match=r"login was refused \(401\)") as caught:
        calendar(wrong).busy(FROM, UNTIL)
    assert str(caught.value).startswith(f"calendars.{HOST}: calendar does not answer")
    assert "not the right one" not in repr(caught.value) + str(wrong)


def test_no_such_calendar(served: Served) -> None:
    elsewhere = settings_at(served.settings.url.replace("/work/", "/nothing/"))
    with pytest.raises(CalendarSilentError, match="no such calendar"):
        calendar(elsewhere).probe()


def test_a_server_that_is_down() -> None:
    with pytest.raises(CalendarSilentError, match="no connection"):
        calendar(settings_at("http://127.0.0.1:9/jonas/work/")).busy(FROM, UNTIL)


def test_a_broken_event_is_not_free_time(served: Served) -> None:
    """An event that cannot be understood makes the whole answer unknown, and is named."""
    served.event("DTSTART:20261020T090000Z", "DURATION:PT1H", "RRULE:FREQ=MINUTELY;COUNT=5", uid="odd@x")
    with pytest.raises(CalendarSilentError, match="event 'odd@x' repeats without bound"):
        calendar(served.settings).busy(FROM, UNTIL)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (HANG_UP, "the connection ended"),
        (reply("500 Internal Server Error"), r"\(500\)"),
        (reply("302 Found", b"", "Location: http://127.0.0.1:1/login"), "moved elsewhere"),
        (reply("429 Too Many Requests", b"", "Retry-After: 1"), r"\(429\)"),
        (reply("207 Multi-Status", b"<not xml", "Content-Type: text/xml"), "does not answer"),
        (reply("200 OK", b"<html>Log in</html>", "Content-Type: text/html"), "does not answer"),
    ],
)
def test_an_answer_that_is_none(answer: bytes, says: str) -> None:
    """Nothing but a proper answer is taken for an empty calendar."""
    with scripted(answer) as (url, _), pytest.raises(CalendarSilentError, match=says):
        calendar(settings_at(url)).busy(FROM, UNTIL)
