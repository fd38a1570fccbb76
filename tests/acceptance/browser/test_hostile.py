"""What others wrote, on every page, in a real browser: nothing of theirs runs, loads, hides or turns."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from tests.acceptance.browser.places import ITEM, MAIL, places, visit
from tests.acceptance.browser.windows import Windows
from tests.integration.console.evidence.sample import HIDDEN, NASTY
from tests.integration.console.house import House
from winback.console.rights import Role
from winback.store.models import Account, Contact, Proposal, Review
from winback.store.types import InteractionKind
from workers.record import Party, record

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.by_hand]
NAME = (
    "<script>alert(1)</script><img src=x onerror=alert(2)></title></textarea><base href=//x>a\u202eb\u2066c\u200bd"
)
REPLY = (
    " ".join(one for one in NASTY if len(one) < 100)
    + "<svg onload=alert(3)><iframe srcdoc='<script>parent.alert(4)</script>'></iframe>"
    + "<a href=javascript:alert(5)>x</a><style>body{display:none}</style><form action=//x><input name=csrf>"
    + "W" * 1_000_000
)
THEIRS = """() => Array.from(document.querySelectorAll(
  "base, img, style, [onload], [onerror], [srcdoc], [href^='javascript:'], [action^='//'], " +
  "script:not([src^='/static/'])"
)).map((one) => one.outerHTML.slice(0, 200))"""
TYPED = """() => {
  const copy = document.body.cloneNode(true);
  for (const one of copy.querySelectorAll("textarea")) one.remove();
  return copy.textContent;
}"""


def hostile(house: House) -> None:
    """Everybody and every account is called so, and somebody has written a megabyte of it."""
    with house.store.write("test") as session:
        for account in session.exec(select(Account)):
            account.name = account.owner_name = NAME
        for contact in session.exec(select(Contact)):
            contact.name = NAME
        proposal = session.get_one(Proposal, session.get_one(Review, ITEM).proposal_id)
        person = session.get_one(Contact, proposal.contact_id)
        parties = [Party(person.account_id, person.id), Party(1, 1)]
    for party in parties:
        for kind in (InteractionKind.MESSAGE, InteractionKind.REPLY):
            words = REPLY.replace("\x00", "")
            record(house.services, party, kind, house.clock.now(), "rita", channel="phone", note=words)
    operator = house.of(Role.OPERATOR, "mallory")
    switch = {"scope": "tool", "name": "book_call", "reason": NAME}
    assert operator.post("/policies/switches", data=switch).status_code == 303
    assert operator.post("/queue/views", data={"name": NAME[:100], "within": "words=a"}).status_code == 303


def test_hostile_texts_on_every_page(visited: House, windows: Windows) -> None:
    """No dialog, no script, nothing that the page's policy had to forbid (the window sees to that), no markup."""
    found = places(visited)
    hostile(visited)
    page = windows.of(visited, Role.OPERATOR, "oscar")
    for route, place in found.items():
        visit(page, route, place)
        if route == MAIL:
            continue  # in a sandbox without scripts: nothing can be asked of it, and nothing runs
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate(THEIRS) == [], place
        assert not set(HIDDEN) & set(page.evaluate(TYPED)), place
    for place in (
        f"/queue?words={quote(NAME)}",
        f"/accounts?q={quote(NAME)}",
        f"/decisions?by={quote(NAME[:100])}",
    ):
        page.goto(place)
        assert page.evaluate(THEIRS) == [], place


def test_a_hostile_card_can_be_decided(visited: House, windows: Windows) -> None:
    """Its buttons are ours, its preview is text, and what one types oneself is too."""
    hostile(visited)
    page = windows.of(visited, Role.REVIEWER, "rita")
    page.goto(f"/queue/{ITEM}")
    page.get_by_text("As HTML").click()
    page.locator("#edit summary").click()
    page.locator("#edit textarea").first.fill("<img src=x onerror=alert(6)>")
    expect(page.locator("#preview")).to_contain_text("<img src=x onerror=alert(6)>")
    assert page.evaluate(THEIRS) == []
    page.locator("#reject summary").click()
    page.get_by_label("In your own words").fill(NAME)
    page.locator("#reject").get_by_role("button").click()
    page.goto(f"/queue/{ITEM}")
    expect(page.locator("#standing")).to_contain_text("<script>alert(1)</script>")
    assert page.evaluate(THEIRS) == []
