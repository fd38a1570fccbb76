"""What people do in the console, each from the page where it begins to what came of it."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from tests.acceptance.browser.places import ITEM
from tests.acceptance.browser.windows import Windows, picture
from tests.integration.console.house import PASSWORD, House
from winback.console.rights import Role
from winback.console.set_up import set_up_link
from winback.store.models import Contact, Effect, Review
from workers.act import act_all
from workers.policy_watch import watch_policies

pytestmark = pytest.mark.xdist_group("browser")


def state(house: House, number: int = ITEM) -> str:
    with house.store.read() as session:
        return session.get_one(Review, number).state


def held(house: House, contact: int | None) -> Contact:
    with house.store.read() as session:
        return session.get_one(Contact, contact)


def effects_of(house: House, number: int = ITEM) -> list[str]:
    """States of the effects that came of an item."""
    with house.store.read() as session:
        case = session.get_one(Review, number).case_id
        return [str(one) for one in session.exec(select(Effect.state).where(Effect.case_id == case)).all()]


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def said(page: Page, words: str) -> None:
    """The page says so, to eyes and to screen readers."""
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def test_first_run(nobody_yet: House, windows: Windows) -> None:
    """The link that was printed makes the first operator, who is signed in; it works once."""
    link = set_up_link(nobody_yet.store, nobody_yet.clock, "") or ""
    page = windows.nobody(nobody_yet)
    page.goto("/")
    expect(page.get_by_text("There is no user yet")).to_be_visible()
    page.goto(link)
    page.get_by_label("Name", exact=True).fill("Ann")
    page.get_by_label("Login").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    picture(page, "first-run")
    button(page, "Begin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_role("link", name="People")).to_be_visible()
    page.context.clear_cookies()
    page.goto(link)
    expect(page.get_by_text("does not hold")).to_be_visible()
    page.goto("/sign-in")
    page.get_by_label("Login").fill("ann@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_approve(visited: House, windows: Windows) -> None:
    """From the list to the card, to the next one; it leaves after its rest, and the card says so."""
    page = windows.of(visited, Role.REVIEWER, "rita")
    page.goto("/queue")
    expect(page).to_have_title(re.compile(r"Queue \(\d+\)"))
    picture(page, "queue")
    page.locator(f"#i-{ITEM}").click()
    expect(page.locator("#standing")).to_contain_text("It waits for a person.")
    expect(page.locator("#standing")).to_be_focused()
    picture(page, "card")
    button(page, "Approve")
    said(page, "Approved. It leaves at")
    assert state(visited) == "approved"
    visited.clock.set(visited.clock.now() + timedelta(seconds=30))
    act_all(visited.services)
    assert effects_of(visited) == ["done"]
    page.goto(f"/queue/{ITEM}")
    expect(page.locator("#standing")).to_contain_text("It was approved. By rita.")


def test_undo(visited: House, windows: Windows) -> None:
    """From the next page, as long as nothing has left; the item waits again."""
    page = windows.of(visited, Role.REVIEWER, "rita")
    page.goto(f"/queue/{ITEM}")
    button(page, "Approve")
    said(page, "Approved. It leaves at")
    picture(page, "undo")
    button(page, f"Undo {ITEM}")
    said(page, "Taken back: the item waits again.")
    assert state(visited) == "pending"
    visited.clock.set(visited.clock.now() + timedelta(seconds=30))
    act_all(visited.services)
    assert "done" not in effects_of(visited)


def test_edit_with_a_live_preview(visited: House, windows: Windows) -> None:
    """What would be sent is shown while one types, with every word that changes; the edit is judged again."""
    page = windows.of(visited, Role.REVIEWER, "rita")
    page.goto(f"/queue/{ITEM}")
    page.locator("#edit summary").click()
    page.locator("#edit textarea").first.fill("We noticed it went quiet, and thought of you.")
    expect(page.locator("#preview ins").first).to_contain_text("thought of you")
    expect(page.locator("#preview")).to_contain_text("It will wait for approval as a new item.")
    page.locator("#preview").scroll_into_view_if_needed()
    picture(page, "edit")
    button(page, "Put the edit in its place")
    said(page, "The edited proposal waits as item")
    assert state(visited) == "edited"


def test_reject_with_a_code(visited: House, windows: Windows) -> None:
    """A code from the list and one's own words; both are kept."""
    page = windows.of(visited, Role.REVIEWER, "rita")
    page.goto(f"/queue/{ITEM}")
    page.locator("#reject summary").click()
    page.get_by_label("Why not").select_option("wrong_tool")
    page.get_by_label("In your own words").fill("They asked for a call.")
    page.get_by_label("Why not").scroll_into_view_if_needed()
    picture(page, "reject")
    page.locator("#reject").get_by_role("button").click()
    said(page, "Rejected. Nobody is contacted.")
    page.goto(f"/queue/{ITEM}")
    expect(page.locator("#standing")).to_contain_text("(wrong tool) They asked for a call.")
    assert state(visited) == "rejected"


def test_two_reviewers_on_one_item(visited: House, windows: Windows) -> None:
    """Who has it in hand is named to the other, who cannot decide it meanwhile and can take it over."""
    rita, ravi = windows.of(visited, Role.REVIEWER, "rita"), windows.of(visited, Role.REVIEWER, "ravi")
    ravi.goto(f"/queue/{ITEM}")
    rita.goto(f"/queue/{ITEM}")
    button(rita, "Take in hand")
    said(rita, "Yours until")
    button(ravi, "Approve")
    expect(ravi.get_by_role("alert")).to_contain_text("in the hands of rita")
    picture(ravi, "two-reviewers")
    assert state(visited) == "pending"
    button(ravi, "Take over")
    said(ravi, "Yours until")
    button(rita, "Approve")
    expect(rita.get_by_role("alert")).to_contain_text("in the hands of ravi")
    button(ravi, "Approve")
    said(ravi, "Approved.")
    assert state(visited) == "approved"


def test_a_conflict_is_shown(visited: House, windows: Windows) -> None:
    """What changed since the card was loaded, and by whom; what was typed is still there."""
    rita, ravi = windows.of(visited, Role.REVIEWER, "rita"), windows.of(visited, Role.REVIEWER, "ravi")
    ravi.goto(f"/queue/{ITEM}")
    rita.goto(f"/queue/{ITEM}")
    button(rita, "Escalate")
    said(rita, "Escalated: it goes first.")
    ravi.locator("#reject summary").click()
    ravi.get_by_label("In your own words").fill("Not this month.")
    ravi.locator("#reject").get_by_role("button").click()
    alert = ravi.get_by_role("alert")
    expect(alert).to_contain_text("What is different now")
    expect(alert).to_contain_text("rita")
    expect(alert).to_be_focused()
    picture(ravi, "conflict")
    expect(ravi.get_by_label("In your own words")).to_have_value("Not this month.")
    assert state(visited) == "pending"


def test_new_items_appear_by_themselves(visited: House, windows: Windows) -> None:
    """What somebody else decides goes from the list and the count in the title, without loading anew."""
    rita, ravi = windows.of(visited, Role.REVIEWER, "rita"), windows.of(visited, Role.REVIEWER, "ravi")
    ravi.goto("/queue")
    title = ravi.title()
    rita.goto(f"/queue/{ITEM}")
    button(rita, "Approve")
    said(rita, "Approved.")
    expect(ravi.locator(f"#i-{ITEM}")).to_have_count(0)
    expect(ravi).not_to_have_title(title)


def test_the_keys_alone(visited: House, windows: Windows) -> None:
    """j and k, a, r with its form, e, s, ? and u: nobody needs to point."""
    page = windows.of(visited, Role.REVIEWER, "rita")
    page.goto("/queue")
    rows = page.locator("a[data-row]")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    picture(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    first, second = (int((rows.nth(one).get_attribute("id") or "").removeprefix("i-")) for one in (0, 1))
    page.keyboard.press("Enter")
    expect(page.locator("#standing")).to_be_focused()
    for key, form in (("e", "#e-1"), ("s", "#s-until"), ("r", "#r-code")):
        page.keyboard.press(key)
        expect(page.locator(form)).to_be_focused()
        page.locator(form).blur()
    page.keyboard.press("a")
    said(page, "Approved. It leaves at")
    assert state(visited, first) == "approved"
    page.keyboard.press("u")
    said(page, "Taken back")
    assert state(visited, first) == "pending"
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(rf"/queue/{second}\b"))
    page.keyboard.press("r")
    expect(page.locator("#r-code")).to_be_focused()
    page.keyboard.press("w")
    page.keyboard.press("Tab")
    page.keyboard.type("a short j and k")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said(page, "Rejected.")
    assert state(visited, second) == "rejected"


def test_without_javascript(visited: House, windows: Windows) -> None:
    """The list, the card, a preview and an approval are plain pages and forms."""
    page = windows.of(visited, Role.REVIEWER, "rita", {"java_script_enabled": False})
    page.goto("/queue")
    page.locator(f"#i-{ITEM}").click()
    page.locator("#edit summary").click()
    page.locator("#edit textarea").first.fill("We thought of you.")
    button(page, "Preview")
    expect(page.locator("#preview ins").first).to_contain_text("thought of you")
    button(page, "Approve")
    said(page, "Approved. It leaves at")
    assert state(visited) == "approved"


def test_kill_switch(visited: House, windows: Windows) -> None:
    """Engaged with a reason, it stops what was approved; the overview says so; released with a reason."""
    page = windows.of(visited, Role.OPERATOR, "olga")
    page.goto(f"/queue/{ITEM}")
    button(page, "Approve")
    said(page, "Approved.")
    page.goto("/policies/switches")
    page.get_by_label("Why", exact=True).fill("A wrong price on the site")
    button(page, "Engage")
    expect(page.get_by_text("A wrong price on the site").first).to_be_visible()
    picture(page, "kill-switch")
    page.goto("/")
    expect(page.get_by_text("A wrong price on the site").first).to_be_visible()
    picture(page, "overview")
    visited.clock.set(visited.clock.now() + timedelta(seconds=30))
    act_all(visited.services)
    assert "done" not in effects_of(visited)
    page.goto("/policies/switches")
    page.get_by_label("Why it may pass again").fill("The price is right")
    page.get_by_role("button", name=re.compile("^Release")).click()
    expect(page.get_by_text("Nothing is engaged")).to_be_visible()


def test_policy_edit_with_replay(visited: House, windows: Windows) -> None:
    """A mistake stands beside the text; a change is held against the log, then saved, and is in force."""
    watch_policies(visited.services)
    page = windows.of(visited, Role.OPERATOR, "olga")
    page.goto("/policies")
    page.get_by_role("link", name="Edit policy.yaml").click()
    rules = page.get_by_label("The rules")
    text = rules.input_value()
    rules.fill(text.replace("kind: consent", "kind: consnet"))
    button(page, "Check it")
    expect(page.get_by_role("alert")).to_contain_text("policy.yaml:")
    page.get_by_label("The rules").fill(text.replace("offer_trial_upgrade, book_call]", "book_call]"))
    button(page, "Check it")
    expect(page.get_by_role("heading", name="Every logged decision, judged again")).to_be_visible()
    page.get_by_role("heading", name="Every logged decision, judged again").scroll_into_view_if_needed()
    picture(page, "policy-replay")
    button(page, "Save")
    said(page, "is in force from the next decision on")
    assert "offer_trial_upgrade" not in visited.services.policies.path.read_text(encoding="utf-8")


def test_erase_a_contact(visited: House, windows: Windows) -> None:
    """What is held is shown first; whoever erases types whom; nothing of them is on any page afterwards."""
    with visited.store.read() as session:
        contact = session.exec(select(Contact).order_by(Contact.id)).first()  # type: ignore[arg-type]
    assert contact is not None
    page = windows.of(visited, Role.OPERATOR, "olga")
    page.goto(f"/accounts/{contact.account_id}")
    picture(page, "account")
    confirm = page.get_by_label(re.compile("to confirm"))
    assert contact.email
    for typed in ("somebody else", contact.email):
        page.goto(f"/accounts/{contact.account_id}/people/{contact.id}")
        button(page, "What is held about them")
        expect(page.get_by_role("heading", level=2).first).to_contain_text("What is held about")
        page.get_by_label("Why, such as").fill("letter of 3 May")
        confirm.fill(typed)
        confirm.scroll_into_view_if_needed()
        picture(page, "erase")
        button(page, "Erase")
        if typed != contact.email:
            expect(page.get_by_role("alert")).to_be_visible()
            assert held(visited, contact.id).name == contact.name
    said(page, "Erased: 1 contacts, and all that was held about them.")
    assert held(visited, contact.id).name == ""
    page.goto(f"/accounts/{contact.account_id}")
    expect(page.locator("main")).not_to_contain_text(contact.email)
