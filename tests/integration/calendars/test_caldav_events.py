"""Calls in a real calendar: once, the newest version, and what is known when writing fails."""

import threading
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from icalendar import Calendar

from tests.integration.calendars.conftest import HANG_UP, Served, reply, scripted, settings_at
from tests.unit.tools.calendars.events import HOST, KEYS, START, UID, call
from tools.calendars.caldav_calendar import CalDavCalendar
from tools.calendars.caldav_events import CalDavEvents
from tools.calendars.event import entry, payload_of, resource_name
from tools.channels.channel import MaybeSent, NotSent, Receipt
from winback.errors import SetupError

DAY = datetime(2026, 10, 21, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)


def channel(served: Served) -> CalDavEvents:
    return CalDavEvents(served.settings)


def only(served: Served) -> Any:
    """The one event that the server holds, as two readers agree."""
    (path,) = served.files()
    (event,) = Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    other: Any = vobject.readOne(path.read_text()).vevent
    assert (str(event["uid"]), event["dtstart"].dt) == (other.uid.value, other.dtstart.value)
    assert int(event["sequence"]) == int(other.sequence.value)
    return event


def test_two_sends_leave_one_event(served: Served) -> None:
    first = channel(served).send(call())
    again = channel(served).send(call())
    event = only(served)
    assert (str(event["uid"]), event["dtstart"].dt, int(event["sequence"])) == (UID, START, 0)
    assert (first.answer, again.answer) == ("written", "already there")
    assert first.reference == again.reference == resource_name(UID)


def test_a_change_replaces_and_an_old_parcel_does_not_come_back(served: Served) -> None:
    for parcel in (call(0), call(1), call(0), call(0, key="d" * 64)):
        answer = channel(served).send(parcel).answer
    assert answer == "kept: a newer version is there"
    assert int(only(served)["sequence"]) == 1
    assert only(served)["dtstart"].dt == START.replace(hour=9)


def test_a_cancelled_call_frees_the_time_for_good(served: Served) -> None:
    calendar = CalDavCalendar(HOST, served.settings, ZoneInfo("Europe/Berlin"))
    channel(served).send(call(0))
    assert [(one.start, one.uid) for one in calendar.busy(*DAY)] == [(START, UID)]
    assert channel(served).send(call(1, cancelled=True)).answer == "cancelled"
    assert calendar.busy(*DAY) == ()
    assert channel(served).send(call(0)).answer == "already there"
    assert str(only(served)["status"]) == "CANCELLED"


def test_every_version_can_be_looked_up(served: Served) -> None:
    """Also one that another replaced; nothing else that lies in the calendar disturbs."""
    served.event("DTSTART:20261020T090000Z", "DURATION:PT1H")
    channel(served).send(call(0))
    channel(served).send(call(1))
    for key in KEYS[:2]:
        found = channel(served).lookup(key)
        assert isinstance(found, Receipt)
        assert found.reference == resource_name(UID)
    assert channel(served).lookup(KEYS[2]) is None


def test_what_the_host_changed_is_left_to_a_person(served: Served) -> None:
    channel(served).send(call(0))
    (path,) = served.files()
    text = path.read_text().replace("SEQUENCE:0", "SEQUENCE:1").replace("T080000Z", "T081000Z")
    served.put(path.name, text)
    with pytest.raises(NotSent, match="changed in the calendar itself") as caught:
        channel(served).send(call(1))
    assert not caught.value.retry
    assert only(served)["dtstart"].dt == START.replace(minute=10)


def test_many_at_once_leave_one_event(served: Served) -> None:
    """Eight workers with the same parcel: one writes, the others find it there."""
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(channel(served).send(call()).answer)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["already there"] * 7 + ["written"]
    assert int(only(served)["sequence"]) == 0


def test_two_versions_at_once_leave_the_newer(served: Served) -> None:
    channel(served).send(call(0))
    threads = [
        threading.Thread(target=channel(served).send, args=(parcel,))
        for parcel in (call(2), call(1, key="d" * 64))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert int(only(served)["sequence"]) == 2


def test_probe(served: Served) -> None:
    channel(served).probe()
    assert served.files() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "not the right one"}, "login was refused"),
        ({"url": "/work/nothing/"}, "no such calendar"),
        ({"url": "/"}, "is no calendar"),
    ],
)
def test_probe_says_what_is_wrong(served: Served, change: dict[str, str], says: str) -> None:
    url = served.settings.url.replace("/work/", change.get("url", "/work/"))
    settings = settings_at(url, password=change.get("password", "correct horse"))
    with pytest.raises(SetupError, match=says) as caught:
        CalDavEvents(settings).probe()
    assert "not the right one" not in str(caught.value)


def test_a_wrong_password_did_not_send_and_may_later(served: Served) -> None:
    wrong = CalDavEvents(settings_at(served.settings.url, password="not the right one"))
    with pytest.raises(NotSent, match="login was refused") as caught:
        wrong.send(call())
    assert caught.value.retry
    assert served.files() == []
    with pytest.raises(MaybeSent, match="login was refused"):
        wrong.lookup(KEYS[0])


def test_no_such_calendar_did_not_send(served: Served) -> None:
    missing = CalDavEvents(settings_at(served.settings.url.replace("/work/", "/nothing/")))
    with pytest.raises(NotSent, match="no such calendar") as caught:
        missing.send(call())
    assert caught.value.retry


def test_a_server_that_is_down_did_not_get_it() -> None:
    down = CalDavEvents(settings_at("http://127.0.0.1:9/jonas/work/"))
    with pytest.raises(NotSent, match="no connection") as caught:
        down.send(call())
    assert caught.value.retry
    with pytest.raises(MaybeSent):
        down.lookup(KEYS[0])
    with pytest.raises(SetupError, match="no connection"):
        down.probe()


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (HANG_UP, "the connection ended"),
        (reply("500 Internal Server Error"), r"\(500\)"),
        (reply("503 Service Unavailable", b"", "Retry-After: 1"), r"\(503\)"),
        (reply("502 Bad Gateway"), r"\(502\)"),
    ],
)
def test_dropped_after_the_put_nobody_knows(after: bytes, says: str) -> None:
    """Once the event is under way, only a look-up can tell."""
    with scripted(reply("404 Not Found"), after) as (url, seen), pytest.raises(MaybeSent, match=says):
        CalDavEvents(settings_at(url)).send(call())
    assert [one.split(b" ")[0] for one in seen] == [b"GET", b"PUT"]
    assert b"if-none-match: *" in seen[1].lower()


@pytest.mark.parametrize(
    ("answer", "retry"),
    [
        ("403 Forbidden", True),
        ("409 Conflict", True),
        ("429 Too Many Requests", True),
        ("413 Content Too Large", False),
        ("302 Found\r\nLocation: /elsewhere", True),
    ],
)
def test_a_refused_put_did_not_send(answer: str, retry: bool) -> None:
    """A clear no is no; a redirect is not followed, for a PUT would come out as a GET."""
    with scripted(reply("404 Not Found"), reply(answer)) as (url, seen), pytest.raises(NotSent) as caught:
        CalDavEvents(settings_at(url)).send(call())
    assert caught.value.retry == retry
    assert len(seen) == 2


@pytest.mark.parametrize("answer", [HANG_UP, reply("500 Internal Server Error"), reply("200 OK", b"<html>")])
def test_a_failure_before_the_put_did_not_send(answer: bytes) -> None:
    with scripted(answer) as (url, seen), pytest.raises(NotSent):
        CalDavEvents(settings_at(url)).send(call())
    assert len(seen) == 1


def test_a_timeout_after_the_put_is_unknown() -> None:
    """A server that takes the event and says nothing more."""
    held = threading.Event()

    with scripted(reply("404 Not Found"), lambda: held.wait(5)) as (url, _):
        with pytest.raises(MaybeSent, match="no answer in time"):
            CalDavEvents(settings_at(url, timeout=0.5)).send(call())
        held.set()


def test_a_change_is_bound_to_what_was_read() -> None:
    """Somebody else wrote between reading and writing: the newer entry is read again, and found to be newer."""
    old, newer = (entry(one, payload_of(one), None) for one in (call(0), call(2, key="d" * 64)))
    answers = [
        reply("200 OK", old, 'ETag: "1"'),
        reply("412 Precondition Failed"),
        reply("200 OK", newer, 'ETag: "2"'),
    ]
    with scripted(*answers) as (url, seen):
        assert CalDavEvents(settings_at(url)).send(call(1)).answer == "kept: a newer version is there"
    assert b'if-match: "1"' in seen[1].lower()
