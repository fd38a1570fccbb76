"""Invite the contact to a call with the account's manager or another host, at a free hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime

from prompts.message import clean
from tools.catalogue import CallType, Host, Id
from tools.channels.address import is_address
from tools.invitation import Invited, event_uid, invitation
from tools.office_hours import NOTICE, Diary
from tools.reason import reason_values, zone_of
from tools.tool import Arguments, Attachment, Busy, Option, Preview, Situation, arguments_as
from winback.clock import aware
from winback.errors import InputError
from winback.store.types import EMAIL, IN_APP

SLOTS = 3


class BookCallArguments(Arguments):
    """`start`: one of the slots offered, ISO 8601 with its offset."""

    call: Id
    start: AwareDatetime


class BookCall:
    """The soonest slot fits best; the call that the catalogue names first comes first."""

    name: ClassVar[str] = "book_call"
    arguments: ClassVar[type[Arguments]] = BookCallArguments
    template: ClassVar[str] = "book_call"
    editable: ClassVar[tuple[str, ...]] = ("start", "slots.subject", "slots.note")
    media: ClassVar[tuple[str, ...]] = (EMAIL, IN_APP)

    def options(self, situation: Situation) -> Sequence[Option]:
        """Three slots of every call type, the first type first."""
        return [
            self._option(call, start, situation, fit=0.8**step * 0.9**place)
            for step, call in enumerate(situation.catalogue.calls)
            if _nobody(call, situation) is None
            for place, start in enumerate(diary_of(call, situation).free(situation.now, SLOTS))
        ]

    def resolve(self, arguments: Arguments, situation: Situation) -> Option:
        """As in `Tool.resolve`; a slot offered earlier holds while it is a day away and still free."""
        chosen = arguments_as(BookCallArguments, arguments)
        call = _call(chosen.call, situation)
        if (nobody := _nobody(call, situation)) is not None:
            raise InputError(f"{nobody} has no mail address to be invited at", fix="import one")
        diary, start = diary_of(call, situation), aware(chosen.start)
        shown = start.isoformat(timespec="minutes")
        if not diary.has(start):
            raise InputError(f"{shown} is no slot of call {call.id!r}", fix="choose one that is offered")
        if start - situation.now < NOTICE:
            raise InputError(f"the call at {shown} is less than a day away", fix="choose a later slot")
        if not diary.fits(start):
            raise InputError(f"the slot at {shown} is taken, or at night for them", fix="choose another")
        return self._option(call, start, situation)

    def template_values(self, option: Option, situation: Situation) -> dict[str, Any]:
        arguments = arguments_as(BookCallArguments, option.arguments)
        call = _call(arguments.call, situation)
        start = aware(arguments.start)
        others = [one for one in diary_of(call, situation).free(situation.now, SLOTS) if one != start]
        return {
            **reason_values(situation),
            "host": host_of(call, situation).name,
            "call": call.name,
            "minutes": call.minutes,
            "start": start,
            "others": others[: SLOTS - 1],
            "zone": zone_of(situation.person.zone, situation.company).key,
        }

    def attachments(self, option: Option, situation: Situation, key: str) -> tuple[Attachment, ...]:
        """`invitation.ics`: an RFC 5546 request for this one slot; none where they choose one on a page."""
        if situation.pages:
            return ()
        arguments = arguments_as(BookCallArguments, option.arguments)
        call = _call(arguments.call, situation)
        host, person = host_of(call, situation), situation.person
        name = call.name.get(person.language, call.name["en"])
        invited = Invited(
            uid=event_uid(key, host.address),
            summary=f"{situation.company.name}: {name}",
            start=aware(arguments.start),
            end=aware(arguments.start) + timedelta(minutes=call.minutes),
            organizer=host,
            attendee_name=person.name,
            attendee_address=person.address,
        )
        return (Attachment("invitation.ics", invited.media_type, invitation(invited, situation.now)),)

    def preview(self, option: Option, situation: Situation) -> Preview:
        """The host, and the times that the message names."""
        values = self.template_values(option, situation)
        return Preview(host=values["host"], slots=(values["start"], *values["others"]))

    def _option(self, call: CallType, start: datetime, situation: Situation, fit: float = 1.0) -> Option:
        host = host_of(call, situation)
        local = start.astimezone(zone_of(situation.person.zone, situation.company))
        return Option(
            tool=self.name,
            arguments=BookCallArguments(call=call.id, start=start),
            catalogue_id=call.id,
            label=f"{call.minutes} min call with {clean(host.name, 80)} to {call.name['en']}, "
            f"{local:%a %d %b %H:%M} ({local.tzinfo})",
            hint=f"a {call.minutes} minute call to {call.name['en']}, in {(start - situation.now).days} days",
            fit=round(fit, 4),
            busy=Busy(host=host.address, start=start, end=start + timedelta(minutes=call.minutes)),
        )


def _call(call: str, situation: Situation) -> CallType:
    found = situation.catalogue.call(call)
    if found is None:
        raise InputError(f"no call {call!r} in the catalogue", fix="choose another")
    return found


def host_of(call: CallType, situation: Situation) -> Host:
    """Who takes the call: the one that the catalogue names, or the account's manager."""
    if isinstance(call.host, Host):
        return call.host
    name = clean(situation.owner_name, 80) or clean(situation.company.name, 80) or situation.owner_address
    return Host(name=name, address=situation.owner_address)


def _nobody(call: CallType, situation: Situation) -> str | None:
    """Who of the two cannot be invited to this call, if one cannot."""
    if call.host == "owner" and not is_address(situation.owner_address):
        return "the account's manager"
    return None if is_address(situation.person.address) else "the contact"


def diary_of(call: CallType, situation: Situation) -> Diary:
    """When the host of a call has time for this contact."""
    zone = zone_of(situation.person.zone, situation.company)
    return Diary(call, host_of(call, situation).address, situation.busy, zone)
