"""Erasing and exporting what somebody answered, arranged, prefers and was shown in the product."""

import json
from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.integration.held_person import Who, left_of
from tools.calendars.event import resource_name
from winback.clock import SimulatedClock
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.decisions.verify import verify
from winback.store.answers import Answer, Booking, FeedItem, Preference
from winback.store.inbox import InboxMail
from winback.store.models import Contact, Effect
from winback.store.types import CALENDAR, EMAIL, ENTITLEMENT, EVENT, NOTICE, TAKE_BACK, CaseState
from winback.testing.channel import MemoryChannel
from winback.testing.world import NOON
from workers.act import act_all
from workers.follow_up import follow
from workers.privacy.erase import erase, survey
from workers.privacy.export import sections
from workers.services import Services

UID = "call-1@winback"
END = NOON + timedelta(days=1)
TRIAL = {"trial": "trial-team", "plan": "team", "from_plan": "starter", "days": 1, "until": END.isoformat()}


@pytest.fixture
def answered(held: Services, who: Who) -> Services:
    """All that may be held after an answer, and a colleague's message beside it."""
    event = {"uid": UID, "attendee": who.email, "attendee_name": who.name, "host": "h@x.example"}
    mail = {"message": {"body": f"Hello {who.name}"}, "to": {"address": who.email, "name": who.name}}
    with held.store.write("test") as session:
        sent = session.exec(select(Effect)).one()
        tomorrow = NOON + timedelta(days=1)
        following = [
            follow(held, sent, EVENT, CALENDAR, tomorrow, event),
            follow(held, sent, NOTICE, EMAIL, tomorrow, mail),
            follow(held, sent, "grant", ENTITLEMENT, NOON, TRIAL),
            follow(held, sent, TAKE_BACK, ENTITLEMENT, END, TRIAL),
        ]
        session.add_all(following)
        said = {"effect": sent.key, "action_hash": sent.action_hash, "contact": 1, "question": "offer",
                "value": "accepted", "follows": [one.key for one in following]}  # fmt: skip
        advance(session, sent.case_id, EntryKind.ANSWERED, NOON, said, allowed=tuple(CaseState))
        words = f"{who.name} objects"
        session.add(
            Answer(effect_id=sent.id, contact_id=1, question="contest", value="written", words=words, at=NOON)
        )
        session.add(Preference(contact_id=1, topics=["book_call"], level="advanced", days_between=30, at=NOON))
        session.add(
            Booking(
                effect_id=sent.id, contact_id=1, call="checkin", host="h@x.example",
                starts_at=NOON + timedelta(days=2), ends_at=NOON + timedelta(days=2, hours=1),
            )
        )  # fmt: skip
        for person, name in ((who.key, who.name), ("col", "Col League")):
            session.add(
                FeedItem(
                    key=str(len(name)), account=who.account, contact=person, language="hi",
                    subject=f"For {name}", body=f"Hello {name}\n", at=NOON,
                )
            )  # fmt: skip
        session.add(InboxMail(digest="0" * 64, outcome="reply", effect_id=sent.id, at=NOON))
    held.settings.calendar_folder.mkdir()
    (held.settings.calendar_folder / resource_name(UID)).write_text(f"ATTENDEE;CN={who.name}:mailto:{who.email}")
    return held


def test_nothing_of_it_is_left(answered: Services, who: Who) -> None:
    """In no table and no file; what is a colleague's stays, and the rows keep what is nobody's."""
    before = {where for where, _ in left_of(answered, who.strings)}
    assert before > {"answer", "effect", "feed_item"}
    assert any(str(answered.settings.calendar_folder) in one for one in before)
    done = erase(answered, who.email)
    assert left_of(answered, who.strings) == []
    counts = ("answers", "bookings", "preferences", "feed items", "calls in the calendar folder")
    assert [done.counts[name] for name in counts] == [1, 1, 1, 1, 1]
    with answered.store.read() as session:
        answer, booking = session.exec(select(Answer)).one(), session.exec(select(Booking)).one()
        assert session.exec(select(Preference)).all() == []
        theirs, others = session.exec(select(FeedItem).order_by(col(FeedItem.id))).all()
    assert (answer.value, answer.words, booking.call, booking.host) == ("written", "", "", "h@x.example")
    assert (theirs.contact, theirs.subject, theirs.body) == ("", "", "")
    assert (others.contact, others.subject, others.body) == ("col", "For Col League", "Hello Col League\n")
    assert verify(answered.store).problems == ()


def test_a_trial_is_taken_back_all_the_same(answered: Services, who: Who) -> None:
    """What would have told them, or named them in a calendar, lapses; what ends an entitlement does not."""
    ledger = MemoryChannel(name="ledger")
    answered.channels[ENTITLEMENT] = ledger  # type: ignore[index]  # a dict, in tests
    assert [one.kind.value for one in act_all(answered)] == ["done"]
    erase(answered, who.email)
    assert isinstance(answered.clock, SimulatedClock)
    answered.clock.set(NOON + timedelta(days=2))
    assert sorted(one.kind.value for one in act_all(answered)) == ["done", "lapsed", "lapsed"]
    assert [(one.part, one.payload["plan"], one.recipient_address) for one in ledger.sent] == [
        ("grant", "team", who.email),
        ("take_back", "team", ""),
    ]
    assert verify(answered.store).problems == ()


def test_a_message_of_an_erased_person_is_nobodys(answered: Services, who: Who) -> None:
    """A second contact with the same key in another account keeps theirs."""
    with answered.store.write("test") as session:
        other = session.exec(select(Contact).where(Contact.key == "col")).first()
        assert other is not None
        session.add(
            FeedItem(key="n", account="far", contact=who.key, language="en", subject="s", body="b", at=NOON)
        )
    erase(answered, who.email)
    with answered.store.read() as session:
        assert session.exec(select(FeedItem.subject).where(FeedItem.key == "n")).one() == "s"


def test_the_export_tells_all_of_it(answered: Services, who: Who) -> None:
    """Each in its section, with the words; nothing of a colleague's."""
    with answered.store.read() as session:
        found = {one.name: list(one.rows) for one in sections(answered, session, who.email)}
    assert {name: len(found[name]) for name in ("answers", "bookings", "preferences", "feed", "inbox")} == {
        "answers": 1, "bookings": 1, "preferences": 1, "feed": 1, "inbox": 1,
    }  # fmt: skip
    assert found["answers"][0]["words"] == f"{who.name} objects"
    assert found["preferences"][0]["topics"] == ["book_call"]
    assert any(one["payload"].get("attendee") == who.email for one in found["effects"])
    assert "Col League" not in json.dumps(found, default=str)


def test_the_survey_counts_it(answered: Services, who: Who) -> None:
    """What would be erased is told before."""
    counts = survey(answered, who.email).counts
    assert [counts[name] for name in ("answers", "bookings", "preferences", "feed items")] == [1, 1, 1, 1]


def test_messages_of_an_account_that_is_the_person_go_by_its_new_key(alone: Services, who: Who) -> None:
    """Where the account's key goes, the feed does not keep it."""
    with alone.store.write("test") as session:
        session.add(
            FeedItem(key="n", account=who.email, contact=who.email, language="en", subject="s", body="b", at=NOON)
        )
    erase(alone, who.email, account_too=True)
    assert left_of(alone, (who.name, who.email)) == []
    with alone.store.read() as session:
        assert session.exec(select(FeedItem.account)).one() == "erased-1"
