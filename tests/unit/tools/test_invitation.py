"""Invitations, changes and cancellations: two independent readers of calendars agree on what they say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from tests.unit.tools.situations import KEY, NOW
from tools.catalogue import Host
from tools.invitation import Invited, event_uid, invitation
from winback.errors import InputError

START = datetime(2026, 10, 21, 8, 0, tzinfo=UTC)
FIRST = Invited(
    uid=event_uid(KEY, "jonas@acme.example.com"),
    summary="Acme Analytics: look at what got in the way",
    start=START,
    end=START + timedelta(minutes=30),
    organizer=Host(name="Jonas Weber", address="jonas@acme.example.com"),
    attendee_name="Asha Rao",
    attendee_address="asha@customer.example.com",
)
CHANGED = replace(FIRST, sequence=1, start=START + timedelta(days=1), end=START + timedelta(days=1, minutes=30))
CANCELLED = replace(CHANGED, sequence=2, cancelled=True)
NAMES = st.text(max_size=60)


def by_icalendar(content: bytes) -> dict[str, Any]:
    calendar: Any = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    assert not event.errors
    return {
        "method": str(calendar["method"]),
        "uid": str(event["uid"]),
        "sequence": int(event["sequence"]),
        "status": str(event["status"]),
        "start": event["dtstart"].dt.astimezone(UTC),
        "end": event["dtend"].dt.astimezone(UTC),
        "stamp": event["dtstamp"].dt.astimezone(UTC),
        "organizer": str(event["organizer"]),
        "organizer_name": event["organizer"].params.get("cn"),
        "attendee": str(event["attendee"]),
        "attendee_name": event["attendee"].params.get("cn"),
        "summary": str(event["summary"]),
    }


def by_vobject(content: bytes) -> dict[str, Any]:
    calendar: Any = vobject.readOne(content.decode())
    (event,) = calendar.vevent_list
    (attendee,) = event.attendee_list
    return {
        "method": calendar.method.value,
        "uid": event.uid.value,
        "sequence": int(event.sequence.value),
        "status": event.status.value,
        "start": event.dtstart.value.astimezone(UTC),
        "end": event.dtend.value.astimezone(UTC),
        "stamp": event.dtstamp.value.astimezone(UTC),
        "organizer": event.organizer.value,
        "organizer_name": _first(event.organizer.params.get("CN")),
        "attendee": attendee.value,
        "attendee_name": _first(attendee.params.get("CN")),
        "summary": event.summary.value,
    }


def _first(values: list[str] | None) -> str | None:
    return values[0] if values else None


@pytest.mark.parametrize(
    ("invited", "method", "status"),
    [(FIRST, "REQUEST", "CONFIRMED"), (CHANGED, "REQUEST", "CONFIRMED"), (CANCELLED, "CANCEL", "CANCELLED")],
)
def test_two_readers_agree(invited: Invited, method: str, status: str) -> None:
    """A first invitation, a change and a cancellation say the same to both, and what was meant."""
    found = by_icalendar(invitation(invited, NOW))
    assert found == by_vobject(invitation(invited, NOW))
    assert found == {
        "method": method,
        "uid": f"{KEY}@acme.example.com",
        "sequence": invited.sequence,
        "status": status,
        "start": invited.start,
        "end": invited.end,
        "stamp": NOW,
        "organizer": "mailto:jonas@acme.example.com",
        "organizer_name": "Jonas Weber",
        "attendee": "mailto:asha@customer.example.com",
        "attendee_name": "Asha Rao",
        "summary": "Acme Analytics: look at what got in the way",
    }
    assert invited.media_type == f"text/calendar; method={method}; charset=utf-8"


@given(NAMES, NAMES, NAMES)
def test_two_readers_agree_whatever_people_are_called(name: str, host: str, summary: str) -> None:
    """No text of a stranger reaches the grammar of either."""
    organizer = Host.model_construct(name=host, address=FIRST.organizer.address)
    content = invitation(replace(FIRST, attendee_name=name, organizer=organizer, summary=summary), NOW)
    found, other = by_icalendar(content), by_vobject(content)
    for words in ("summary", "attendee_name", "organizer_name"):
        found.pop(words)
        other.pop(words)
    assert found == other
    assert found["attendee"] == "mailto:asha@customer.example.com"


@pytest.mark.parametrize("read", [by_icalendar, by_vobject])
def test_a_call_keeps_its_name_and_counts_up(read: Callable[[bytes], dict[str, Any]]) -> None:
    """A change and a cancellation carry the first invitation's UID and ever higher numbers."""
    found = [read(invitation(one, NOW)) for one in (FIRST, CHANGED, CANCELLED)]
    assert len({one["uid"] for one in found}) == 1
    assert [one["sequence"] for one in found] == [0, 1, 2]


def test_the_same_call_has_the_same_bytes() -> None:
    """Nothing but the arguments enters the file; the moment enters as DTSTAMP alone."""
    assert invitation(CHANGED, NOW) == invitation(CHANGED, NOW)
    later = invitation(CHANGED, NOW + timedelta(seconds=5))
    assert later.replace(b"DTSTAMP:20261016T060005Z", b"DTSTAMP:20261016T060000Z") == invitation(CHANGED, NOW)


def test_a_cancellation_asks_for_no_answer() -> None:
    """RFC 5546, 3.2.5: nothing is to be replied to."""
    assert b"RSVP" in invitation(FIRST, NOW)
    assert b"RSVP" not in invitation(CANCELLED, NOW)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"cancelled": True}, "that nobody was invited to"),
        ({"end": START}, "ends before it starts"),
        ({"attendee_address": "asha"}, "'asha' is not a mail address"),
    ],
)
def test_what_cannot_be_said_is_refused(wrong: dict[str, Any], says: str) -> None:
    """A first version is no cancellation, a call has a length, and both sides an address."""
    with pytest.raises(InputError, match=says):
        invitation(replace(FIRST, **wrong), NOW)


def test_naive_times_are_refused() -> None:
    """A time without a zone is nobody's time."""
    naive = START.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        invitation(replace(FIRST, start=naive, end=naive + timedelta(minutes=30)), NOW)
