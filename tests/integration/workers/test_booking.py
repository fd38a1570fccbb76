"""A call that a customer chooses, changes and cancels: one call at a time for a host, one event for ever."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlmodel import col, select

from tools.calendars.calendar import Calendar as HostCalendar
from tools.calendars.calendar import CalendarSilentError
from tools.calendars.office import OfficeEvents
from tools.channels.channel import NotSent, Parcel, Receipt
from tools.tool import Busy
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.answers import Booking
from winback.store.models import Account, Effect
from winback.store.types import CALENDAR, EMAIL, EVENT
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.booking import Slots, cancel, choose, slots
from workers.item import open_item
from workers.link import Links
from workers.propose import propose_all
from workers.services import Services

POLICY = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [{tools: [book_call], mode: review}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
"""
HOST = "asha@example.com"


class HostBusy:
    """Calendars of hosts as a test sets them."""

    def __init__(self, busy: Mapping[str, tuple[Busy, ...]] | None) -> None:
        self._busy = busy

    def of(self, host: str) -> HostCalendar:
        return _One(host, self._busy)


class _One:
    def __init__(self, host: str, busy: Mapping[str, tuple[Busy, ...]] | None) -> None:
        self._host, self._busy = host, busy

    def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        assert start < end
        if self._busy is None:
            raise CalendarSilentError(self._host, "no answer")
        return self._busy.get(self._host, ())

    def probe(self) -> None:
        self.busy(NOON, NOON + timedelta(days=1))


class Down(MemoryChannel):
    """Calendars of which one host's does not answer."""

    def __init__(self, host: str) -> None:
        super().__init__(name="calendar")
        self._host = host

    def send(self, parcel: Parcel) -> Receipt:
        if parcel.payload["host"] == self._host:
            raise NotSent("no connection", retry=True)
        return super().send(parcel)


@pytest.fixture
def proposed(services: Services) -> Services:
    """Two accounts of one manager, each asked to a call with her."""
    channels = {EMAIL: services.channels[EMAIL], CALENDAR: OfficeEvents(services.settings.calendar_folder)}
    both = replace(services, channels=channels, links=Links("https://hello.example.com", "s" * 40))
    (both.settings.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with both.store.write("test") as session:
        for name in ("acme", "beta"):
            open_case(session, add_account(session, name), sample_drop(name, DropKind.ALL_QUIET))
    propose_all(both, AS_OF)
    for number in (1, 2):
        with both.store.read() as session:
            review = open_item(session, number).review
        reviews.approve(both, number, review.action_hash, "rita")
    assert [one.kind.value for one in act_all(both)] == ["done", "done"]
    return both


def keys(services: Services) -> list[str]:
    with services.store.read() as session:
        return list(session.exec(select(Effect.key).where(Effect.part == "message").order_by(Effect.id)))  # type: ignore[arg-type]


def mails(services: Services, part: str) -> list[Any]:
    channel = services.channels[EMAIL]
    assert isinstance(channel, MemoryChannel)
    return [one for one in channel.sent if one.part == part]


def events(services: Services) -> list[Any]:
    files = sorted(services.settings.calendar_folder.glob("*.ics"))
    return [Calendar.from_ical(one.read_bytes()).walk("VEVENT")[0] for one in files]


def first(offered: Slots) -> datetime:
    assert offered.free
    return offered.free[0]


def test_a_chosen_time_is_written_down_and_both_are_invited(proposed: Services) -> None:
    """The event, the invitation and the host's mail say the same of one call."""
    key = keys(proposed)[0]
    start = first(slots(proposed, key))
    booking = choose(proposed, key, start)
    assert (booking.host, booking.starts_at, booking.sequence) == (HOST, start, 0)
    assert [one.kind.value for one in act_all(proposed)] == ["done"] * 3
    event, invite, told = events(proposed)[0], mails(proposed, "invite")[0], mails(proposed, "tell_host")[0]
    assert (invite.recipient_address, told.recipient_address) == ("acme-ann@example.com", HOST)
    sent = Calendar.from_ical(invite.attachments[0].content)
    assert sent["METHOD"] == "REQUEST"
    one = sent.walk("VEVENT")[0]
    assert one["UID"] == event["UID"]
    assert one.decoded("DTSTART") == event.decoded("DTSTART") == start
    assert "https://hello.example.com/c/" in invite.message.body
    assert "hello.example.com" not in told.message.body
    assert not told.headers
    assert entries(proposed.store, 1).count("answered") == 1
    assert verify(proposed.store).problems == ()


def test_a_first_mail_asks_to_choose_and_invites_to_nothing(proposed: Services) -> None:
    """No calendar file before a time was chosen."""
    first_mail = mails(proposed, "message")[0]
    assert first_mail.attachments == ()
    assert "https://hello.example.com/c/" in first_mail.message.body


def test_a_change_keeps_the_event_and_raises_its_sequence(proposed: Services) -> None:
    """RFC 5546: the same UID, a higher SEQUENCE; then a cancellation with a higher one still."""
    key = keys(proposed)[0]
    offered = slots(proposed, key)
    choose(proposed, key, offered.free[0])
    act_all(proposed)
    choose(proposed, key, offered.free[1])
    act_all(proposed)
    cancel(proposed, key)
    act_all(proposed)
    cancel(proposed, key)
    found = [Calendar.from_ical(one.attachments[0].content) for one in mails(proposed, "invite")]
    assert [one["METHOD"] for one in found] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [one.walk("VEVENT")[0]["SEQUENCE"] for one in found] == [0, 1, 2]
    assert len({one.walk("VEVENT")[0]["UID"] for one in found}) == 1
    assert [one["STATUS"] for one in events(proposed)] == ["CANCELLED"]
    assert act_all(proposed) == []


NEW_HOST = "noor@elsewhere.example"


def another_manager(services: Services) -> None:
    """The first account is somebody else's from now on."""
    with services.store.write("test") as session:
        account = session.get_one(Account, 1)
        account.owner_name, account.owner_email = "Noor", NEW_HOST


def organizers(services: Services, part: str = "invite") -> list[tuple[str, str, int]]:
    """Method, organizer and sequence of each invitation."""
    found = []
    for one in mails(services, part):
        calendar = Calendar.from_ical(one.attachments[0].content)
        event = calendar.walk("VEVENT")[0]
        found.append((str(calendar["METHOD"]), str(event["ORGANIZER"]).removeprefix("mailto:"), event["SEQUENCE"]))
    return found


def test_a_call_stays_with_the_host_it_was_made_with(proposed: Services) -> None:
    """The account's manager changes: another time, and the end of it, go to the calendar that has the event."""
    key = keys(proposed)[0]
    offered = slots(proposed, key)
    name = offered.host.name
    choose(proposed, key, offered.free[0])
    act_all(proposed)
    another_manager(proposed)
    taken = Busy(HOST, offered.free[1], offered.free[1] + timedelta(minutes=5))
    theirs = replace(proposed, calendars=HostBusy({HOST: (taken,)}))  # type: ignore[arg-type]
    kept = slots(theirs, key)
    assert (kept.host.address, kept.host.name, offered.free[1] in kept.free) == (HOST, name, False)
    choose(theirs, key, offered.free[2])
    act_all(theirs)
    assert [(one["STATUS"], one["SEQUENCE"]) for one in events(proposed)] == [("CONFIRMED", 1)]
    cancel(proposed, key)
    act_all(proposed)
    assert [(one["STATUS"], one["SEQUENCE"]) for one in events(proposed)] == [("CANCELLED", 2)]
    wanted = [("REQUEST", HOST, 0), ("REQUEST", HOST, 1), ("CANCEL", HOST, 2)]
    assert organizers(proposed) == organizers(proposed, "tell_host") == wanted
    assert {one.recipient_address for one in mails(proposed, "tell_host")} == {HOST}
    with proposed.store.read() as session:
        written = session.exec(select(Effect).where(Effect.part == EVENT)).all()
    assert {(one.payload["host"], one.payload["host_name"]) for one in written} == {(HOST, name)}
    assert verify(proposed.store).problems == ()


def test_a_call_that_is_arranged_anew_is_with_the_manager_of_today(proposed: Services) -> None:
    """After it was cancelled nothing stands in the calendar of the one before."""
    key = keys(proposed)[0]
    choose(proposed, key, first(slots(proposed, key)))
    cancel(proposed, key)
    act_all(proposed)
    another_manager(proposed)
    offered = slots(proposed, key)
    assert offered.host.address == NEW_HOST
    assert choose(proposed, key, first(offered)).host == NEW_HOST
    act_all(proposed)
    assert [one["STATUS"] for one in events(proposed) if NEW_HOST not in str(one["ORGANIZER"])] == ["CANCELLED"]
    assert organizers(proposed)[-2:] == [("CANCEL", HOST, 1), ("REQUEST", NEW_HOST, 2)]
    assert verify(proposed.store).problems == ()


def test_a_page_from_before_the_call_was_arranged_moves_it_to_nobody_else(
    proposed: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows, and the manager changes between: the time of another host is not taken for this call."""
    key = keys(proposed)[0]
    another_manager(proposed)
    stale = slots(proposed, key)
    with proposed.store.write("test") as session:
        session.get_one(Account, 1).owner_email = HOST
    choose(proposed, key, stale.free[0])
    monkeypatch.setattr("workers.booking.slots", lambda *_: stale)
    with pytest.raises(ConflictError, match="arranged with somebody else"):
        choose(proposed, key, stale.free[1])
    with proposed.store.read() as session:
        assert session.exec(select(Booking.host, Booking.sequence)).one() == (HOST, 0)


def test_choosing_the_same_time_again_changes_nothing(proposed: Services) -> None:
    """A double click is one call."""
    key = keys(proposed)[0]
    start = first(slots(proposed, key))
    choose(proposed, key, start)
    assert choose(proposed, key, start).sequence == 0
    act_all(proposed)
    assert len(mails(proposed, "invite")) == 1


def test_what_one_took_the_other_is_not_offered(proposed: Services) -> None:
    """And whoever saw it before is told."""
    one, other = keys(proposed)
    start = first(slots(proposed, one))
    assert start in slots(proposed, other).free
    choose(proposed, one, start)
    assert start not in slots(proposed, other).free
    with pytest.raises(ConflictError, match="no longer free"):
        choose(proposed, other, start)
    cancel(proposed, one)
    assert choose(proposed, other, start).starts_at == start


def test_two_people_choosing_one_time(proposed: Services) -> None:
    """At the same moment: one gets it, the other is told."""
    one, other = keys(proposed)
    start, barrier, outcomes = first(slots(proposed, one)), threading.Barrier(2), []

    def click(key: str) -> None:
        barrier.wait()
        try:
            choose(proposed, key, start)
            outcomes.append("got it")
        except ConflictError:
            outcomes.append("told")

    threads = [threading.Thread(target=click, args=(key,)) for key in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["got it", "told"]
    with proposed.store.read() as session:
        assert len(session.exec(select(Booking)).all()) == 1


def test_the_hosts_own_calendar_counts(proposed: Services) -> None:
    """What it says is busy is not offered; one that does not answer offers nothing."""
    key = keys(proposed)[0]
    start = first(slots(proposed, key))
    taken = {HOST: (Busy(HOST, start, start + timedelta(minutes=5)),)}
    busy = replace(proposed, calendars=HostBusy(taken))  # type: ignore[arg-type]
    assert start not in slots(busy, key).free
    silent = replace(proposed, calendars=HostBusy(None))  # type: ignore[arg-type]
    with pytest.raises(CalendarSilentError):
        slots(silent, key)
    with pytest.raises(CalendarSilentError):
        choose(silent, key, start)


def test_a_call_is_cancelled_while_the_calendar_is_silent(proposed: Services) -> None:
    """What was chosen is shown and can be given back; another time is not offered from ignorance."""
    key = keys(proposed)[0]
    start, other = slots(proposed, key).free[:2]
    choose(proposed, key, start)
    silent = replace(proposed, calendars=HostBusy(None))  # type: ignore[arg-type]
    shown = slots(silent, key)
    assert shown.booking is not None
    assert (shown.booking.starts_at, shown.free) == (start, ())
    assert choose(silent, key, start).sequence == 0
    with pytest.raises(CalendarSilentError):
        choose(silent, key, other)
    assert cancel(silent, key).cancelled_at == NOON
    act_all(silent)
    with proposed.store.read() as session:
        events = session.exec(select(Effect).where(Effect.part == EVENT).order_by(col(Effect.id))).all()
    assert [(one.state, one.payload["cancelled"]) for one in events] == [("done", False), ("done", True)]
    assert (slots(silent, key).free, other in slots(proposed, key).free) == ((), True)


def test_one_calendar_that_is_down_does_not_hold_up_the_others(proposed: Services) -> None:
    """After five failures the host's own rests, not every host's."""
    key = keys(proposed)[0]
    down = Down(HOST)
    here = replace(proposed, channels={**proposed.channels, CALENDAR: down})
    choose(here, key, first(slots(here, key)))
    for minute in range(0, 60 * 12, 60):
        here = replace(here, clock=SimulatedClock(NOON + timedelta(minutes=minute)))
        act_all(here)
    assert here.breaker(f"{CALENDAR} {HOST}").closed_until() is not None
    assert here.breaker(f"{CALENDAR} bob@example.com").closed_until() is None
    assert here.breaker(CALENDAR).closed_until() is None


def test_only_times_that_were_offered_can_be_chosen(proposed: Services) -> None:
    """Not one at night, not one that has gone by, and nothing of another tool."""
    key = keys(proposed)[0]
    with pytest.raises(ConflictError):
        choose(proposed, key, NOON + timedelta(days=3, hours=14))
    start = first(slots(proposed, key))
    assert isinstance(proposed.clock, SimulatedClock)
    proposed.clock.set(start - timedelta(hours=1))
    with pytest.raises(ConflictError):
        choose(proposed, key, start)
    with pytest.raises(InputError, match="no call is arranged"):
        cancel(proposed, key)
