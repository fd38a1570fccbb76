"""Every page before axe-core: nothing serious stands in the way of who cannot see, hear or point."""

import json
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from tests.acceptance.browser.places import MAIL, places, visit
from tests.acceptance.browser.windows import Windows
from tests.integration.console.house import House
from winback.console.rights import Role
from winback.console.set_up import set_up_link

pytestmark = pytest.mark.xdist_group("browser")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RUN = """async (options) => {
  const found = await axe.run(document, {resultTypes: ["violations"], iframes: false, ...options});
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => ({
    rule: one.id, help: one.help,
    nodes: one.nodes.map((node) => node.html.slice(0, 200) + " | " + node.any.map((why) => why.message).join(" "))
  }));
}"""
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
DARK = "document.documentElement.dataset.theme = 'dark'"


def findings(page: Page) -> dict[str, Any]:
    """What axe finds serious or critical, in each theme; themes differ in colours alone."""
    page.evaluate(OPEN)
    light = page.evaluate(RUN, {})
    page.evaluate(DARK)
    dark = page.evaluate(RUN, {"runOnly": ["color-contrast"]})
    return {theme: found for theme, found in (("light", light), ("dark", dark)) if found}


@pytest.mark.parametrize("language", ["en", "hi"])
def test_axe_finds_nothing_serious(visited: House, windows: Windows, language: str) -> None:
    """On no page of the table of routes, in either language or theme, with everything unfolded."""
    page = windows.of(visited, Role.OPERATOR, language=language, theme="light")
    page.add_init_script(AXE)
    found = {}
    for route, place in places(visited).items():
        answer = visit(page, route, place)
        if route == MAIL:
            # No script runs in a message, axe's neither: the same HTML is looked at where it can.
            text = answer.text()
            page.goto("about:blank")
            page.set_content(text)
        found[place] = findings(page)
    assert not any(found.values()), json.dumps(found, indent=1, ensure_ascii=False)


def test_the_first_set_up_too(windows: Windows, nobody_yet: House) -> None:
    """Its form is there only while nobody is."""
    page = windows.nobody(nobody_yet)
    page.add_init_script(AXE)
    page.goto(set_up_link(nobody_yet.store, nobody_yet.clock, "") or "")
    assert page.get_by_label("Password").count() == 1
    assert not findings(page)
