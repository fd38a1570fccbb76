"""What is written into a calendar, and when it is not written again."""

from typing import Any

import pytest
import vobject
from icalendar import Calendar

from tests.unit.tools.calendars.events import HOST, KEYS, START, UID, call
from tests.unit.tools.situations import parcel
from tools.calendars.event import Held, entry, held_in, payload_of, resource_name, standing
from tools.channels.channel import NotSent, Parcel


def written(sent: Parcel, held: Held | None = None) -> Held:
    return held_in(entry(sent, payload_of(sent), held))


def stands(held: Held | None, sent: Parcel) -> str:
    return standing(held, payload_of(sent), sent.key)


def test_an_entry_is_read_back_by_two_readers() -> None:
    """No METHOD (RFC 4791, 4.1), and the server is told to invite nobody by itself."""
    content = entry(call(), payload_of(call()), None)
    calendar: Any = Calendar.from_ical(content)
    assert "method" not in calendar
    (event,) = calendar.walk("VEVENT")
    assert event["attendee"].params["schedule-agent"] == "CLIENT"
    other: Any = vobject.readOne(content.decode()).vevent
    assert (other.uid.value, other.dtstart.value, other.transp.value) == (UID, START, "OPAQUE")
    assert str(event["uid"]) == UID
    assert event["dtstart"].dt == START
    assert content == entry(call(), payload_of(call()), None)


def test_the_first_version_is_written() -> None:
    assert stands(None, call()) == "write"


def test_a_repeat_is_known() -> None:
    """The key tells, even when the host moved the entry since."""
    held = written(call())
    assert stands(held, call()) == "there"
    moved = Held(UID, 5, START, START, False, held.keys, held.stamp)
    assert stands(moved, call()) == "there"


def test_a_change_is_written_and_the_old_one_is_stale_from_then_on() -> None:
    """A higher SEQUENCE wins; every version stays known by its key, a lower one never comes back."""
    held = written(call(1), written(call(0)))
    assert held.keys == ((0, KEYS[0]), (1, KEYS[1]))
    assert stands(written(call(0)), call(1)) == "write"
    assert stands(held, call(0)) == "there"
    assert stands(held, call(0, key="d" * 64)) == "newer"


def test_a_cancellation_frees_the_time_and_stays() -> None:
    """The entry is kept as cancelled: a late repeat cannot bring the call back."""
    cancelled = call(2, cancelled=True)
    content = entry(cancelled, payload_of(cancelled), written(call(1), written(call(0))))
    assert b"TRANSP:TRANSPARENT" in content
    assert b"STATUS:CANCELLED" in content
    assert stands(held_in(content), call(1)) == "there"
    assert stands(held_in(content), call(1, key="d" * 64)) == "newer"


def test_a_change_by_the_host_is_not_written_over() -> None:
    """Where the calendar counts further than we did, a person settles it."""
    ours = written(call(0))
    theirs = Held(UID, 1, START.replace(hour=15), START.replace(hour=16), False, ours.keys, ours.stamp)
    assert stands(theirs, call(1)) == "clash"
    assert stands(theirs, call(2)) == "write"


def test_an_entry_that_lost_its_keys_is_judged_by_what_it_says() -> None:
    """Some servers drop what they do not know."""
    bare = Held(UID, 1, START, START, False, (), START)
    assert stands(bare, call(0)) == "newer"
    assert stands(bare, call(1)) == "clash"
    same = written(call(1))
    assert stands(Held(UID, 1, same.start, same.end, False, (), START), call(1)) == "there"


def test_another_call_in_the_place_is_left_alone() -> None:
    held = written(call(uid="other@acme.example.com"))
    assert stands(held, call(1)) == "clash"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (parcel(part="message"), "'message' is not for a calendar"),
        (parcel(part="event"), "the event is malformed: .*uid"),
        (call(start="2026-10-21T08:00:00"), "malformed: start"),
        (call(uid="a\r\nX:y"), "malformed: uid"),
        (call(cancelled=True), "nobody was invited to cannot be cancelled"),
        (call(end=START.isoformat()), "ends before it starts"),
        (call(attendee="nobody"), "'nobody' is not a mail address"),
        (call(host="a@b\r\nX: y"), "is not a mail address"),
    ],
)
def test_a_malformed_event_certainly_does_not_go(sent: Parcel, says: str) -> None:
    with pytest.raises(NotSent, match=says) as caught:
        entry(sent, payload_of(sent), None)
    assert not caught.value.retry


@pytest.mark.parametrize("text", [b"", b"<html>", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"\xff"])
def test_what_is_no_event_is_told(text: bytes) -> None:
    with pytest.raises(ValueError, match="holds no event"):
        held_in(text)


def test_the_place_is_made_from_the_uid_alone() -> None:
    assert resource_name(UID) == resource_name(payload_of(call(1)).uid)
    assert resource_name(UID) != resource_name(HOST)
