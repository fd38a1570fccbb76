"""Calls: free hours of the host, by day for the contact, and an invitation that calendars understand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from tests.unit.tools.situations import KEY, NOW, SITUATION, situation
from tools.book_call import BookCall, BookCallArguments
from tools.catalogue import WEEKDAYS
from tools.tool import Busy, Option, Situation
from winback.errors import InputError

TOOL = BookCall()
OWNER = SITUATION.owner_address
ZONES = ["Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Auckland", "UTC"]
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def starts(here: Situation, call: str = "checkin") -> list[datetime]:
    return [when(option) for option in TOOL.options(here) if option.catalogue_id == call]


def when(option: Option) -> datetime:
    assert isinstance(option.arguments, BookCallArguments)
    return option.arguments.start


def arguments(start: datetime, call: str = "checkin") -> BookCallArguments:
    return BookCallArguments(call=call, start=start)


def test_next_three_slots_from_the_third_working_day() -> None:
    """On a Friday the first slots are on Wednesday, in the host's hours."""
    expected = [datetime(2026, 10, 21, 8, 0, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(3)]
    assert starts(situation()) == expected
    assert TOOL.options(situation())[0].fit == 1.0


def test_label_shows_the_contacts_own_time() -> None:
    """10:00 in Berlin is told as 13:30 to somebody in Kolkata."""
    assert TOOL.options(situation())[0].label.endswith("Wed 21 Oct 13:30 (Asia/Kolkata)")


def test_unknown_zone_means_the_companys() -> None:
    """A contact whose zone is missing or wrong is told the company's time."""
    for zone in ("", "Nowhere/Land", "../etc/passwd"):
        assert TOOL.options(situation(person={"zone": zone}))[0].label.endswith("10:00 (Europe/Berlin)")


def test_a_slot_is_given_away_once() -> None:
    """Time that another case took is not offered, nor any slot that overlaps it."""
    first = starts(situation())[0]
    taken = Busy(OWNER, first + timedelta(minutes=10), first + timedelta(minutes=40))
    here = situation(busy=(taken,))
    assert first not in starts(here)
    assert first + timedelta(minutes=30) not in starts(here)
    with pytest.raises(InputError, match="is taken"):
        TOOL.resolve(arguments(first), here)
    assert starts(situation(busy=(Busy("somebody@else.example", taken.start, taken.end),)))[0] == first


def test_an_option_says_which_time_it_takes() -> None:
    """The time to be kept free is the host's, for the length of the call."""
    option = TOOL.options(situation())[0]
    assert option.busy == Busy(OWNER, when(option), when(option) + timedelta(minutes=30))


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(ZONES))
def test_slots_keep_office_hours_and_civil_hours(now: datetime, zone: str) -> None:
    """Whenever asked, slots lie in the host's hours, by day for the contact, three working days away, in order."""
    here = situation(now=now, person={"zone": zone})
    for call in here.catalogue.calls:
        found = starts(here, call.id)
        assert found == sorted(set(found))
        assert len(found) == 3 or zone in ("America/New_York", "Pacific/Auckland")
        for start in found:
            local = start.astimezone(ZoneInfo(call.zone))
            end = local + timedelta(minutes=call.minutes)
            hours = call.hours[WEEKDAYS[local.weekday()]]
            assert any(one.start <= local.time() and end.time() <= one.end for one in hours)
            theirs = start.astimezone(ZoneInfo(zone))
            assert 8 <= theirs.hour < 20
            assert (local.date() - now.astimezone(ZoneInfo(call.zone)).date()).days >= 3


@settings(deadline=None)
@given(MOMENTS)
def test_slots_are_the_same_whenever_asked_the_same(now: datetime) -> None:
    """The same question has the same answer, and every answer can be resolved."""
    here = situation(now=now)
    options = TOOL.options(here)
    assert options == TOOL.options(here)
    for option in options:
        stored = BookCallArguments.model_validate_json(option.arguments.model_dump_json())
        assert TOOL.resolve(stored, here).busy == option.busy


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (datetime(2026, 10, 20, 8, 10, tzinfo=UTC), "is no slot of call 'checkin'"),
        (datetime(2026, 10, 18, 8, 0, tzinfo=UTC), "is no slot of call 'checkin'"),
        (datetime(2026, 10, 16, 8, 0, tzinfo=UTC), "is less than a day away"),
        (datetime(2026, 10, 12, 8, 0, tzinfo=UTC), "is less than a day away"),
    ],
)
def test_only_slots_that_can_still_be_had(start: datetime, says: str) -> None:
    """A time outside the hours, in the past or too soon is refused."""
    with pytest.raises(InputError, match=says):
        TOOL.resolve(arguments(start), situation())


def test_a_slot_offered_days_ago_still_holds() -> None:
    """An approval that took a few days does not undo an offered slot that is a day away and free."""
    first = starts(situation())[0]
    later = situation(now=first - timedelta(hours=25))
    assert first not in starts(later)
    assert when(TOOL.resolve(arguments(first), later)) == first


def test_invitation_is_a_request_to_one_attendee() -> None:
    """The .ics is an RFC 5546 REQUEST with a UID from the key, and the same bytes each time."""
    option = TOOL.options(situation())[0]
    (attachment,) = TOOL.attachments(option, situation(), KEY)
    assert attachment.media_type == "text/calendar; method=REQUEST; charset=utf-8"
    assert TOOL.attachments(option, situation(), KEY) == (attachment,)
    calendar = Calendar.from_ical(attachment.content)
    (event,) = calendar.walk("VEVENT")
    assert calendar["method"] == "REQUEST"
    assert event["uid"] == f"{KEY}@acme.example.com"
    assert event["sequence"] == 0
    assert event["dtstamp"].dt == NOW
    assert (event["dtstart"].dt, event["dtend"].dt) == (when(option), when(option) + timedelta(minutes=30))
    assert event["organizer"] == f"mailto:{OWNER}"
    assert event["attendee"] == "mailto:asha@customer.example.com"
    assert event["attendee"].params["cn"] == "Asha Rao"


@settings(deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_hostile_names_stay_inside_the_invitation(name: str, owner: str) -> None:
    """Whatever people are called, the invitation parses and has one event, one attendee, one organizer."""
    here = situation(person={"name": name}, owner_name=owner)
    (attachment,) = TOOL.attachments(TOOL.options(here)[0], here, KEY)
    (event,) = Calendar.from_ical(attachment.content).walk("VEVENT")
    assert event["attendee"] == "mailto:asha@customer.example.com"
    assert event["organizer"] == f"mailto:{OWNER}"
    assert set(event) == {
        "SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "SEQUENCE", "ATTENDEE", "ORGANIZER", "STATUS",
    }  # fmt: skip
    assert not event.errors


@pytest.mark.parametrize(
    "name", ['"; X=1:mailto:evil@example.com', "a\r\nATTENDEE:mailto:evil@example.com", "a^nb^'c", "x\\"]
)
def test_name_cannot_add_an_attendee(name: str) -> None:
    """Quotes, line ends and RFC 6868 escapes in a name do not reach the calendar's grammar."""
    here = situation(person={"name": name})
    (attachment,) = TOOL.attachments(TOOL.options(here)[0], here, KEY)
    unfolded = attachment.content.decode().replace("\r\n ", "")
    (attendee,) = (line for line in unfolded.split("\r\n") if line.startswith("ATTENDEE"))
    assert attendee.endswith(":mailto:asha@customer.example.com")
    assert "^" not in unfolded
    (event,) = Calendar.from_ical(attachment.content).walk("VEVENT")
    assert event["attendee"] == "mailto:asha@customer.example.com"


def test_a_call_needs_a_host_who_can_be_invited_to() -> None:
    """Without a usable address of the account's manager only calls with named hosts are offered."""
    here = situation(owner_address="Jonas")
    assert {option.catalogue_id for option in TOOL.options(here)} == {"onboarding"}
    with pytest.raises(InputError, match="the account's manager has no mail address"):
        TOOL.resolve(arguments(starts(situation())[0]), here)


@pytest.mark.parametrize("address", ["", "asha", "a@b\r\nX: y", "asha@[127.0.0.1]", "आशा@example.com"])
def test_a_contact_without_a_plain_address_is_not_invited(address: str) -> None:
    """An invitation goes to a mail address or to nobody."""
    here = situation(person={"address": address})
    assert TOOL.options(here) == []
    with pytest.raises(InputError, match="the contact has no mail address"):
        TOOL.resolve(arguments(starts(situation())[0]), here)
    with pytest.raises(InputError, match="is not a mail address"):
        TOOL.attachments(TOOL.options(situation())[0], here, KEY)
