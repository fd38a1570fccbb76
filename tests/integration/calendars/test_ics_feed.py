"""A calendar file behind an address, from a real HTTP server, and all that such a server may do instead."""

import gzip
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from tests.integration.calendars.conftest import HANG_UP, reply, scripted
from tests.unit.tools.calendars.events import HOST
from tools.calendars.calendar import CalendarSilentError
from tools.calendars.ics_feed import LARGEST, IcsFeed
from winback.settings_channels import Ics

FROM = datetime(2026, 10, 19, tzinfo=UTC)
UNTIL = FROM + timedelta(days=14)
EMPTY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"
EVENT = EMPTY.replace(
    b"END:VCALENDAR",
    b"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20261020T090000Z\r\nDTEND:20261020T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
)
TABLE = EMPTY.replace(
    b"END:VCALENDAR",
    b"BEGIN:VFREEBUSY\r\nDTSTART:20261001T000000Z\r\nDTEND:20261201T000000Z\r\n"
    b"FREEBUSY:20261020T090000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR",
)


def feed(url: str, timeout: float = 5) -> IcsFeed:
    return IcsFeed(HOST, Ics(url=SecretStr(url), timeout_seconds=timeout), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize("body", [EVENT, TABLE], ids=["calendar", "free-busy"])
def test_what_the_file_says(body: bytes) -> None:
    with scripted(reply("200 OK", body)) as (url, seen):
        (found,) = feed(url).busy(FROM, UNTIL)
    assert (found.host, found.start, found.end) == (
        HOST,
        FROM.replace(day=20, hour=9),
        FROM.replace(day=20, hour=10),
    )
    assert b"accept-encoding: identity" in seen[0].lower()


def test_a_move_on_the_same_host_is_followed() -> None:
    with scripted(reply("301 Moved", b"", "Location: /new.ics"), reply("200 OK", EMPTY)) as (url, seen):
        feed(url).probe()
    assert seen[1].startswith(b"GET /new.ics ")


@pytest.mark.parametrize(
    "to", ["http://192.0.2.1/x.ics", "https://calendar.example.com/x.ics", "http://localhost:9/"]
)
def test_a_move_to_another_host_is_not(to: str) -> None:
    """Nobody can send us to look elsewhere in the network."""
    with (
        scripted(reply("302 Found", b"", f"Location: {to}")) as (url, _),
        pytest.raises(CalendarSilentError, match="moved to another host"),
    ):
        feed(url).busy(FROM, UNTIL)


def test_moves_without_end_are_not_followed() -> None:
    moved = reply("302 Found", b"", "Location: /round")
    with scripted(*[moved] * 4) as (url, _), pytest.raises(CalendarSilentError, match="in circles"):
        feed(url).busy(FROM, UNTIL)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (HANG_UP, "no connection"),
        (reply("404 Not Found"), "the answer is 404"),
        (reply("401 Unauthorized"), "the answer is 401"),
        (reply("200 OK", b"<html>Log in</html>"), "cannot be read"),
        (reply("200 OK"), "no whole calendar"),
        (reply("200 OK", EVENT[:60]), "no whole calendar"),
        (reply("200 OK", EVENT).replace(EVENT, EVENT[:60]), "no connection"),
        (reply("200 OK", gzip.compress(b"A" * 1_000_000), "Content-Encoding: gzip"), "packed"),
    ],
    ids=["hang-up", "404", "401", "login", "empty", "half", "cut", "packed"],
)
def test_what_is_no_calendar_is_not_free_time(answer: bytes, says: str) -> None:
    with scripted(answer) as (url, _), pytest.raises(CalendarSilentError, match=says):
        feed(url).busy(FROM, UNTIL)


def test_a_file_without_end_is_cut_off() -> None:
    with (
        scripted(reply("200 OK", b"A" * (LARGEST + 1))) as (url, _),
        pytest.raises(CalendarSilentError, match="more than"),
    ):
        feed(url).busy(FROM, UNTIL)


def test_a_slow_server_is_not_waited_for() -> None:
    held = threading.Event()
    with scripted(lambda: held.wait(5)) as (url, _):
        with pytest.raises(CalendarSilentError, match="no answer in time"):
            feed(url, timeout=0.3).busy(FROM, UNTIL)
        held.set()


def test_a_server_that_is_down() -> None:
    with pytest.raises(CalendarSilentError, match="no connection"):
        feed("http://127.0.0.1:9/secret-token.ics").busy(FROM, UNTIL)


@pytest.mark.parametrize(
    "url", ["http://calendar.example.com/secret-token.ics", "ftp://127.0.0.1/secret-token.ics"]
)
def test_nothing_is_read_in_the_clear(url: str) -> None:
    """And the address, which is a secret, is in no message."""
    with pytest.raises(CalendarSilentError, match="in the clear") as caught:
        feed(url).busy(FROM, UNTIL)
    assert "secret-token" not in str(caught.value)
