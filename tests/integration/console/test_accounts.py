"""Accounts and their people: looked at, asked to be left alone, handed out, erased."""

from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select

from tests.integration.console.evidence.sample import NASTY, harmless
from tests.integration.console.examples import is_example
from tests.integration.console.house import House, house
from tests.integration.held_person import Who
from winback.console.rights import Role
from winback.decisions.entry import spoken
from winback.store.answers import Preference
from winback.store.models import Account, Consent, Contact, DecisionEntry, Effect
from winback.testing.world import AS_OF, add_account, add_contact, open_case
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services

WISHES = {
    "language": "hi", "channels": [], "topics": ["book_call"], "days": "30", "level": "",
    "source": "phone call of 3 May", "reason": "asked for fewer messages",
}  # fmt: skip


def one_account(console: House) -> None:
    """With two people, one case, and a message that was sent."""
    with console.store.write("test") as session:
        account = add_account(session)
        add_contact(session, account, "acme-bob")
        open_case(session, account)
    propose_all(console.services, AS_OF)
    act_all(console.services)


def last_entry(console: House) -> dict[str, object]:
    with console.store.read() as session:
        entries = session.exec(select(DecisionEntry).order_by(DecisionEntry.id)).all()  # type: ignore[arg-type]
        return spoken(entries[-1].body)


def test_the_list_and_one_account(console: House) -> None:
    """Found by name and by address, paged, and with the whole story; the API says the same, as documented."""
    one_account(console)
    client = console.of(Role.VIEWER)
    assert "acme" in client.get("/accounts", params={"q": "ACME-ann@example.com"}).text
    assert "Nothing found" in client.get("/accounts", params={"q": "%"}).text
    page = client.get("/accounts/1").text
    for part in ("<svg", "Done over memory", "Case opened", "acme-ann@example.com", "email: granted"):
        assert part in page, part
    assert "/people/1" not in page
    assert client.get("/accounts/99").status_code == client.get("/api/v1/accounts/99").status_code == 404
    assert client.get("/accounts", params={"after": "x"}).status_code == 400
    is_example("accounts", client.get("/api/v1/accounts"))
    is_example("account", client.get("/api/v1/accounts/1"))
    hindi = console.of(Role.VIEWER, language="hi").get("/accounts/1").text
    assert "मामला खुला" in hindi
    assert "Case opened" not in hindi


def test_pages_of_the_list(one_console: House) -> None:
    """The next page begins where this one ends."""
    with one_console.store.write("test") as session:
        for number in range(60):
            add_account(session, f"account-{number:02}")
    client = one_console.of(Role.VIEWER)
    first = client.get("/accounts").text
    link = first.partition('href="/accounts?q=&amp;after=')[2].partition('"')[0]
    second = client.get(f"/accounts?after={link}").text
    assert "account-49" in first
    assert "account-50" not in first
    assert "account-50" in second
    assert "First page" in second


def test_wishes_are_changed_with_where_and_why(console: House) -> None:
    """The consent says so, the log has who and a commitment, and nothing is changed without a reason."""
    one_account(console)
    operator = console.of(Role.OPERATOR)
    page = operator.get("/accounts/1/people/1")
    assert 'name="source"' in page.text
    assert operator.get("/accounts/2/people/1").status_code == 404
    path = "/accounts/1/people/1/wishes"
    for wrong in ({"reason": " "}, {"source": ""}, {"topics": ["nonsense"]}, {"days": "5"}, {"language": "xx"}):
        assert operator.post(path, data={**WISHES, **wrong}).status_code in {400, 422}, wrong
    assert operator.post(path, data=WISHES).status_code == 303
    with console.store.read() as session:
        consent = session.exec(select(Consent).where(Consent.contact_id == 1)).one()
        assert (consent.state, consent.source) == ("refused", f"{WISHES['source']}: {WISHES['reason']}")
        said = session.get_one(Preference, 1)
        assert (said.topics, said.days_between) == (["book_call"], 30)
        assert session.get_one(Contact, 1).language == "hi"
    entry = last_entry(console)
    assert (entry["kind"], entry["contact"], entry["by"]) == ("preferred", 1, "operator-0")
    assert "phone" not in str(entry)
    assert ("operator-0", "wishes_changed", "contact 1") in console.noted()


def test_never_contact(console: House) -> None:
    """One of them, then everybody; what waits is withdrawn, and nothing can be granted afterwards."""
    with console.store.write("test") as session:
        account = add_account(session)
        add_contact(session, account, "acme-bob")
        open_case(session, account)
    propose_all(console.services, AS_OF)
    operator = console.of(Role.OPERATOR)
    assert operator.post("/accounts/1/people/1/stop", data={"source": " "}).status_code == 400
    assert operator.post("/accounts/1/people/1/stop", data={"source": "a letter"}).status_code == 303
    assert "never contact" in operator.get("/accounts/1").text
    with console.store.read() as session:
        assert session.get_one(Effect, 1).state == "lapsed"
    assert operator.post("/accounts/1/people/1/wishes", data=WISHES).status_code == 409
    assert "Nothing undoes that" in operator.get("/accounts/1/people/1").text
    stopped = operator.post("/api/v1/accounts/1/stop", data={"source": "their boss"})
    is_example("stopped", stopped)
    assert "Nobody there may ever be written to again" in operator.get("/accounts/1").text
    assert operator.post("/accounts/9/stop", data={"source": "x"}).status_code == 400
    assert [what for _, what, _ in console.noted()] == ["contact_stopped", "contact_stopped"]


@pytest.fixture
def holding(held: Services) -> Iterator[House]:
    """A console where everything that can be held about a person is held."""
    with house(held) as found:
        yield found


def test_export_and_erase(holding: House, who: Who) -> None:
    """The file holds what is held; erasing needs it typed; then nothing of them is left on any page."""
    operator = holding.of(Role.OPERATOR)
    with holding.store.read() as session:
        number = session.exec(select(Contact.id).where(Contact.email == who.email)).first()
    page = operator.post("/privacy", data={"contact": number}).text
    assert "What is held about" in page
    assert who.email in page
    answer = operator.post("/privacy/export", data={"contact": number})
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.json()["about"] == who.email
    assert answer.json()["usage"]["rows"]
    refused = operator.post("/privacy/erase", data={"contact": number, "typed": "yes"})
    assert refused.status_code == 400
    assert "is not who is to be erased" in refused.text
    erased = operator.post("/privacy/erase", data={"contact": number, "typed": who.email, "reason": "a letter"})
    assert erased.status_code == 303, erased.text
    assert "Erased" in operator.get("/privacy").text
    for path in ("/accounts", "/accounts/1", "/people", "/api/v1/accounts/1", "/api/v1/audit"):
        page = operator.get(path).text
        assert not [said for said in who.strings if said in page], path
    assert operator.post("/privacy", data={"contact": number}).status_code == 400
    assert "Erased before" in operator.post("/privacy", data={"who": who.email}).text


def test_the_same_for_programs(one_console: House) -> None:
    """Each with its status; nobody is nobody."""
    one_account(one_console)
    operator = one_console.of(Role.OPERATOR)
    who = {"who": "acme-ann@example.com"}
    is_example("held", operator.post("/api/v1/privacy", data=who))
    assert operator.post("/api/v1/privacy", data={"who": "nobody"}).status_code == 400
    assert operator.post("/api/v1/privacy/export", data={"who": "nobody"}).status_code == 400
    assert operator.post("/api/v1/privacy/export", data=who).json()["contacts"]["rows"][0]["key"] == "acme-ann"
    wanted = {"language": "en", "channels": [], "topics": [], "source": "a call", "reason": "asked"}
    assert operator.put("/api/v1/contacts/1/wishes", json=wanted).status_code == 204
    assert operator.put("/api/v1/contacts/1/wishes", json={**wanted, "topics": ["x"]}).status_code == 400
    assert operator.put("/api/v1/contacts/99/wishes", json=wanted).status_code == 400
    assert operator.post("/api/v1/contacts/2/stop", data={"source": "a call"}).json() == {"stopped": 1}
    assert operator.post("/api/v1/privacy/erase", data={**who, "typed": "no"}).status_code == 400
    is_example("erased", operator.post("/api/v1/privacy/erase", data={**who, "typed": who["who"]}))


@pytest.mark.parametrize("name", NASTY)
def test_hostile_names_are_shown_harmlessly(one_console: House, name: str) -> None:
    """On each of these pages, whatever an import holds."""
    one_account(one_console)
    hostile = name.replace("\x00", "")[:190]
    with one_console.store.write("test") as session:
        account, contact = session.get_one(Account, 1), session.get_one(Contact, 1)
        account.key = account.name = account.owner_name = contact.name = contact.key = hostile
        account.tags = [name]
        consent = session.exec(select(Consent).where(Consent.contact_id == 1)).one()
        consent.source = hostile
    operator = one_console.of(Role.OPERATOR)
    for page in (
        operator.get("/accounts"), operator.get("/accounts/1"), operator.get("/accounts/1/people/1"),
        operator.get("/accounts", params={"q": hostile}), operator.post("/privacy", data={"contact": 1}),
    ):  # fmt: skip
        assert page.status_code == 200
        harmless(without_ours(page))


def without_ours(page: httpx.Response) -> str:
    """The page without the script of ours, and without what was typed and comes back in its field."""
    body = page.text.partition("<body")[2]
    before, _, rest = body.partition('name="q" type="search" value="')
    return before + rest.partition('"')[2] if rest else body
