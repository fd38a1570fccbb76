"""The account's manager learns of a case: once, by an act of its own that is no contact of the customer."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from tools.channels.channel import Parcel
from tools.channels.email_message import email_message
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.store.models import Account, Case, Consent, Contact, Effect, Proposal
from winback.store.types import CaseState, EffectState, InteractionKind
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.item import open_item
from workers.link import Links
from workers.past import past_of
from workers.propose import propose_all
from workers.record import Party, record
from workers.services import Services
from workers.unsubscribe import stop_contact

POLICY = """
version: 1
rules:
  - {{id: tools, kind: allow_tools, allow: [{{tools: [notify_owner], mode: {mode}}}]}}
  - {{id: consent, kind: consent, unknown: deny, when: {{audience: [customer]}}}}
  - {{id: expiry, kind: expires, hours: 168}}
{more}
"""


def start(services: Services, mode: str = "auto", more: str = "") -> Services:
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.CHAMPION_LEFT))
    (services.settings.home / "policy.yaml").write_text(POLICY.format(mode=mode, more=more), encoding="utf-8")
    return replace(services, links=Links("https://hello.example.com", "s" * 40))


def sent(services: Services, medium: str = "email") -> list[Parcel]:
    channel = services.channels[medium]
    assert isinstance(channel, MemoryChannel)
    return channel.sent


def test_the_manager_gets_it_and_the_case_goes_on(services: Services) -> None:
    """To the owner's address, with nothing of the customer's pages, and no answer that would be read as theirs."""
    here = start(services)
    assert [one.tool for one in propose_all(here, AS_OF)] == ["notify_owner"]
    assert [one.kind.value for one in act_all(here)] == ["done"]
    (parcel,) = sent(here)
    assert (parcel.recipient_address, parcel.recipient_name) == ("asha@example.com", "Asha Rao")
    assert (parcel.headers, parcel.reply_to, parcel.reply_copy) == ((), here.settings.company.sender, "")
    assert "List-Unsubscribe" not in email_message(parcel)
    assert "https://hello.example.com" not in parcel.message.body
    for fact in (
        "Acme",
        "Starter, €49 a month",
        "reports: 4.5 before, 0.0 since",
        "Ann Example",
        "nothing so far",
    ):
        assert fact in parcel.message.body
    with here.store.read() as session:
        case = session.get_one(Case, 1)
        assert past_of(session, session.get_one(Account, 1), NOON) == ((), ())
    assert (case.state, case.contacted_at) == (CaseState.WATCHING, None)
    assert verify(here.store).problems == ()


@pytest.mark.parametrize("mode", ["auto", "review"])
def test_a_stop_of_the_customer_keeps_nothing_from_a_colleague(services: Services, mode: str) -> None:
    """It withdraws what goes to the customer: word to the manager waits, is approved and goes."""
    here = start(services, mode)
    propose_all(here, AS_OF)
    assert stop_contact(here, 1, "page") is True
    if mode == "review":
        with here.store.read() as session:
            review = open_item(session, 1).review
        reviews.approve(here, 1, review.action_hash, "rita")
    assert [one.kind.value for one in act_all(here)] == ["done"]
    assert [one.recipient_address for one in sent(here)] == ["asha@example.com"]


def test_slack_comes_before_mail(services: Services) -> None:
    """Where it is configured; what is sent there names no link."""
    slack = MemoryChannel(name="slack", capability="blind")
    here = replace(start(services), channels={**services.channels, "slack": slack})
    propose_all(here, AS_OF)
    act_all(here)
    assert sent(here) == []
    assert [one.payload for one in slack.sent] == [{}]


def test_it_counts_as_no_contact(services: Services) -> None:
    """A cap that nobody has room under lets a customer be written to after a colleague was told."""
    here = start(services)
    propose_all(here, AS_OF)
    act_all(here)
    (services.settings.home / "policy.yaml").write_text(
        "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [book_call], mode: auto}]}\n"
        "- {id: c, kind: frequency_cap, scope: account, max: 1, window: {kind: rolling, days: 14}}\n"
        "- {id: g, kind: frequency_cap, scope: global, max: 1, window: {kind: rolling, days: 14}}\n",
        encoding="utf-8",
    )
    with here.store.write("test") as session:
        session.get_one(Case, 1).next_at = NOON
    assert [(one.kind.value, one.tool) for one in propose_all(here, AS_OF)] == [("allowed", "book_call")]


def test_what_was_tried_before_is_told(services: Services) -> None:
    """Contacts of the account's past, by whomever."""
    here = start(services)
    record(here, Party(1, 1), InteractionKind.MESSAGE, NOON - timedelta(days=30), "omar", channel="phone")
    propose_all(here, AS_OF)
    act_all(here)
    assert "- 12 April: a word from one of you" in sent(here)[0].message.body


def test_a_contact_who_said_stop_does_not_keep_it_back(services: Services) -> None:
    """Consent and unsubscribes are about writing to them; the manager is told that they said stop."""
    here = start(services)
    with here.store.write("test") as session:
        session.get_one(Contact, 1).unsubscribed_at = NOON
        session.get_one(Consent, (1, "email", "retention")).state = "refused"
    propose_all(here, AS_OF)
    act_all(here)
    assert "they have asked us to stop" in sent(here)[0].message.body


@pytest.mark.parametrize(
    "rule",
    [
        "  - {id: stop, kind: kill_switch, engaged: true, reason: trouble}",
        "  - {id: old, kind: expires, hours: 1}",
    ],
)
def test_what_stops_everything_stops_it(services: Services, rule: str) -> None:
    """A kill switch and a proposal's age hold for colleagues too, at the moment of acting."""
    here = start(services)
    propose_all(here, AS_OF)
    (here.settings.home / "policy.yaml").write_text(POLICY.format(mode="auto", more=rule), encoding="utf-8")
    assert isinstance(here.clock, SimulatedClock)
    here.clock.set(NOON + timedelta(hours=2))
    assert [one.kind.value for one in act_all(here)] == ["lapsed"]
    assert sent(here) == []


def test_a_manager_who_is_gone_cannot_be_told(services: Services) -> None:
    """What was proposed lapses where the account has nobody any more."""
    here = start(services)
    propose_all(here, AS_OF)
    with here.store.write("test") as session:
        session.get_one(Account, 1).owner_email = None
    act_all(here)
    with here.store.read() as session:
        effect = session.exec(select(Effect)).one()
    assert (effect.state, effect.problem) == (
        EffectState.LAPSED,
        "nobody looks after this account who could be told",
    )


def test_a_reviewer_changes_its_words_and_nothing_else(services: Services) -> None:
    """An edited message keeps its medium, its audience and what it says of the past."""
    slack = MemoryChannel(name="slack")
    here = replace(start(services, "review"), channels={**services.channels, "slack": slack})
    record(here, Party(1, 1), InteractionKind.MESSAGE, NOON - timedelta(days=30), "omar", channel="phone")
    propose_all(here, AS_OF)
    with here.store.read() as session:
        item = open_item(session, 1)
        assert (item.proposal.medium, item.proposal.audience) == ("slack", "colleague")
    reviews.edit(here, 1, item.review.action_hash, "rita", {"slots.note": "Please ring them."})
    with here.store.read() as session:
        changed = session.exec(select(Proposal).where(Proposal.id == 2)).one()
    assert (changed.medium, changed.audience) == ("slack", "colleague")
    assert "Please ring them." in changed.message["body"]
    assert "a word from one of you" in changed.message["body"]


@pytest.mark.parametrize(
    ("column", "value"), [("medium", "email"), ("audience", "customer"), ("medium", "in_app")]
)
def test_an_altered_medium_or_audience_is_found(services: Services, column: str, value: str) -> None:
    """The action hash covers over what it goes, and to whom, where that is not the customer by mail."""
    slack = MemoryChannel(name="slack")
    here = replace(start(services), channels={**services.channels, "slack": slack})
    propose_all(here, AS_OF)
    assert verify(here.store).problems == ()
    with here.store.write("test") as session:
        setattr(session.exec(select(Proposal)).one(), column, value)
    assert [(one.what, one.where) for one in verify(here.store).problems] == [("altered", "proposal 1 of case 1")]
