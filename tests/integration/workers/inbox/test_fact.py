"""Who is believed, and what follows: row, fact and entry in the log together, or none of them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.integration.workers.inbox.conftest import key_of
from tests.unit.workers.inbox import mails
from tests.unit.workers.inbox.mails import ANN, reply
from winback.decisions.entry import spoken
from winback.decisions.kind import EntryKind
from winback.decisions.verify import verify
from winback.errors import InputError
from winback.settings_channels import Inbox
from winback.store.inbox import InboxMail
from winback.store.models import Account, Case, Contact, DecisionEntry, Effect, Interaction, Review
from winback.store.types import CaseState, EffectState, ReviewState
from winback.testing.world import AS_OF, NOON, add_contact, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.inbox.event import take_event
from workers.inbox.take import digest_of, take
from workers.inbox.taken import WHY, Outcome
from workers.propose import propose_all
from workers.services import Services

pytestmark = pytest.mark.by_hand


@pytest.fixture
def ours(sent: Services) -> Services:
    """The message has the key that is in the sample mails; its account's manager is asha@example.com."""
    with sent.store.write("test") as session:
        session.get_one(Effect, 1).key = mails.KEY
    return sent


REVIEWED = """
version: 1
rules:
- {id: tools, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
- {id: expiry, kind: expires, hours: 168}
"""


def facts(services: Services) -> list[Interaction]:
    with services.store.read() as session:
        return list(session.exec(select(Interaction).order_by(col(Interaction.id))).all())


def stopped(services: Services) -> list[str]:
    with services.store.read() as session:
        query = select(Contact.key).where(col(Contact.unsubscribed_at).is_not(None)).order_by(Contact.key)
        return list(session.exec(query).all())


def rows(services: Services) -> list[tuple[str, str]]:
    with services.store.read() as session:
        return [(one.outcome, one.why) for one in session.exec(select(InboxMail)).all()]


def logged(services: Services) -> list[str]:
    with services.store.read() as session:
        query = select(DecisionEntry).where(
            col(DecisionEntry.kind).in_((EntryKind.RECORDED, EntryKind.UNSUBSCRIBED))
        )
        return [str(spoken(one.body)) for one in session.exec(query.order_by(col(DecisionEntry.id))).all()]


def second(services: Services, **changes: object) -> Contact:
    """Another person, of another account."""
    with services.store.write("test") as session:
        account = Account(key="bolt", name="Bolt")
        session.add(account)
        session.flush()
        contact = add_contact(session, account, "bolt-ben")
        for name, value in changes.items():
            setattr(contact, name, value)
        session.flush()
        return contact


def test_a_reply_is_of_its_case(ours: Services) -> None:
    """Tied to the very message that it answers; the log has no word of it, policy sees only its kind."""
    taken = take(ours, reply("Gladly, call me on 0171 555"))
    (fact,) = facts(ours)
    assert (taken.outcome, taken.interaction, taken.repeat) == (Outcome.REPLY, fact.id, False)
    assert (fact.kind, fact.effect_id, fact.tool, fact.note, fact.by) == (
        "reply", 1, "send_tutorial", "Gladly, call me on 0171 555", "inbox",
    )  # fmt: skip
    assert fact.at == NOON
    (entry,) = logged(ours)
    assert "0171" not in entry


@pytest.mark.parametrize(("words", "why"), [("Gladly", "to_a_colleague"), ("STOP", "nobody")])
def test_what_was_told_to_a_colleague_is_no_word_with_the_customer(ours: Services, words: str, why: str) -> None:
    """Whoever answers it says nothing in the customer's name: a person looks, and nobody is stopped."""
    with ours.store.write("test") as session:
        session.get_one(Effect, 1).audience = "colleague"
        session.get_one(Contact, 1).email = "moved@example.com"
    taken = take(ours, reply(words))
    assert (taken.outcome, rows(ours)) == (Outcome.LEFT, [("left", why)])
    assert (facts(ours), stopped(ours)) == ([], [])


def test_its_own_date_counts_between_sending_and_now(ours: Services) -> None:
    """A date that was made up moves no fact before the message that it answers, nor into the future."""
    later = replace(ours, clock=type(ours.clock)(NOON + timedelta(hours=3)))
    for number, (date, at) in enumerate(
        [
            ("Tue, 12 May 2026 11:00:00 +0000", NOON + timedelta(hours=1)),
            ("Tue, 12 May 2026 09:00:00 +0000", NOON + timedelta(hours=3)),
            ("Tue, 12 May 2099 09:00:00 +0000", NOON + timedelta(hours=3)),
            ("no date", NOON + timedelta(hours=3)),
        ]
    ):
        raw = reply("Yes", number=f"d-{number}").replace(mails.DATE.encode(), date.encode())
        take(later, raw)
        assert facts(ours)[-1].at == at


def test_taken_once(ours: Services) -> None:
    """The same message again, with other line ends or another way behind it, changes nothing."""
    raw = reply("Gladly")
    first = take(ours, raw)
    for again in (raw, raw.replace(b"\n", b"\r\n"), b"Received: by another way\n" + raw):
        second = take(ours, again)
        assert second == replace(first, repeat=True, interaction=None)
    assert len(facts(ours)) == len(logged(ours)) == len(rows(ours)) == 1
    assert digest_of(raw) != digest_of(reply("Gladly", number="r-9"))


@pytest.mark.parametrize(
    "raw", [mails.postfix(), mails.exchange(), mails.exim()], ids=["postfix", "exchange", "exim"]
)
def test_a_bounce(ours: Services, raw: bytes) -> None:
    """It is written down of the message and the person; nobody is unsubscribed by it."""
    assert take(ours, raw).outcome is Outcome.BOUNCE
    (fact,) = facts(ours)
    assert (fact.kind, fact.effect_id, fact.contact_id) == ("bounce", 1, 1)
    assert stopped(ours) == []


def test_a_message_bounces_once(ours: Services) -> None:
    """Two servers of one way may both say so."""
    assert take(ours, mails.postfix()).interaction == take(ours, mails.exchange()).interaction == 1
    assert len(facts(ours)) == len(logged(ours)) == 1


FORGED = {
    "another recipient": (mails.dsn(
        "Final-Recipient: rfc822; bolt-ben@example.com\nAction: failed\nStatus: 5.1.1\n", to="bolt-ben@example.com"
    ), "other_recipient"),
    "a made-up key": (mails.dsn(f"Final-Recipient: rfc822; {ANN}\nAction: failed\nStatus: 5.1.1\n", key="e" * 64),
                      "unknown_key"),
    "no key": (mails.postfix().replace(mails.KEY.encode(), b"none"), "no_key"),
    "a complaint without a key": (mails.arf(key="none"), "no_key"),
    "a delay of nothing": (mails.postfix("4.4.1", "delayed").replace(mails.KEY.encode(), b"none"), "no_key"),
    "a machine's": (reply("Away", key=None, sender="x@y.example", Auto_Submitted="auto-replied"), "no_key"),
    "a stranger's reply": (reply("Yes", key="e" * 64), "unknown_key"),
    "a stranger's stop": (reply("STOP", key=None, sender="nobody@y.example"), "nobody"),
    "a stop of nobody": (reply("STOP", key=None, sender="a@b.example, c@d.example"), "nobody"),
    "our own manager": (reply("I shall call her", sender="Asha Rao <asha@example.com>"), "ours"),
    "our own manager's stop": (reply("stop", sender="Asha Rao <ASHA@example.com>"), "ours"),
    "ourselves": (reply("Hello", sender="success@example.invalid"), "ours"),
    "spam": (reply("Buy now", key=None), "no_answer"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "why"), FORGED.values(), ids=FORGED)
def test_who_is_not_believed(ours: Services, raw: bytes, why: str) -> None:
    """Nothing follows, nobody falls silent; the message is left with a reason that has words."""
    second(ours)
    taken = take(ours, raw)
    assert (taken.outcome, taken.why) == (Outcome.LEFT, why)
    assert rows(ours) == [("left", why)]
    assert (facts(ours), stopped(ours), logged(ours)) == ([], [], [])
    assert WHY[why]


@pytest.mark.parametrize("state", [EffectState.PENDING, EffectState.FAILED, EffectState.LAPSED])
def test_what_never_went_out_cannot_bounce(ours: Services, state: EffectState) -> None:
    """Nor be answered."""
    with ours.store.write("test") as session:
        session.get_one(Effect, 1).state = state
    assert take(ours, mails.postfix()).why == take(ours, reply("Yes")).why == "never_sent"


@pytest.mark.parametrize("state", [EffectState.IN_FLIGHT, EffectState.UNKNOWN])
def test_what_may_have_gone_out_can(ours: Services, state: EffectState) -> None:
    """The answer can be there before the receipt."""
    with ours.store.write("test") as session:
        session.get_one(Effect, 1).state = state
    assert take(ours, mails.postfix()).outcome is Outcome.BOUNCE


def test_a_complaint_stops(ours: Services) -> None:
    """Everybody with that address, as the setting says."""
    second(ours, email=ANN.upper())
    taken = take(ours, mails.arf())
    assert (taken.outcome, taken.stopped) == (Outcome.COMPLAINT, 2)
    assert stopped(ours) == ["acme-ann", "bolt-ben"]
    assert [one.kind for one in facts(ours)] == ["complaint"]
    assert take(ours, mails.arf("fraud")).stopped == 0


def test_a_complaint_stops_nobody_where_it_is_set_so(ours: Services) -> None:
    """It is a fact all the same."""
    quiet = replace(ours, settings=ours.settings.model_copy(update={"inbox": Inbox(complaint_stops=False)}))
    assert take(quiet, mails.arf()).stopped == 0
    assert (stopped(ours), [one.kind for one in facts(ours)]) == ([], ["complaint"])


def test_a_stop_in_the_thread(ours: Services) -> None:
    """Whoever the message went to is stopped, and whoever wrote it; their words are a reply too."""
    second(ours)
    taken = take(ours, reply("STOP", sender="Ben <bolt-ben@example.com>"))
    assert (taken.outcome, taken.stopped) == (Outcome.STOP, 2)
    assert stopped(ours) == ["acme-ann", "bolt-ben"]
    assert [(one.kind, one.note) for one in facts(ours)] == [("reply", "STOP")]


@pytest.mark.parametrize("key", [None, "e" * 64])
def test_a_stop_by_address(ours: Services, key: str | None) -> None:
    """Without a key of ours, those who have the sender's address; there is no message that it answers."""
    taken = take(ours, reply("whatever", subject="STOP", key=key, sender="ACME-Ann@Example.com"))
    assert (taken.outcome, taken.stopped) == (Outcome.STOP, 1)
    assert (stopped(ours), facts(ours)) == (["acme-ann"], [])


def test_a_stop_withdraws_what_waits(ours: Services) -> None:
    """In the same transaction: the review lapses, the case is watched."""
    with ours.store.write("test") as session:
        session.get_one(Case, 1).state = CaseState.CLOSED
        session.flush()
        open_case(session, session.get_one(Account, 1), sample_drop("acme", DropKind.LIMIT_REACHED))
    (ours.settings.home / "policy.yaml").write_text(REVIEWED, encoding="utf-8")
    propose_all(ours, AS_OF)
    with ours.store.read() as session:
        assert [one.state for one in session.exec(select(Review)).all()] == [ReviewState.PENDING]
    take(ours, reply("बंद करें"))
    with ours.store.read() as session:
        assert [one.state for one in session.exec(select(Review)).all()] == [ReviewState.LAPSED]


def test_what_needs_no_fact(ours: Services) -> None:
    """Out of office, read, delayed: known, and put away."""
    outcomes = [
        take(ours, one).outcome
        for one in (
            mails.out_of_office(), mails.read_receipt(), mails.postfix("4.4.1", "delayed"),
            reply("Away", key=None, number="a", Auto_Submitted="auto-replied"),
        )
    ]  # fmt: skip
    assert outcomes == [Outcome.AUTOMATIC, Outcome.AUTOMATIC, Outcome.DELAYED, Outcome.AUTOMATIC]
    assert (facts(ours), logged(ours)) == ([], [])


def test_of_who_was_erased_nothing_is_kept(ours: Services) -> None:
    """Their late answer is not written down."""
    with ours.store.write("test") as session:
        contact = session.get_one(Contact, 1)
        contact.erased_at, contact.email = NOON, None
    assert take(ours, reply("Remember me? Ann")).outcome is Outcome.ERASED
    assert (facts(ours), logged(ours)) == ([], [])


def test_all_or_nothing(ours: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks after the fact was written takes it, the row and the entry back."""

    def broken(*_: object, **_named: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("workers.inbox.fact.stop_in", broken)
    with pytest.raises(ZeroDivisionError):
        take(ours, mails.arf())
    assert (facts(ours), rows(ours), logged(ours)) == ([], [], [])


def test_left_is_looked_at_again_when_asked(ours: Services) -> None:
    """The person came with a later import."""
    raw = reply("STOP", key=None, sender="bolt-ben@example.com")
    assert take(ours, raw).why == "nobody"
    second(ours)
    assert take(ours, raw).repeat
    assert take(ours, raw, again=True).outcome is Outcome.STOP
    assert (stopped(ours), rows(ours)) == (["bolt-ben"], [("stop", "")])


EVENTS = [
    ({"type": "bounce", "key": mails.KEY, "recipient": ANN}, Outcome.BOUNCE, "hard"),
    ({"type": "bounce", "message_id": f"<{mails.KEY}@acme.example>", "recipient": ANN.upper(), "hard": False},
     Outcome.BOUNCE, "soft"),
    ({"type": "complaint", "key": mails.KEY, "recipient": "redacted"}, Outcome.COMPLAINT, "reported as abuse"),
    ({"type": "reply", "key": mails.KEY, "recipient": ANN, "text": "Yes\n> No"}, Outcome.REPLY, "Yes"),
    ({"type": "reply", "key": mails.KEY, "recipient": ANN, "text": "stop\n> No"}, Outcome.STOP, "stop"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "outcome", "note"), EVENTS)
def test_events(ours: Services, event: dict[str, object], outcome: Outcome, note: str) -> None:
    """What a provider says by webhook is the same fact, once."""
    told = {**event, "at": "2026-05-12T10:00:00Z"}
    assert take_event(ours, told).outcome is outcome
    assert take_event(ours, told).repeat
    assert [(one.effect_id, one.note, one.at) for one in facts(ours)] == [(1, note, NOON)]
    assert len(rows(ours)) == 1


def test_an_event_and_a_mail_of_one_bounce_are_one_fact(ours: Services) -> None:
    """By whatever way it is told."""
    take(ours, mails.postfix())
    assert take_event(ours, {**EVENTS[0][0], "at": "2026-05-12T10:00:00Z"}).interaction == 1
    assert len(facts(ours)) == 1


@pytest.mark.parametrize(
    "changes",
    [{"type": "opened"}, {"at": "2026-05-12T10:00:00"}, {"at": None}, {"key": "short"}, {"key": "g" * 64},
     {"more": 1}, {"text": "x" * 300_000}, {"recipient": "x" * 400}],
)  # fmt: skip
def test_what_is_no_event_is_refused(ours: Services, changes: dict[str, object]) -> None:
    """One line that does not repeat what was given; nothing is written."""
    given = {"type": "bounce", "key": mails.KEY, "recipient": ANN, "at": "2026-05-12T10:00:00Z", **changes}
    with pytest.raises(InputError, match=r"docs/inbox\.md") as caught:
        take_event(ours, given)
    assert ANN not in str(caught.value)
    assert rows(ours) == []


@pytest.mark.parametrize("recipient", ["", "bolt-ben@example.com", "acme-ann", "a\x00b@example.com"])
def test_an_event_about_another_address_is_left(ours: Services, recipient: str) -> None:
    """A bounce needs the address of the person whom the message went to."""
    told = {"type": "bounce", "key": mails.KEY, "recipient": recipient, "at": "2026-05-12T10:00:00Z"}
    assert take_event(ours, told).why == "other_recipient"


def test_the_log_is_whole(sent: Services) -> None:
    """With the key as the engine made it: every answer is in the log, and nothing there is out of order."""
    real = key_of(sent).encode()
    for one in (mails.postfix(), reply("Yes"), mails.arf(), reply("STOP", number="r-2"), mails.out_of_office()):
        assert take(sent, one.replace(mails.KEY.encode(), real)).outcome is not Outcome.LEFT
    assert [one.kind for one in facts(sent)] == ["bounce", "reply", "complaint", "reply"]
    assert len(logged(sent)) == 5
    assert verify(sent.store).problems == ()


def test_eight_readers_of_one_mail(ours: Services) -> None:
    """Whoever is first takes it; the others find that it was taken."""
    raw = reply("STOP")
    with ThreadPoolExecutor(8) as pool:
        found = [one.result() for one in [pool.submit(take, ours, raw) for _ in range(8)]]
    assert sorted(one.repeat for one in found) == [False] + [True] * 7
    assert (len(facts(ours)), len(logged(ours)), len(rows(ours))) == (1, 2, 1)


def test_eight_servers_of_one_bounce(ours: Services) -> None:
    """Eight reports of one message at once, by as many ways: one fact."""
    raw = [mails.postfix() + b"%d\r\n" % one for one in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = [one.result() for one in [pool.submit(take, ours, each) for each in raw]]
    assert {one.interaction for one in found} == {1}
    assert (len(facts(ours)), len(rows(ours))) == (1, 8)
