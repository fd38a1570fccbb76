"""What customers answer to an offer: once, with all that follows, carried out by itself and taken back."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from tools.channels.channel import MaybeSent, NotSent
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.answers import Answer
from winback.store.models import Account, Contact, Effect, Interaction
from winback.store.types import EMAIL, ENTITLEMENT, EffectState, InteractionKind
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.answer import answer_offer, answer_survey, asked, contest, offer_of
from workers.compose import following_parcel
from workers.item import open_item
from workers.link import Links
from workers.propose import propose_all
from workers.services import Services
from workers.settle import ask_receiver, send_again, settle
from workers.unsubscribe import stop_contact

DAYS = 14
POLICY = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
"""


@pytest.fixture
def offered(services: Services) -> Services:
    """A trial upgrade that was approved and has arrived, with pages and a place for entitlements."""
    channels = {EMAIL: services.channels[EMAIL], ENTITLEMENT: MemoryChannel(name="ledger")}
    offered = replace(services, channels=channels, links=Links("https://hello.example.com", "s" * 40))
    (offered.settings.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    with offered.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(offered, AS_OF)
    with offered.store.read() as session:
        review = open_item(session, 1).review
    reviews.approve(offered, 1, review.action_hash, "rita")
    assert [one.kind.value for one in act_all(offered)] == ["done"]
    return offered


def key(services: Services) -> str:
    with services.store.read() as session:
        return session.exec(select(Effect.key).where(Effect.part == "message")).one()


def at(services: Services, **delta: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + timedelta(**delta))


def received(services: Services, medium: str = ENTITLEMENT) -> list[str]:
    channel = services.channels[medium]
    assert isinstance(channel, MemoryChannel)
    return [one.part for one in channel.sent]


def states(services: Services) -> dict[str, str]:
    with services.store.read() as session:
        rows = session.exec(select(Effect.part, Effect.state).order_by(col(Effect.id))).all()
    return dict(rows)


def test_an_accepted_trial_is_granted_announced_and_taken_back(offered: Services) -> None:
    """All of it by itself, once each, at its time, whatever the case has come to."""
    offer = answer_offer(offered, key(offered), "accepted")
    assert (offer.answer, offer.days, offer.ends_at) == ("accepted", DAYS, NOON + timedelta(days=DAYS))
    assert [one.kind.value for one in act_all(offered)] == ["done"]
    assert received(offered) == ["grant"]
    assert act_all(offered) == []
    at(offered, days=DAYS - 3)
    act_all(offered)
    assert received(offered, EMAIL) == ["message", "notice"]
    at(offered, days=DAYS)
    act_all(offered)
    assert act_all(offered) == []
    assert received(offered) == ["grant", "take_back"]
    assert set(states(offered).values()) == {EffectState.DONE}
    assert entries(offered.store, 1)[-7:] == ["answered", "intent", "done", "intent", "done", "intent", "done"]
    assert verify(offered.store).problems == ()


@pytest.mark.parametrize(
    ("person", "account", "day"),
    [("Pacific/Auckland", "Europe/Berlin", 1), (None, "Pacific/Auckland", 1), (None, None, 0)],
)
def test_the_end_is_told_by_the_day_where_they_live(
    offered: Services, person: str | None, account: str | None, day: int
) -> None:
    """Their own zone, else their account's, else the company's: at noon it is tomorrow in Auckland."""
    late = NOON.replace(hour=13)
    here = replace(offered, clock=SimulatedClock(late))
    with here.store.write("test") as session:
        session.exec(select(Contact)).one().zone = person
        session.exec(select(Account)).one().zone = account
        session.flush()
    answer_offer(here, key(here), "accepted")
    act_all(here)
    here = replace(here, clock=SimulatedClock(late + timedelta(days=DAYS - 3)))
    act_all(here)
    with here.store.read() as session:
        notice = session.exec(select(Effect).where(Effect.part == "notice")).one()
    ends = (late + timedelta(days=DAYS + day)).date()
    assert f"{ends.day} {ends:%B};" in notice.payload["message"]["body"]


def test_what_the_connector_is_told(offered: Services) -> None:
    """The plan, the one before, until when, and the account's own key: the same to grant and to take back."""
    answer_offer(offered, key(offered), "accepted")
    act_all(offered)
    at(offered, days=DAYS)
    act_all(offered)
    channel = offered.channels[ENTITLEMENT]
    assert isinstance(channel, MemoryChannel)
    grant, back = channel.sent
    until = (NOON + timedelta(days=DAYS)).isoformat()
    assert dict(grant.payload) == dict(back.payload)
    assert grant.payload["until"] == until
    assert (grant.account, grant.payload["from_plan"]) == ("acme", "starter")
    assert grant.key != back.key


def test_the_same_answer_again_changes_nothing_and_the_other_is_told(offered: Services) -> None:
    """A double click is no error; a change of mind is said to be one."""
    answer_offer(offered, key(offered), "accepted")
    assert answer_offer(offered, key(offered), "accepted").answer == "accepted"
    with pytest.raises(ConflictError, match="accepted before"):
        answer_offer(offered, key(offered), "declined")
    with offered.store.read() as session:
        assert len(session.exec(select(Answer)).all()) == 1
        assert len(session.exec(select(Effect)).all()) == 4


def test_a_refusal_is_a_fact(offered: Services) -> None:
    """Nothing is granted, and the policy knows of the refusal."""
    answer_offer(offered, key(offered), "declined")
    assert act_all(offered) == []
    with offered.store.read() as session:
        row = session.exec(select(Interaction)).one()
    assert (row.kind, row.contact_id, row.effect_id) == (InteractionKind.REFUSAL, 1, 1)
    assert row.catalogue_id is not None
    assert verify(offered.store).problems == ()


def test_an_offer_ends(offered: Services) -> None:
    """After its last day it can no longer be accepted."""
    at(offered, days=15)
    with pytest.raises(InputError, match="this offer ended on"):
        answer_offer(offered, key(offered), "accepted")
    assert "grant" not in states(offered)


def test_an_account_that_changed_its_plan_is_told(offered: Services) -> None:
    """What was offered on top of another plan is not granted."""
    with offered.store.write("test") as session:
        session.get_one(Account, 1).plan = "business"
    with pytest.raises(InputError, match="plan has changed"):
        answer_offer(offered, key(offered), "accepted")
    assert "grant" not in states(offered)


def connector(services: Services) -> MemoryChannel:
    channel = services.channels[ENTITLEMENT]
    assert isinstance(channel, MemoryChannel)
    return channel


def ends_told(services: Services) -> list[str]:
    """Until when, as the connector was told in each act."""
    return [str(one.payload["until"]) for one in connector(services).sent]


def grant_number(services: Services) -> int:
    with services.store.read() as session:
        return session.exec(select(Effect.id).where(Effect.part == "grant")).one() or 0


def given_up(services: Services) -> Services:
    """A trial that was accepted and whose grant the connector refused for good."""
    connector(services).failures = [NotSent("410 Gone", retry=False)]
    answer_offer(services, key(services), "accepted")
    act_all(services)
    assert states(services)["grant"] == EffectState.FAILED
    return services


@pytest.mark.parametrize("day", [5, 12, 15, 40])
def test_a_grant_that_is_sent_again_has_all_its_days(offered: Services, day: int) -> None:
    """Whenever a person does it: n days from then, announced before their end and taken back once."""
    given_up(offered)
    for one in range(day + 1):
        at(offered, days=one)
        act_all(offered)
    send_again(offered, grant_number(offered), "rita")
    act_all(offered)
    assert received(offered) == ["grant"]
    end = NOON + timedelta(days=day + DAYS)
    with offered.store.read() as session:
        assert offer_of(session, offered, asked(session, key(offered))).ends_at == end
    at(offered, days=day + DAYS - 3, hours=-1)
    act_all(offered)
    assert received(offered, EMAIL) == ["message"]
    at(offered, days=day + DAYS - 3)
    act_all(offered)
    assert received(offered, EMAIL) == ["message", "notice"]
    mail = offered.channels[EMAIL]
    assert isinstance(mail, MemoryChannel)
    assert f"{end.day} {end:%B};" in mail.sent[-1].message.body
    at(offered, days=day + DAYS, hours=-1)
    act_all(offered)
    assert received(offered) == ["grant"]
    for later in range(3):
        at(offered, days=day + DAYS + later)
        act_all(offered)
    assert received(offered) == ["grant", "take_back"]
    assert ends_told(offered) == [end.isoformat()] * 2
    assert set(states(offered).values()) == {EffectState.DONE}
    assert verify(offered.store).problems == ()


@pytest.mark.parametrize(("asks", "end"), [(False, 20 + DAYS), (True, DAYS)])
def test_a_grant_that_is_settled_as_sent_is_taken_back(offered: Services, asks: bool, end: int) -> None:
    """By hand: n days from then. What the connector has under its key ends as it was told, with word of it."""
    given_up(offered)
    for day in range(21):
        at(offered, days=day)
        act_all(offered)
    if asks:
        with offered.store.read() as session:
            grant = session.get_one(Effect, grant_number(offered))
            parcel = following_parcel(session, offered, grant)
        connector(offered).send(parcel)
        assert ask_receiver(offered, grant_number(offered), "rita")
    else:
        settle(offered, grant_number(offered), sent=True, by="rita")
    for day in range(20, 20 + DAYS + 1):
        at(offered, days=day)
        act_all(offered)
        assert ("take_back" in received(offered)) == (day >= end)
    assert received(offered, EMAIL) == ["message", "notice"]
    assert ends_told(offered)[-1] == (NOON + timedelta(days=end)).isoformat()
    assert verify(offered.store).problems == ()


def test_a_grant_that_is_settled_as_not_sent_ends_all_of_it(offered: Services) -> None:
    """What waited for it lapses at once."""
    given_up(offered)
    settle(offered, grant_number(offered), sent=False, by="rita")
    act_all(offered)
    assert states(offered) == {"message": "done", "grant": "lapsed", "notice": "lapsed", "take_back": "lapsed"}
    assert verify(offered.store).problems == ()


def in_doubt(services: Services) -> int:
    """A trial that was accepted and of whose grant nobody knows; the connector refuses repeats."""
    connector(services).failures, connector(services).capability = [MaybeSent("dropped")], "blind"
    answer_offer(services, key(services), "accepted")
    act_all(services)
    connector(services).capability = "keyed"
    assert states(services)["grant"] == EffectState.UNKNOWN
    return grant_number(services)


def test_a_grant_in_doubt_is_sent_again_with_the_end_it_had(offered: Services) -> None:
    """It may have arrived: another end under the same key would be another trial."""
    connector(offered).lost = True
    number = in_doubt(offered)
    connector(offered).sent.clear()
    at(offered, days=5)
    send_again(offered, number, "rita")
    act_all(offered)
    at(offered, days=DAYS)
    act_all(offered)
    assert received(offered) == ["grant", "take_back"]
    assert ends_told(offered) == [(NOON + timedelta(days=DAYS)).isoformat()] * 2
    assert verify(offered.store).problems == ()


def test_a_grant_in_doubt_is_not_sent_again_after_its_end(offered: Services) -> None:
    """It was taken back in case it had arrived: sent again it would never end."""
    number = in_doubt(offered)
    at(offered, days=DAYS)
    act_all(offered)
    with pytest.raises(ConflictError, match="its days are over"):
        send_again(offered, number, "rita")
    settle(offered, number, sent=False, by="rita")
    assert states(offered)["take_back"] == EffectState.DONE
    assert verify(offered.store).problems == ()


@pytest.mark.by_hand
def test_a_grant_is_not_sent_again_where_nothing_would_take_it_back(offered: Services) -> None:
    """An earlier version let the taking back lapse while the grant had only failed."""
    number = grant_number(given_up(offered))
    with offered.store.write("test") as session:
        session.exec(select(Effect).where(Effect.part == "take_back")).one().state = EffectState.LAPSED
    with pytest.raises(ConflictError, match="nothing would take it back"):
        send_again(offered, number, "rita")


def test_taking_back_waits_for_a_grant_that_is_late(offered: Services) -> None:
    """A connector that was down until the end: the days count from when it is up again."""
    connector(offered).failures = [NotSent("down", retry=True)]
    answer_offer(offered, key(offered), "accepted")
    act_all(offered)
    for day in range(DAYS, 2 * DAYS + 1):
        at(offered, days=day)
        act_all(offered)
        assert received(offered) == (["grant"] if day < 2 * DAYS else ["grant", "take_back"])
        assert ("notice" in received(offered, EMAIL)) == (day >= 2 * DAYS - 3)
    assert ends_told(offered) == [(NOON + timedelta(days=2 * DAYS)).isoformat()] * 2


def test_a_stop_silences_the_notice_and_not_the_taking_back(offered: Services) -> None:
    """After an unsubscribe nothing more is written to them; what they were given still ends."""
    answer_offer(offered, key(offered), "accepted")
    act_all(offered)
    stop_contact(offered, 1, "page")
    at(offered, days=DAYS)
    act_all(offered)
    assert received(offered, EMAIL) == ["message"]
    assert received(offered) == ["grant", "take_back"]
    assert states(offered)["notice"] == EffectState.LAPSED


def test_a_kill_switch_holds_what_follows(offered: Services) -> None:
    """It waits, and goes when the switch rests."""
    policy = offered.settings.home / "policy.yaml"
    before = policy.read_text(encoding="utf-8")
    answer_offer(offered, key(offered), "accepted")
    policy.write_text(before + "  - {id: stop, kind: kill_switch, engaged: true}\n", encoding="utf-8")
    act_all(offered)
    assert received(offered) == []
    policy.write_text(before, encoding="utf-8")
    at(offered, hours=1)
    act_all(offered)
    assert received(offered) == ["grant"]


def test_accept_and_decline_at_once_have_one_winner(offered: Services) -> None:
    """Two clicks in two windows."""
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def click(answer: Callable[[], object], name: str) -> None:
        barrier.wait()
        try:
            answer()
            outcomes.append(name)
        except ConflictError:
            outcomes.append("told")

    the_key = key(offered)
    threads = [
        threading.Thread(target=click, args=(lambda: answer_offer(offered, the_key, "accepted"), "accepted")),
        threading.Thread(target=click, args=(lambda: answer_offer(offered, the_key, "declined"), "declined")),
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) in (["accepted", "told"], ["declined", "told"])
    with offered.store.read() as session:
        assert len(session.exec(select(Answer)).all()) == 1


def test_an_erased_person_has_nothing_to_answer(offered: Services) -> None:
    """The link of somebody whose data are gone opens nothing."""
    with offered.store.write("test") as session:
        session.get_one(Contact, 1).erased_at = NOON
    with pytest.raises(InputError, match="nothing to answer"):
        answer_offer(offered, key(offered), "accepted")


def test_the_survey_is_counted_once_and_stays_in_its_scale(offered: Services) -> None:
    """A second click is thanked for; a number outside is refused."""
    answer_survey(offered, key(offered), 4)
    answer_survey(offered, key(offered), 1)
    with pytest.raises(InputError, match="not on this scale"):
        answer_survey(offered, key(offered), 6)
    with offered.store.read() as session:
        assert session.exec(select(Answer.value)).all() == ["csat 4"]


def test_an_objection_reaches_people_and_not_the_log(offered: Services) -> None:
    """A reply for a person, cleaned; the log has none of the words."""
    contest(offered, key(offered), "we are  at the lake\u202e<b>")
    with offered.store.read() as session:
        row = session.exec(select(Interaction)).one()
        bodies = session.connection().exec_driver_sql("SELECT body FROM decision_entry").scalars().all()
    assert (row.kind, row.note) == (InteractionKind.REPLY, "we are at the lake<b>")
    assert not any("lake" in one for one in bodies)
    with pytest.raises(ConflictError):
        contest(offered, key(offered), "again")


def test_a_message_carries_links_that_open_their_pages_only(offered: Services) -> None:
    """Each link is one page's; what a reviewer saw held none."""
    channel = offered.channels[EMAIL]
    assert isinstance(channel, MemoryChannel)
    body, headers = channel.sent[0].message.body, dict(channel.sent[0].headers)
    links = offered.links
    assert links is not None
    token = body.split("https://hello.example.com/o/")[1].split()[0]
    assert links.read("offer", token, NOON).key == key(offered)
    with pytest.raises(InputError, match="not one of ours"):
        links.read("stop", token, NOON)
    with pytest.raises(InputError, match="this link ended"):
        links.read("offer", token, NOON + timedelta(days=500))
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<https://hello.example.com/u/")
    with offered.store.read() as session:
        one = asked(session, key(offered))
        assert "https://hello.example.com" not in str(one.proposal.message)
        assert offer_of(session, offered, one).answer is None


def test_without_https_there_is_no_one_click(services: Services) -> None:
    """RFC 8058 wants https: over http the mail goes out without it, and has the page to stop at."""
    plain = replace(services, links=Links("http://127.0.0.1:8766", "s" * 40))
    with plain.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(plain, AS_OF)
    assert [one.kind.value for one in act_all(plain)] == ["done"]
    channel = plain.channels[EMAIL]
    assert isinstance(channel, MemoryChannel)
    assert channel.sent[0].headers == ()
    assert "http://127.0.0.1:8766/u/" in channel.sent[0].message.body
