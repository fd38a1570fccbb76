"""An invitation to a call as a calendar file: RFC 5545, sent as an RFC 5546 REQUEST."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event, vCalAddress

from prompts.message import clean
from tools.catalogue import Host
from tools.channels.address import is_address
from winback.clock import aware
from winback.errors import InputError

# Quotes cannot stand in a parameter (RFC 5545, 3.2); not every reader knows RFC 6868's way round with ^,
# and some take a backslash there for an escape.
_PLAIN = str.maketrans({'"': "'", "^": "", "\\": ""})


@dataclass(frozen=True, slots=True)
class Invited:
    """One call. `key` is the effect's idempotency key: the UID is made from it, so a repeat is the same event."""

    key: str
    summary: str
    start: datetime
    minutes: int
    organizer: Host
    attendee_name: str
    attendee_address: str


def invitation(invited: Invited, now: datetime) -> bytes:
    """The file's bytes; the same for the same arguments. Times are in UTC, so no zone table is needed.

    Raises:
        InputError: host or attendee has no mail address.
    """
    event = Event()
    event.add("uid", event_uid(invited.key, invited.organizer.address))
    event.add("sequence", 0)
    event.add("dtstamp", aware(now).replace(microsecond=0))
    event.add("dtstart", aware(invited.start))
    event.add("dtend", aware(invited.start) + timedelta(minutes=invited.minutes))
    event.add("summary", clean(invited.summary, 200))
    event.add("status", "CONFIRMED")
    event.add("organizer", _address(invited.organizer.name, invited.organizer.address), encode=False)
    attendee = _address(invited.attendee_name, invited.attendee_address)
    attendee.params.update({"role": "REQ-PARTICIPANT", "partstat": "NEEDS-ACTION", "rsvp": "TRUE"})
    event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Winback//Invitation//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def event_uid(key: str, organizer: str) -> str:
    """The event's name for ever: a change or a cancellation of the call carries the same."""
    return f"{key}@{organizer.rpartition('@')[2]}"


def _address(name: str, address: str) -> vCalAddress:
    if not is_address(address):
        raise InputError(f"{clean(address, 80)!r} is not a mail address", fix="import a proper one")
    found = vCalAddress(f"mailto:{address}")
    if shown := clean(name, 80).translate(_PLAIN).strip():
        found.params["cn"] = shown
    return found
