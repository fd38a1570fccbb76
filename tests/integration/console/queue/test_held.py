"""What rejections hold back, in the browser and over HTTP: who sees it and who lifts it."""

from datetime import timedelta

import httpx

from tests.integration.console.house import House
from tests.integration.console.queue.desk import RULES, filled, form_in, later, seen, send
from winback.console.api import API
from winback.console.rights import Role
from winback.store.models import Review
from winback.store.types import ReviewState
from winback.testing.world import NOON

WAITS = RULES + "- {id: after, kind: cooldown_after, what: [rejected]}\n"
HELD = f"{API}/queue/held"


def refused(console: House, *keys: str, rules: str = WAITS) -> httpx.Client:
    """A reviewer who said never to one account, and not now to the others."""
    filled(console, *(keys or ("acme", "beta")), rules=rules)
    rita = console.of(Role.REVIEWER, "rita")
    for number in range(1, 1 + len(keys or ("acme", "beta"))):
        code = "not_now" if number > 1 else "never_contact"
        assert send(rita, number, "reject", code=code, note=f"<b>no</b> {number}").status_code == 303
    return rita


def test_what_is_held_back_is_listed(console: House) -> None:
    """By whom, why, since when and until when; of one account alone, where that is asked."""
    refused(console)
    page = console.of(Role.VIEWER).get("/queue/held").text
    assert page.index('<a href="/queue/2">') < page.index('<a href="/queue/1">')
    for words in ("never contact", "not now", "rita", "&lt;b&gt;no&lt;/b&gt; 1", "until somebody lifts it"):
        assert words in page
    assert "/lift" not in page
    one = console.of(Role.VIEWER).get("/queue/held?account=beta").text
    assert '<a href="/queue/2">' in one
    assert '<a href="/queue/1">' not in one
    later(console, days=31)
    left = console.of(Role.VIEWER).get(HELD).json()["items"]
    assert [(hold["item"], hold["code"], hold["by"], hold["until"]) for hold in left] == [
        (1, "never_contact", "rita", None)
    ]


def test_the_queue_and_the_account_lead_there(console: House) -> None:
    """And from a hold to the account and its item."""
    reader = refused(console)
    assert 'href="/queue/held"' in reader.get("/queue").text
    assert 'href="/queue/held?account=acme"' in reader.get("/accounts/1").text
    assert 'href="/accounts/1"' in reader.get("/queue/held").text


def test_a_reviewer_lifts_it_with_a_reason(console: House) -> None:
    """Then nothing is held back by it any more; the log says who and why."""
    rita = refused(console)
    page = rita.get("/queue/held?account=acme").text
    answer = rita.post("/queue/1/lift", data={**form_in(page, "/queue/1/lift"), "reason": "they wrote to us"})
    assert answer.headers["location"] == "/queue/held?account=acme"
    assert "holds nothing back any more" in rita.get("/queue/held?account=acme").text
    assert [one["item"] for one in rita.get(HELD).json()["items"]] == [2]
    (line,) = rita.get(f"{API}/decisions?kind=lifted").json()["lines"]
    assert "they wrote to us" in line["words"]
    assert rita.get(f"{API}/queue/1").json()["standing"]["state"] == "rejected"


def test_a_program_lifts_it(console: House) -> None:
    """Without a reason, twice, an item that waits or that there is not: a plain line."""
    filled(console, "acme", "beta", rules=WAITS)
    client = console.of(Role.OPERATOR)
    no = {**seen(client), "code": "wrong_tool", "note": ""}
    assert client.post(f"{API}/queue/1/reject", json=no).status_code == 200
    why = {"reason": "they asked for it"}
    assert client.post(f"{API}/queue/1/lift", json={}).status_code == 422
    assert client.post(f"{API}/queue/1/lift", json={"reason": " "}).status_code == 400
    assert client.post(f"{API}/queue/2/lift", json=why).status_code == 409
    assert client.post(f"{API}/queue/9/lift", json=why).status_code == 404
    assert client.post(f"{API}/queue/1/lift", json=why).json() == {"item": 1}
    again = client.post(f"{API}/queue/1/lift", json=why)
    assert (again.status_code, "was lifted by" in again.json()["what"]) == (409, True)
    assert client.get(HELD).json() == {"items": [], "next": None}


def test_where_it_cannot_be_lifted_the_page_says_so(console: House) -> None:
    """Somebody was first: the list as it is now, with a line."""
    rita = refused(console)
    form = {**form_in(rita.get("/queue/held").text, "/queue/1/lift"), "reason": "they wrote to us"}
    assert rita.post("/queue/1/lift", data=form).status_code == 303
    page = rita.post("/queue/1/lift", data=form)
    assert page.status_code == 409
    assert "was lifted by rita" in page.text


def test_a_policy_that_does_not_wait_is_not_said_to(console: House) -> None:
    """What stands there would be held back, but no rule does it."""
    refused(console, "acme", rules=RULES)
    reader = console.of(Role.VIEWER)
    words = "no rule of the policy waits after a rejection"
    assert words in reader.get("/queue/held").text
    (console.services.settings.home / "policy.yaml").write_text(WAITS, encoding="utf-8")
    reader.get("/policies")
    assert words not in reader.get("/queue/held").text


def test_pages_follow_each_other(console: House) -> None:
    """Each hold is on exactly one; what is over takes no room on any."""
    refused(console, "a", "b", "c", "d", "e")
    with console.store.write("test") as session:
        session.get_one(Review, 3).decided_at = NOON - timedelta(days=31)
    client, found, at = console.of(Role.VIEWER), [], f"{HELD}?limit=2"
    while at:
        page = client.get(at).json()
        assert len(page["items"]) <= 2
        found += [one["item"] for one in page["items"]]
        at = f"{HELD}?limit=2&before={page['next']}" if page["next"] else ""
    assert found == [5, 4, 2, 1]


def test_a_no_without_a_known_code_is_listed_too(console: House) -> None:
    """As from before there were codes: everything to the account, for thirty days."""
    refused(console, "acme", "beta", "gamma")
    with console.store.write("test") as session:
        session.get_one(Review, 1).code = None
        session.get_one(Review, 2).code = "of_a_newer_version"
        assert session.get_one(Review, 1).state == ReviewState.REJECTED
    assert "rejected: nothing to this account for 30 days" in console.of(Role.VIEWER).get("/queue/held").text
    later(console, days=30)
    reader = console.of(Role.VIEWER)
    assert [one["item"] for one in reader.get(HELD).json()["items"]] == [3, 2, 1]
    later(console, seconds=1)
    assert reader.get(HELD).json()["items"] == []
