"""A call as a calendar has it (RFC 5545), and the messages about it (RFC 5546): REQUEST, change, CANCEL."""

from dataclasses import dataclass
from datetime import datetime

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
    """One version of one call. `uid` is the call's name for ever (`event_uid`); a change, and at last the
    cancellation, has the same and a higher `sequence`.
    """

    uid: str
    summary: str
    start: datetime
    end: datetime
    organizer: Host
    attendee_name: str
    attendee_address: str
    sequence: int = 0
    cancelled: bool = False

    @property
    def method(self) -> str:
        return "CANCEL" if self.cancelled else "REQUEST"

    @property
    def media_type(self) -> str:
        """What the file is sent as: RFC 6047 wants the method named beside it too."""
        return f"text/calendar; method={self.method}; charset=utf-8"


def invitation(invited: Invited, now: datetime) -> bytes:
    """The message's bytes; the same for the same arguments.

    Raises:
        InputError: host or attendee has no mail address, the call ends before it starts, or a first
            version is a cancellation.
    """
    calendar = wrapped(event(invited, now))
    calendar.add("method", invited.method)
    return bytes(calendar.to_ical())


def wrapped(component: Event) -> Calendar:
    """A calendar with this one event. Times are in UTC, so no zone table is needed."""
    calendar = Calendar()
    calendar.add("prodid", "-//Winback//Invitation//EN")
    calendar.add("version", "2.0")
    calendar.add_component(component)
    return calendar


def event(invited: Invited, now: datetime) -> Event:
    """The event alone. Raises InputError as `invitation` does."""
    if invited.start >= invited.end:
        raise InputError("the call ends before it starts", fix="choose another slot")
    if invited.cancelled and invited.sequence < 1:
        raise InputError("a call that nobody was invited to cannot be cancelled", fix="raise its sequence")
    found = Event()
    found.add("uid", invited.uid)
    found.add("sequence", invited.sequence)
    found.add("dtstamp", aware(now).replace(microsecond=0))
    found.add("dtstart", aware(invited.start))
    found.add("dtend", aware(invited.end))
    found.add("summary", clean(invited.summary, 200))
    found.add("status", "CANCELLED" if invited.cancelled else "CONFIRMED")
    found.add("organizer", _address(invited.organizer.name, invited.organizer.address), encode=False)
    attendee = _address(invited.attendee_name, invited.attendee_address)
    attendee.params["role"] = "REQ-PARTICIPANT"
    if not invited.cancelled:
        attendee.params.update({"partstat": "NEEDS-ACTION", "rsvp": "TRUE"})
    found.add("attendee", attendee, encode=False)
    return found


def event_uid(key: str, organizer: str) -> str:
    """The call's name, made from the key of the effect that first invites to it."""
    return f"{key}@{organizer.rpartition('@')[2]}"


def _address(name: str, address: str) -> vCalAddress:
    if not is_address(address):
        raise InputError(f"{clean(address, 80)!r} is not a mail address", fix="import a proper one")
    found = vCalAddress(f"mailto:{address}")
    if shown := clean(name, 80).translate(_PLAIN).strip():
        found.params["cn"] = shown
    return found
