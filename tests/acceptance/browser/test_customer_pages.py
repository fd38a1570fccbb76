"""The customer's pages on a phone: nothing to scroll sideways for, buttons for a thumb, nothing for axe to say.

And without JavaScript: there is none in them, and a form sent by a press does what it says.
"""

import json
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.acceptance.browser.test_axe import AXE, RUN
from tests.acceptance.browser.windows import Windows
from tests.conftest import sqlite_world
from tests.integration.pages.site import site
from tests.integration.pages.test_golden import CASES, LIMIT
from winback.pages.words import languages
from winback.store.answers import Answer

pytestmark = pytest.mark.xdist_group("browser")
PHONE: ViewportSize = {"width": 320, "height": 568}
"""The smallest that is still in use."""
FINGER = 40
"""Pixels: a button is at least so high."""
WIDE = "document.documentElement.scrollWidth > window.innerWidth"
LOW = """(least) => [...document.querySelectorAll("button")]
  .map((one) => [one.innerText, one.getBoundingClientRect().height]).filter(([, high]) => high < least)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", sorted(languages()))
def test_a_phone_shows_them_whole(tmp_path: Path, windows: Windows, language: str, scheme: str) -> None:
    """Every page in either language and scheme, as it is sent."""
    page = windows.at("http://127.0.0.1", color_scheme=scheme)
    page.set_viewport_size(PHONE)
    page.add_init_script(AXE)
    wrong: dict[str, object] = {}
    for case, (kind, visit) in CASES.items():
        with sqlite_world(tmp_path) as services, site(services, kind, language=language) as one:
            page.goto("about:blank")
            page.set_content(visit(one, language))
        found = {
            "axe": page.evaluate(RUN, {}),
            "low": page.evaluate(LOW, FINGER),
            "wide": page.evaluate(WIDE),
        }
        if any(found.values()):
            wrong[case] = found
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def test_a_press_is_enough(tmp_path: Path, windows: Windows) -> None:
    """The offer is accepted on a phone whose browser runs no script."""
    with sqlite_world(tmp_path) as services, site(services, LIMIT) as one:
        page = windows.at(str(one.client.base_url), java_script_enabled=False)
        page.set_viewport_size(PHONE)
        page.goto(one.path("offer"))
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert one.row(Answer).value == "accepted"
