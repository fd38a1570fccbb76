"""Channels, acts and cases: seen, asked about, settled, sent again; and the lists that the overview leads to."""

import re

import pytest

from tests.integration.console.evidence.sample import NASTY, harmless
from tests.integration.console.examples import is_example
from tests.integration.console.house import House
from tools.channels.channel import MaybeSent, NotSent
from winback.console.rights import Role
from winback.store.models import Account, Contact, Effect, Proposal
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, add_account, open_case
from workers.act import act_all
from workers.propose import propose_all


class Deaf(MemoryChannel):
    """Refuses repeats, and cannot be asked, as a webhook's receiver."""

    can_tell = False  # type: ignore[assignment]


def channel(console: House) -> MemoryChannel:
    way = console.services.channels["email"]
    assert isinstance(way, MemoryChannel)
    return way


def one_act(console: House, *failures: NotSent | MaybeSent, capability: str = "keyed") -> None:
    """One act that was tried once."""
    with console.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(console.services, AS_OF)
    channel(console).failures = list(failures)
    channel(console).capability = capability  # type: ignore[assignment]
    act_all(console.services)


def state(console: House) -> str:
    with console.store.read() as session:
        return session.get_one(Effect, 1).state


def test_what_failed_is_seen_and_sent_again(console: House) -> None:
    """On the page of channels, on its own, and once more at the next run."""
    one_act(console, NotSent("no such mailbox", retry=False))
    operator = console.of(Role.OPERATOR)
    page = operator.get("/channels").text
    assert "no such mailbox" in page
    assert "refuses repeats" in page
    assert 'href="/effects/1"' in page
    is_example("channels", operator.get("/api/v1/channels"))
    is_example("effects", operator.get("/api/v1/effects?state=failed&state=unknown"))
    is_example("effect", operator.get("/api/v1/effects/1"))
    is_example("cases", operator.get("/api/v1/cases"))
    assert operator.post("/effects/1/again").status_code == 303
    assert "tried again at the next run" in operator.get("/effects/1").text
    act_all(console.services)
    assert state(console) == "done"
    assert operator.post("/effects/1/again").status_code == 409
    assert operator.post("/api/v1/effects/1/again").status_code == 409
    assert operator.post("/effects/1/settle", data={"sent": "true"}).status_code == 409


def test_a_receiver_is_asked(console: House) -> None:
    """What it has is settled; where it has nothing, the person says so."""
    one_act(console, MaybeSent("the line dropped"), capability="blind")
    operator = console.of(Role.OPERATOR)
    page = operator.get("/effects/1").text
    assert "Ask the receiver" not in page
    assert "Send again" not in page
    assert "It was not sent" in page
    channel(console).capability = "keyed"
    page = operator.get("/effects/1").text
    assert "Ask the receiver" in page
    assert "Send again" in page
    channel(console).__class__ = Deaf
    page = operator.get("/effects/1").text
    assert "Ask the receiver" not in page
    assert "Send again" in page
    channel(console).__class__ = MemoryChannel
    kept, channel(console).sent[:] = list(channel(console).sent), []
    assert operator.post("/effects/1/ask").status_code == 303
    assert "does not have it" in operator.get("/effects/1").text
    channel(console).sent[:] = kept
    is_example("asked", operator.post("/api/v1/effects/1/ask"))
    assert state(console) == "done"
    assert operator.post("/api/v1/effects/1/ask").status_code == 409


@pytest.mark.parametrize(("sent", "after"), [("true", "done"), ("false", "lapsed")])
def test_a_person_settles(console: House, sent: str, after: str) -> None:
    """Sent, or not sent; a viewer sees no button and may not."""
    one_act(console, MaybeSent("the line dropped"), capability="blind")
    viewer = console.of(Role.VIEWER)
    assert "It was sent" not in viewer.get("/effects/1").text
    assert viewer.post("/effects/1/settle", data={"sent": sent}).status_code == 403
    operator = console.of(Role.OPERATOR)
    assert operator.post("/effects/1/settle", data={"sent": "perhaps"}).status_code == 422
    assert operator.post("/api/v1/effects/1/settle", data={"sent": sent}).status_code == 204
    assert state(console) == after
    assert operator.get("/effects/9").status_code == operator.get("/api/v1/effects/9").status_code == 404


def test_a_channel_that_rests_says_so(one_console: House) -> None:
    """Looking at it lets nobody through."""
    breaker = one_console.services.breaker("email")
    for _ in range(5):
        breaker.note(failed=True)
    client = one_console.of(Role.VIEWER)
    for _ in range(2):
        assert "nothing is tried until" in client.get("/channels").text
    one_console.clock.set(one_console.clock.now().replace(hour=20))
    assert "nothing is tried until" not in client.get("/channels").text
    assert client.get("/api/v1/channels").json()[0]["failures"] == 5
    assert breaker.closed_until() is None


def test_every_number_of_the_overview_leads_to_its_list(console: House) -> None:
    """And the list has as many."""
    one_act(console)
    client = console.of(Role.VIEWER)
    links = re.findall(r'href="(/(?:cases|effects)[^"]*)"><b>(\d+)', client.get("/").text)
    assert len(links) >= 4
    for link, count in links:
        page = client.get(link.replace("&amp;", "&"))
        assert page.status_code == 200
        assert page.text.count("<tr><td>") == int(count), link
    for wrong in ("/cases?state=x", "/effects?state=x", "/api/v1/cases?after=x", "/cases?case=0"):
        assert client.get(wrong).status_code in {400, 422}, wrong
    hindi = console.of(Role.VIEWER, language="hi")
    assert "मामले" in hindi.get("/cases").text


def test_pages_of_acts(one_console: House) -> None:
    """The next page keeps what was chosen."""
    with one_console.store.write("test") as session:
        for number in range(60):
            open_case(session, add_account(session, f"account-{number:02}"))
    client = one_console.of(Role.VIEWER)
    first = client.get("/cases?state=open").text
    link = re.findall(r'href="(/cases[^"]*after=[^"]*)"', first)[0].replace("&amp;", "&")
    assert "state=open" in link
    second = client.get(link).text
    assert (first.count("<tr><td>"), second.count("<tr><td>")) == (50, 10)


@pytest.mark.parametrize("name", NASTY)
def test_hostile_words_are_shown_harmlessly(one_console: House, name: str) -> None:
    """Of the account, the person, the act, and what a server answered."""
    one_act(one_console, NotSent("no such mailbox", retry=False))
    hostile = name.replace("\x00", "")
    with one_console.store.write("test") as session:
        account, contact = session.get_one(Account, 1), session.get_one(Contact, 1)
        account.name = contact.name = hostile[:190]
        effect = session.get_one(Effect, 1)
        effect.problem, effect.receipt = hostile, {"answer": hostile}
        session.get_one(Proposal, 1).label = hostile
    operator = one_console.of(Role.OPERATOR)
    for path in ("/channels", "/effects", "/effects/1", "/cases"):
        page = operator.get(path)
        assert page.status_code == 200
        assert len(page.text) < 30_000
        harmless(page.text.partition("<body")[2])
