"""A call as an entry of a calendar: made from a parcel, and held against what is there already.

Every version leaves its key in the entry, so that a repeat of any of them is known again, and is not
mistaken for a change.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from icalendar import Calendar
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tools.catalogue import Host
from tools.channels.channel import NotSent, Parcel
from tools.invitation import Invited, event, wrapped
from winback.clock import aware
from winback.errors import InputError

PART = "event"
PREFIX = "winback-"

_KEYS = "x-winback-key"

# there: this version was written. newer: a later one was. clash: somebody else changed the entry.
Standing = Literal["write", "there", "newer", "clash"]


class Payload(BaseModel):
    """What a parcel of part `event` carries."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    uid: str = Field(pattern=r"^[!-~]{1,250}$")
    sequence: Annotated[int, Field(ge=0, lt=2**31)]
    start: AwareDatetime
    end: AwareDatetime
    summary: str
    host: str
    host_name: str = ""
    attendee: str
    attendee_name: str = ""
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What a calendar holds under a UID; `keys` are those of our versions with their sequences."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    cancelled: bool
    keys: tuple[tuple[int, str], ...]
    stamp: datetime


def payload_of(parcel: Parcel) -> Payload:
    """Raises NotSent: the parcel carries no event, or a malformed one."""
    if parcel.part != PART:
        raise NotSent(f"{parcel.part!r} is not for a calendar", retry=False)
    try:
        return Payload.model_validate(dict(parcel.payload))
    except ValidationError as error:
        wrong = ", ".join(sorted({str(one["loc"][0]) for one in error.errors()}))
        raise NotSent(f"the event is malformed: {wrong}", retry=False) from None


def resource_name(uid: str) -> str:
    """The file's name, the same for every version."""
    return f"{PREFIX}{sha256(uid.encode()).hexdigest()[:40]}.ics"


def entry(parcel: Parcel, payload: Payload, held: Held | None) -> bytes:
    """The file to be put into the calendar: no METHOD, which is for messages only.

    Raises:
        NotSent: what the event says cannot be written down.
    """
    invited = Invited(
        uid=payload.uid,
        summary=payload.summary,
        start=aware(payload.start),
        end=aware(payload.end),
        organizer=Host.model_construct(name=payload.host_name, address=payload.host),
        attendee_name=payload.attendee_name,
        attendee_address=payload.attendee,
        sequence=payload.sequence,
        cancelled=payload.cancelled,
    )
    try:
        found: Any = event(invited, parcel.sent_at)
    except InputError as error:
        raise NotSent(error.what, retry=False) from None
    # RFC 6638, 7.1: without this a server would send invitations of its own beside ours.
    for name in ("organizer", "attendee"):
        found[name].params["schedule-agent"] = "CLIENT"
    found.add("transp", "TRANSPARENT" if payload.cancelled else "OPAQUE")
    for sequence, key in (*(held.keys if held else ()), (payload.sequence, parcel.key)):
        found.add(_KEYS, f"{sequence}/{key}")
    return bytes(wrapped(found).to_ical())


def held_in(text: str | bytes) -> Held:
    """What a file of the calendar says.

    Raises:
        ValueError: it is no event.
    """
    try:
        first: Any = Calendar.from_ical(text).walk("VEVENT")[0]
        return Held(
            uid=str(first["uid"]),
            sequence=int(first.get("sequence", 0)),
            start=aware(first["dtstart"].dt),
            end=aware(first["dtend"].dt),
            cancelled=str(first.get("status", "")).upper() == "CANCELLED",
            keys=tuple(_key(str(one)) for one in _listed(first.get(_KEYS))),
            stamp=aware(first["dtstamp"].dt),
        )
    except Exception as error:  # noqa: BLE001 - anybody may have put anything there
        raise ValueError(f"holds no event that can be read ({type(error).__name__})") from None


def standing(held: Held | None, payload: Payload, key: str) -> Standing:
    """Whether this version is to be written over what is there."""
    if held is None:
        return "write"
    if held.uid != payload.uid:
        return "clash"
    if key in (one for _, one in held.keys):
        return "there"
    ours = max((sequence for sequence, _ in held.keys), default=held.sequence)
    if payload.sequence < ours:
        return "newer"
    if payload.sequence <= held.sequence:
        same = (held.start, held.end, held.cancelled) == (payload.start, payload.end, payload.cancelled)
        return "there" if same else "clash"
    return "write"


def kept(found: Standing) -> str:
    """The answer when nothing was written.

    Raises:
        NotSent: a person has to settle it.
    """
    if found == "clash":
        raise NotSent("the event was changed in the calendar itself; settle it with the host", retry=False)
    return "already there" if found == "there" else "kept: a newer version is there"


def _key(text: str) -> tuple[int, str]:
    sequence, _, key = text.partition("/")
    return int(sequence), key


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
