"""Which calendar is asked for a host, and where the host's calls are written."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.tools.calendars.events import HOST, KEYS, START, call
from tools.calendars.calendar import CalendarSilentError
from tools.calendars.configured import Calendars, HostEvents, calendar_of, events_channel, probe_host
from tools.calendars.office import OfficeCalendar, OfficeEvents
from tools.channels.channel import MaybeSent, NotSent
from winback.clock import SimulatedClock
from winback.errors import SetupError
from winback.settings import Settings

DOWN = {"caldav": {"url": "http://127.0.0.1:9/work/", "username": "jonas", "password": "x", "timeout_seconds": 1}}
CLOCK = SimulatedClock(START)


def configured(tmp_path: Path, calendars: dict[str, Any]) -> Settings:
    return Settings.model_validate({"home": tmp_path, "calendars": calendars})


def test_a_host_without_a_calendar_has_office_hours(tmp_path: Path) -> None:
    settings = configured(tmp_path, {HOST: DOWN})
    assert isinstance(calendar_of(settings, "other@acme.example.com", CLOCK), OfficeCalendar)


@pytest.mark.parametrize("host", [HOST, HOST.upper()])
@pytest.mark.parametrize("source", [DOWN, {"ics": {"url": "http://127.0.0.1:9/x.ics"}}], ids=["caldav", "ics"])
def test_a_configured_calendar_is_asked(tmp_path: Path, host: str, source: dict[str, Any]) -> None:
    """However the address is written; one that does not answer is told, not passed over."""
    calendars = Calendars(configured(tmp_path, {HOST: source}), CLOCK)
    assert calendars.of(host) is calendars.of(host)
    with pytest.raises(CalendarSilentError, match="no connection"):
        calendars.of(host).busy(START, START)
    with pytest.raises(SetupError, match="does not answer"):
        probe_host(configured(tmp_path, {HOST: source}), host, CLOCK)


def test_by_default_calls_go_into_a_folder_at_home(tmp_path: Path) -> None:
    channel = events_channel(configured(tmp_path, {HOST: {"ics": {"url": "https://calendar.example.com/x.ics"}}}))
    assert isinstance(channel, OfficeEvents)
    channel.send(call())
    assert len(list((tmp_path / "calendar").glob("*.ics"))) == 1


def test_each_call_goes_to_its_hosts_calendar(tmp_path: Path) -> None:
    """A host whose calendar is down gets nothing into the folder instead; another host's call is not held up."""
    channel = events_channel(configured(tmp_path, {HOST: DOWN}))
    assert isinstance(channel, HostEvents)
    with pytest.raises(NotSent, match="no connection"):
        channel.send(call(host=HOST.upper()))
    assert channel.send(call(host="other@acme.example.com")).channel == "office"
    with pytest.raises(NotSent, match="malformed"):
        channel.send(call(host=None))


def test_a_look_up_asks_everywhere_and_says_none_only_when_all_answered(tmp_path: Path) -> None:
    channel = events_channel(configured(tmp_path, {HOST: DOWN}))
    channel.send(call(host="other@acme.example.com"))
    assert channel.lookup(KEYS[0]) is not None
    with pytest.raises(MaybeSent):
        channel.lookup(KEYS[1])
    channel.probe()  # of the folder alone
