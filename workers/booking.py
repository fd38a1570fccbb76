"""A call that a customer chooses: one call at a time for a host, an event with a name for ever, an invitation.

A change keeps the event's name and its host, and has a higher sequence (RFC 5546), a cancellation too: whoever
manages the account by then, the calendar that has the event is told.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from prompts.message import FALLBACK, render_message
from tools.book_call import diary_of, host_of
from tools.calendars.calendar import CalendarSilentError, apart_from
from tools.catalogue import CallType, Host
from tools.invitation import Invited, event_uid, invitation
from tools.office_hours import horizon
from tools.reason import zone_of
from tools.tool import Busy, Situation
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.answers import Booking
from winback.store.models import Effect
from winback.store.types import CALENDAR, COLLEAGUE, EMAIL, EVENT, INVITE, CaseState
from winback.usage.drop import drop_from_plain
from workers.answer import Asked, asked, later_effects
from workers.follow_up import follow
from workers.services import Services
from workers.situation import busy_times, situation_of

TELL_HOST = "tell_host"
DAYS = 5
"""Working days of the host whose times the page shows."""


@dataclass(frozen=True)
class Slots:
    """What the page shows: the call, its host, the free starts (UTC), and what was chosen, if anything.

    `silent`: the host's calendar does not answer, so that no start is known to be free.
    """

    call: CallType
    host: Host
    zone: str
    free: tuple[datetime, ...]
    booking: Booking | None
    silent: CalendarSilentError | None = None


def slots(services: Services, key: str) -> Slots:
    """The free times for a call that was proposed.

    Raises:
        InputError: no call was, or it can be had no more.
        CalendarSilentError: the host's does not answer, and no time was chosen before: none is offered from
            ignorance.
    """
    now = services.clock.now()
    with services.store.read() as session:
        one = asked(session, key)
        situation = _situation(session, services, one)
        found = _chosen(session, one, situation)
        host = found.host.address
        try:
            situation = with_calendar(services, situation, host, event_uid(one.effect.key, host))
        except CalendarSilentError as silent:
            if found.booking is None:
                raise
            return replace(found, silent=silent)
        free = replace(diary_of(found.call, situation), host=host).page(now, DAYS)
    booking = found.booking
    held = booking.starts_at if booking is not None and booking.cancelled_at is None else None
    return replace(found, free=tuple(at for at in free if at != held))


def _chosen(session: Session, one: Asked, situation: Situation) -> Slots:
    """The same without what the calendar would have to say."""
    call = _call(one, situation)
    zone = zone_of(situation.person.zone, situation.company).key
    booking, host = booking_of(session, one.effect), host_of(call, situation)
    if booking is not None and booking.cancelled_at is None and booking.host != host.address:
        host = Host(name=_name_of(session, one, booking), address=booking.host)
    return Slots(call, host, zone, (), booking)


def _name_of(session: Session, one: Asked, booking: Booking) -> str:
    """What the host of a call that stands was called when it was written into their calendar."""
    told = [each.payload for each in later_effects(session, one) if each.part == EVENT]
    return [str(each["host_name"]) for each in told if each["host"] == booking.host][-1]


def booking_of(session: Session, effect: Effect) -> Booking | None:
    """What they chose, cancelled or not."""
    return session.exec(select(Booking).where(Booking.effect_id == effect.id)).first()


def with_calendar(services: Services, situation: Situation, host: str, uid: str) -> Situation:
    """The same with what the host's own calendar says, where there is one; not what this very call takes."""
    if services.calendars is None:
        return situation
    busy = services.calendars.of(host).busy(*horizon(situation.now))
    return replace(situation, busy=(*situation.busy, *apart_from(busy, uid)))


def _situation(session: Session, services: Services, one: Asked) -> Situation:
    now = services.clock.now()
    return situation_of(
        services, one.account, one.contact, drop_from_plain(one.case.drop), now,
        busy=busy_times(session, one.case, now),
    )  # fmt: skip


def _call(one: Asked, situation: Situation) -> CallType:
    call = situation.catalogue.call(str(one.proposal.arguments.get("call", "")))
    if call is None:
        raise InputError("this call can no longer be arranged", fix="reply to the message instead")
    return call


def choose(services: Services, key: str, start: datetime) -> Booking:
    """Take a time: the event is written and the invitation sent. Another time later changes both.

    Raises:
        InputError: it is no time of this call, or less than a day away.
        ConflictError: somebody else took it first.
        CalendarSilentError: nobody knows whether it is free.
    """
    now = services.clock.now()
    offered = slots(services, key)
    if (offered.booking is not None and offered.booking.starts_at == start
            and offered.booking.cancelled_at is None):  # fmt: skip
        return offered.booking
    if offered.silent is not None:
        raise offered.silent
    if start not in offered.free:
        raise ConflictError("this time is no longer free", fix="choose another")
    with services.store.write("choose") as session:
        # One at a time for a host: two who choose overlapping times must not both find it free.
        services.store.lock(session, f"host {offered.host.address}")
        one = asked(session, key, lock=True)
        length = timedelta(minutes=offered.call.minutes)
        busy = Busy(offered.host.address, start, start + length)
        if _taken(session, one, busy):
            raise ConflictError("somebody else has just taken this time", fix="choose another")
        row = booking_of(session, one.effect)
        if row is not None and row.cancelled_at is None and row.host != busy.host:
            raise ConflictError("the call was arranged with somebody else meanwhile", fix="choose another time")
        changed = row is not None
        if row is None:
            row = Booking(
                effect_id=one.effect.id or 0, contact_id=one.contact.id or 0, call=offered.call.id,
                host=busy.host, starts_at=busy.start, ends_at=busy.end,
            )  # fmt: skip
        else:
            row.host, row.starts_at, row.ends_at = busy.host, busy.start, busy.end
            row.sequence, row.cancelled_at = row.sequence + 1, None
        session.add(row)
        session.flush()
        _announce(session, services, one, offered, row, now, changed=changed)
        return row


def _taken(session: Session, one: Asked, wanted: Busy) -> bool:
    query = select(Booking.id).where(
        Booking.host == wanted.host,
        col(Booking.cancelled_at).is_(None),
        col(Booking.starts_at) < wanted.end,
        col(Booking.ends_at) > wanted.start,
        Booking.effect_id != one.effect.id,
    )
    return session.exec(query).first() is not None


def cancel(services: Services, key: str) -> Booking:
    """Give the time back: the event is cancelled, and both are told; the host's calendar is not asked.

    Raises:
        InputError: nothing was arranged.
    """
    now = services.clock.now()
    with services.store.write("cancel_call") as session:
        one = asked(session, key, lock=True)
        offered = _chosen(session, one, _situation(session, services, one))
        row = booking_of(session, one.effect)
        if row is None:
            raise InputError("no call is arranged", fix="choose a time first")
        if row.cancelled_at is not None:
            return row
        row.cancelled_at, row.sequence = now, row.sequence + 1
        session.add(row)
        session.flush()
        _announce(session, services, one, offered, row, now, changed=False)
        return row


def _announce(
    session: Session, services: Services, one: Asked, offered: Slots, row: Booking, now: datetime, *, changed: bool
) -> None:
    """The event, the invitation to both, and the entry: all in the transaction of the choice."""
    cancelled, address = row.cancelled_at is not None, one.contact.email or ""
    invited = Invited(
        uid=event_uid(one.effect.key, row.host),
        summary=f"{services.settings.company.name}: {offered.call.name['en']}",
        start=row.starts_at,
        end=row.ends_at,
        organizer=offered.host,
        attendee_name=one.contact.name,
        attendee_address=address,
        sequence=row.sequence,
        cancelled=cancelled,
    )
    told = Told(services, one, offered, row, invited, changed=changed)
    parent, number = one.effect, row.sequence
    invite = told.mail("call_invitation", pages=True, now=now)
    to_host = {"to": {"name": offered.host.name, "address": row.host}}
    tell = {**told.mail("call_for_host", pages=False, now=now), **to_host}
    planned = [
        follow(services, parent, EVENT, CALENDAR, now, told.event(), number=number),
        follow(services, parent, INVITE, EMAIL, now, invite, number=number),
        follow(services, parent, TELL_HOST, EMAIL, now, tell, number=number, audience=COLLEAGUE),
    ]
    session.add_all(planned)
    session.flush()
    value = "cancelled" if cancelled else "changed" if changed else "chosen"
    body = {
        "effect": parent.key,
        "action_hash": parent.action_hash,
        "contact": one.contact.id,
        "question": "call",
        "value": value,
        "start": row.starts_at,
        "follows": [each.key for each in planned],
    }
    advance(session, one.case.id or 0, EntryKind.ANSWERED, now, body, allowed=tuple(CaseState))


@dataclass(frozen=True)
class Told:
    """What both sides and the calendar are told of one version of a call."""

    services: Services
    one: Asked
    offered: Slots
    row: Booking
    invited: Invited
    changed: bool

    def event(self) -> dict[str, Any]:
        """For the calendar."""
        invited = self.invited
        return {
            "uid": invited.uid,
            "sequence": invited.sequence,
            "start": invited.start.isoformat(),
            "end": invited.end.isoformat(),
            "summary": invited.summary,
            "host": invited.organizer.address,
            "host_name": invited.organizer.name,
            "attendee": invited.attendee_address,
            "attendee_name": invited.attendee_name,
            "cancelled": invited.cancelled,
        }

    def mail(self, template: str, *, pages: bool, now: datetime) -> dict[str, Any]:
        """For a person, with the file for their calendar."""
        company = self.services.settings.company
        language = self.one.contact.language.partition("-")[0].lower() if pages else FALLBACK
        message = render_message(
            template, language, self._values(), {}, company, pages=pages and self.services.links is not None
        )
        text = invitation(self.invited, now).decode()
        attachment = {"name": "invitation.ics", "media_type": self.invited.media_type, "text": text}
        return {"message": asdict(message), "attachments": [attachment]}

    def _values(self) -> dict[str, Any]:
        company, one = self.services.settings.company, self.one
        return {
            "name": one.contact.name,
            "customer": f"{one.contact.name} ({one.account.name or one.account.key})",
            "owner": one.account.owner_name or company.name,
            "host": self.offered.host.name,
            "start": self.row.starts_at,
            "zone": self.offered.zone,
            "minutes": self.offered.call.minutes,
            "reason": drop_from_plain(one.case.drop).reason,
            "changed": self.changed,
            "cancelled": self.row.cancelled_at is not None,
        }
