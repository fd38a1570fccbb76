"""A card shows what would happen, exactly, and everything that it was decided by."""

from datetime import timedelta

import pytest
from sqlmodel import select

from policies.verdict import Decision
from prompts.html import render_html
from tests.integration.console.evidence.sample import NASTY, harmless
from tests.integration.pages.site import BASE, with_pages
from winback.clock import SimulatedClock
from winback.console.evidence.item import ItemView, item_view
from winback.console.evidence.outgoing import Outgoing
from winback.errors import InputError
from winback.store.models import Contact
from winback.store.types import InteractionKind, ReviewState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.privacy.erase import erase
from workers.propose import propose_all
from workers.record import Party, record
from workers.services import Services

RULES = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
"""
FOUR = "  - {id: four, kind: risk_review, first_contact: false, four_eyes_above_value: 1}\n"
QUIET = "  - {id: night, kind: quiet_hours, from: '20:00', to: '08:00'}\n"


def queue(services: Services, more: str = "", kind: DropKind = DropKind.LIMIT_REACHED) -> Services:
    (services.settings.home / "policy.yaml").write_text(RULES + more, encoding="utf-8")
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", kind))
    propose_all(services, AS_OF)
    return services


def view(services: Services, by: str = "rita") -> ItemView:
    return item_view(services, 1, by)


def leaving(services: Services) -> Outgoing:
    found = view(services).outgoing
    assert found is not None
    return found


def sent(services: Services) -> MemoryChannel:
    channel = services.channels["email"]
    assert isinstance(channel, MemoryChannel)
    return channel


def test_what_a_card_shows_is_what_is_sent(services: Services) -> None:
    """Recipient, language, subject, text and HTML, word for word."""
    queue(services)
    shown = leaving(services)
    reviews.approve(services, 1, view(services).hash, "rita")
    act_all(services)
    parcel = sent(services).sent[0]
    words = shown.words
    assert (words.name, words.address) == (parcel.recipient_name, parcel.recipient_address)
    assert (words.subject, words.text, words.language) == (
        parcel.message.subject, parcel.message.body, parcel.message.language,
    )  # fmt: skip
    assert words.html == render_html(parcel.message)
    assert words.attachments == tuple(one.name for one in parcel.attachments)
    assert shown.acting.decision is Decision.ALLOW
    assert shown.acting.leaves_at == NOON
    assert shown.gone is None


def test_looking_at_an_offer_cannot_take_it(services: Services) -> None:
    """The links look as they will, and none of ours opens."""
    services = queue(with_pages(services))
    text = leaving(services).words.text
    assert BASE in text
    links = services.links
    assert links is not None
    tokens = [one.rpartition("/")[2] for one in text.split() if one.startswith(f"{BASE}/o/")]
    assert tokens
    for token in tokens:
        with pytest.raises(InputError, match="not one of ours"):
            links.read("offer", token, NOON)


def test_a_card_says_when_it_would_go(services: Services) -> None:
    """At night it waits for the morning, as the policy says."""
    assert isinstance(services.clock, SimulatedClock)
    queue(services, QUIET)
    services.clock.set(NOON.replace(hour=22))
    acting = leaving(services).acting
    assert acting.leaves_at is not None
    assert acting.leaves_at > NOON.replace(hour=22) + timedelta(hours=6)


def test_a_trial_is_shown_with_price_and_end(services: Services) -> None:
    """The plan, what it costs afterwards, how long it may be accepted, and its latest end."""
    grant = leaving(queue(services)).preview.grant
    assert grant is not None
    assert grant.days == view(services).arguments["days"]
    assert grant.price_per_month > 0
    assert grant.ends_at == grant.answer_until + timedelta(days=grant.days)
    assert grant.answer_until > NOON


def test_a_call_is_shown_with_its_times(services: Services) -> None:
    """Whose time, and which slots the message names."""
    rules = RULES.replace("offer_trial_upgrade", "book_call")
    (services.settings.home / "policy.yaml").write_text(rules)
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.ALL_QUIET))
    propose_all(services, AS_OF)
    preview = leaving(services).preview
    assert preview.host == "Asha Rao"
    assert len(preview.slots) == 3


def test_a_card_says_what_was_chosen_and_what_could_not_be(services: Services) -> None:
    """Each other option with the rules that decided of it."""
    shown = view(queue(services))
    assert [one.chosen for one in shown.choice.options].count(True) == 1
    denied = [one for one in shown.choice.options if one.decision is Decision.DENY]
    assert {one.tool for one in denied} >= {"book_call"}
    assert all(one.reasons for one in denied)
    assert shown.choice.source == "model"
    assert shown.choice.because
    assert any(one.startswith("tools asks for review:") for one in shown.rules.deciding)
    assert shown.rules.silent


def test_a_card_says_where_it_stands(services: Services) -> None:
    """Two must approve: who has, until when, and afterwards who decided."""
    queued = queue(services, FOUR)
    standing = view(queued).standing
    assert (standing.state, standing.first, standing.decided_by) == (ReviewState.PENDING, None, None)
    assert standing.expires_at == NOON + timedelta(hours=168)
    reviews.reject(queued, 1, view(queued).hash, "rita", "not_now", "later")
    after = view(queued).standing
    assert (after.state, after.decided_by, after.code, after.note) == ("rejected", "rita", "not_now", "later")


def test_a_card_says_what_they_were_asked_before(services: Services) -> None:
    """Contacts with this person and what came of them, ours by hand too."""
    queue(services)
    record(services, Party(1, 1), InteractionKind.MESSAGE, NOON - timedelta(days=9), "rita", channel="phone")
    shown = view(services)
    assert [(one.tool, one.channel) for one in shown.before] == [("by_hand", "phone")]
    assert shown.thread.happened[0].kind in ("review_asked", "proposed")


def test_a_card_of_an_erased_person_names_nobody(services: Services) -> None:
    """It is withdrawn, and nothing of it would happen."""
    queue(services)
    erase(services, "acme-ann", reason="letter", account_too=False, tell=lambda _step: None)
    shown = view(services)
    assert (shown.outgoing, shown.standing.state) == (None, ReviewState.LAPSED)
    assert "Ann" not in repr(shown)


def test_there_is_no_card_of_no_item(services: Services) -> None:
    """A number that somebody made up."""
    with pytest.raises(InputError, match="no queue item 7"):
        item_view(services, 7, "rita")


@pytest.mark.by_hand
@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_account_is_shown_harmlessly(services: Services, name: str) -> None:
    """Names of people and accounts, in every word that is ours and in the mail's HTML."""
    hostile = name.replace("\x00", "")[:200]
    (services.settings.home / "policy.yaml").write_text(RULES, encoding="utf-8")
    with services.store.write("test") as session:
        account = add_account(session)
        account.name = account.owner_name = hostile
        session.exec(select(Contact)).one().name = hostile
        session.flush()
        open_case(session, account, sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    shown, words = view(services), leaving(services).words
    harmless(words.html)
    for said in (shown.account, shown.label, words.name, words.subject):
        harmless(said.replace("<", "&lt;"))
