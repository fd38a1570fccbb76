"""An address for every page of the table of routes, each with something to see on it."""

import time

import httpx
from playwright.sync_api import Page, Response

from tests.integration.console.house import House
from tests.integration.console.routes import ROUTES
from winback.console.rights import Role
from winback.console.set_up import set_up_link

NO_PAGES = {
    "/static/{name}", "/favicon.ico", "/healthz", "/queue/news", "/decisions/{name}/proof",
    "/decisions/verification", "/sign-in/oidc", "/sign-in/oidc/back",
}  # fmt: skip
"""Files, what programs read, a part that /decisions has too, and the way to another site and back."""
MAIL = "/queue/{number}/mail"
ITEM = 14
"""A tutorial in English that waits in the sample company."""


def pages() -> list[str]:
    found = (route.removeprefix("GET ") for route in ROUTES if route.startswith("GET "))
    return sorted(one for one in found if not one.startswith("/api/") and one not in NO_PAGES)


def places(house: House) -> dict[str, str]:
    """Each page's route, with where it is shown here."""
    operator = house.of(Role.OPERATOR, "olga")
    newest = operator.get("/api/v1/decisions").json()
    known = {
        "/queue/{number}": f"/queue/{ITEM}",
        MAIL: f"/queue/{ITEM}/mail",
        "/policies/edit": "/policies/edit?role=live&file=policy.yaml",
        "/policies/diff": "/policies/diff?old=1&new=1",
        "/policies/drafts/{number}": _draft(operator),
        "/decisions/{name}": f"/decisions/{newest['lines'][0]['name']}",
        "/set-up": set_up_link(house.store, house.clock, "") or "/set-up?link=over",
    }
    return {route: known.get(route, route.replace("{number}", "1").replace("{account}", "1")) for route in pages()}


def _draft(operator: httpx.Client) -> str:
    """A change of the policy whose consequences are known."""
    file = operator.get("/api/v1/policies/file", params={"name": "policy.yaml"}).json()
    form = {"role": "live", "file": "policy.yaml", "seal": file["seal"], "text": file["text"].replace("168", "48")}
    page = str(operator.post("/policies/edit", data=form).headers["location"])
    for _ in range(400):
        if "The log is read" not in operator.get(page).text:
            return page
        time.sleep(0.05)
    raise AssertionError(page)


def visit(page: Page, route: str, place: str) -> Response:
    """Go there; every page answers, and whoever is there already needs no set-up link."""
    answer = page.goto(place)
    assert answer is not None
    assert answer.status == (400 if route == "/set-up" else 200), (place, answer.status)
    return answer
