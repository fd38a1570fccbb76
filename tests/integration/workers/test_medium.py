"""Over what an act reaches a customer: their own choice among what is configured and suits the tool."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlmodel import select

from tools.registry import Registry
from tools.send_tutorial import SendTutorial
from winback.decisions.entry import spoken
from winback.decisions.tell import tell
from winback.decisions.verify import verify
from winback.store.answers import Preference
from winback.store.models import Case, Consent, Contact, DecisionEntry, Effect, Proposal
from winback.testing.channel import MemoryChannel
from winback.testing.selector import ScriptedSelector
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case
from workers.act import act_all
from workers.link import Links
from workers.propose import propose_all
from workers.services import Services

LINKS = Links("https://hello.example.com", "s" * 40)
GRANTED, REFUSED = "granted", "refused"


class ByMailAlone(SendTutorial):
    """A tool that says nothing of media: mail alone suits it."""

    name = "mail_tutorial"
    media = ("email",)


def start(services: Services, consents: Mapping[str, str], *, feed: bool = True, pages: bool = True) -> Services:
    with services.store.write("test") as session:
        account = add_account(session)
        session.delete(session.get_one(Consent, (1, "email", "retention")))
        session.flush()
        for channel, state in consents.items():
            session.add(Consent(contact_id=1, channel=channel, purpose="retention", state=state))
        open_case(session, account)
    more = {"in_app": MemoryChannel(name="feed")} if feed else {}
    return replace(services, channels={**services.channels, **more}, links=LINKS if pages else None)


def medium(services: Services) -> str | None:
    with services.store.read() as session:
        return session.exec(select(Proposal.medium)).first()


@pytest.mark.parametrize(
    ("consents", "feed", "pages", "expected"),
    [
        ({"email": GRANTED, "in_app": GRANTED}, True, True, "email"),
        ({"email": REFUSED, "in_app": GRANTED}, True, True, "in_app"),
        ({"in_app": GRANTED}, True, True, "in_app"),
        ({"email": GRANTED, "in_app": REFUSED}, True, True, "email"),
        ({"email": GRANTED, "in_app": GRANTED}, False, True, "email"),
        # Denied: nothing is written down as a proposal.
        ({"email": REFUSED, "in_app": GRANTED}, False, True, None),
        ({"email": REFUSED, "in_app": GRANTED}, True, False, None),
        ({"email": REFUSED, "in_app": REFUSED}, True, True, None),
        ({}, True, True, None),
    ],
)
def test_the_first_of_their_media_that_is_there(
    services: Services, consents: dict[str, str], feed: bool, pages: bool, expected: str | None
) -> None:
    """Mail before the feed, each only with consent; the feed only where one can stop it on a page."""
    here = start(services, consents, feed=feed, pages=pages)
    propose_all(here, AS_OF)
    assert medium(here) == expected


@pytest.mark.by_hand
def test_somebody_without_an_address_is_reached_in_the_product(services: Services) -> None:
    """The whole way: proposed, judged, carried out over the feed, with the medium in the proof."""
    here = start(services, {"in_app": GRANTED})
    with here.store.write("test") as session:
        session.get_one(Contact, 1).email = None
    propose_all(here, AS_OF)
    assert [one.kind.value for one in act_all(here)] == ["done"]
    feed = here.channels["in_app"]
    assert isinstance(feed, MemoryChannel)
    (parcel,) = feed.sent
    assert (parcel.account, parcel.contact) == ("acme", "acme-ann")
    assert "Your reply goes to" not in parcel.message.body
    assert "https://hello.example.com/u/" in parcel.message.body
    with here.store.read() as session:
        assert session.exec(select(Effect.medium)).one() == "in_app"
    assert verify(here.store).problems == ()
    with here.store.write("test") as session:
        session.exec(select(Proposal)).one().medium = "email"
    assert [one.where for one in verify(here.store).problems] == ["proposal 1 of case 1"]


def test_nobody_is_there_without_address_and_consent(services: Services) -> None:
    """As before: a contact who can be reached over nothing is none."""
    here = start(services, {"email": GRANTED})
    with here.store.write("test") as session:
        session.get_one(Contact, 1).email = None
    assert [one.kind.value for one in propose_all(here, AS_OF)] == ["nothing_to_offer"]


def test_a_tool_goes_only_where_its_message_suits(services: Services) -> None:
    """A tool that knows mail alone is judged as mail, and offered to nobody without an address."""
    here = replace(start(services, {"email": REFUSED, "in_app": GRANTED}), registry=Registry([ByMailAlone()]))
    text = "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [mail_tutorial], mode: auto}]}\n"
    (here.settings.home / "policy.yaml").write_text(text, encoding="utf-8")
    with here.store.write("test") as session:
        session.get_one(Contact, 1).email = None
    assert [one.kind.value for one in propose_all(here, AS_OF)] == ["nothing_to_offer"]


def wish(services: Services, **wishes: object) -> None:
    with services.store.write("test") as session:
        session.add(Preference(contact_id=1, at=NOON, **wishes))


def test_refused_topics_are_not_offered_and_that_is_written_down(services: Services) -> None:
    """Whatever the policy says of it: the tool is not among what the model sees."""
    here = start(services, {"email": GRANTED})
    wish(here, topics=["book_call"])
    propose_all(here, AS_OF)
    assert isinstance(here.selector, ScriptedSelector)
    assert "book_call" not in {one.tool for _, options in here.selector.asked for one in options}
    with here.store.read() as session:
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.kind == "allowed")).one()
    assert spoken(entry.body)["run"]["unwanted"] == ["book_call"]


def test_nothing_they_want_to_hear_of_is_said_so(services: Services) -> None:
    """Where refusals leave nothing, the log says which tools had something to offer."""
    here = start(services, {"email": GRANTED})
    wish(here, topics=["book_call", "offer_trial_upgrade", "send_tutorial"])
    here = replace(here, registry=Registry([SendTutorial()]))
    propose_all(here, AS_OF)
    assert entries(here.store, 1) == ["case_opened", "nothing_to_offer"]
    with here.store.read() as session:
        entry = session.exec(select(DecisionEntry).where(DecisionEntry.kind == "nothing_to_offer")).one()
    assert tell(spoken(entry.body)) == "not wanted by them: send_tutorial"


def test_their_level_chooses_the_tutorial(services: Services) -> None:
    """Somebody who says that they are advanced gets the advanced one first."""
    here = start(services, {"email": GRANTED})
    wish(here, topics=[], level="advanced")
    propose_all(here, AS_OF)
    with here.store.read() as session:
        assert session.exec(select(Proposal.catalogue_id)).one() == "reports-schedule"


@pytest.mark.parametrize(("kind", "verdict"), [("", "allowed"), ("preferences", "nothing_allowed")])
def test_days_between_are_for_the_policy(services: Services, kind: str, verdict: str) -> None:
    """The rule of the kind sees what they said, and what they were sent before."""
    here = start(services, {"email": GRANTED})
    wish(here, topics=[], days_between=90)
    propose_all(here, AS_OF)
    act_all(here)
    text = "version: 1\nrules:\n- {id: t, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}\n"
    text += f"- {{id: p, kind: {kind}}}\n" if kind else ""
    (here.settings.home / "policy.yaml").write_text(text, encoding="utf-8")
    with here.store.write("test") as session:
        session.get_one(Case, 1).next_at = NOON
    assert [one.kind.value for one in propose_all(here, AS_OF)] == [verdict]
