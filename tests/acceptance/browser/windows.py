"""Browser windows that notice what must not happen: dialogs, errors, what the policy of a page forbids."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

from tests.integration.console.house import House
from winback.console.rights import Role

PICTURES = Path(__file__).parents[3] / "docs" / "console"
PATIENCE_MS = 20_000
"""The machine may be busy."""


@dataclass
class Windows:
    """Opened through `of` and `nobody`; closed together, and then held to account."""

    browser: Browser
    wrong: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for one in self.contexts:
            one.close()
        if kind is None:
            assert self.wrong == []

    def nobody(self, house: House, **options: Any) -> Page:
        """Nobody is signed in."""
        return self.at(house.address, **options)

    def at(self, address: str, **options: Any) -> Page:
        """A new window for whatever is served there."""
        context = self.browser.new_context(
            base_url=address, viewport={"width": 1200, "height": 800}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("dialog", self._dialog)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        return page

    def of(
        self, house: House, role: Role, login: str = "", options: dict[str, Any] | None = None, **user: Any
    ) -> Page:
        """Somebody of this role is signed in."""
        client = house.of(role, login, **user)
        page = self.nobody(house, **(options or {}))
        page.context.add_cookies(
            [{"name": name, "value": value, "url": house.address} for name, value in client.cookies.items()]
        )
        return page

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        # An answer that says no is told as an error too; what a page says of it is for the test to look at.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"{message.location.get('url')}: {message.text}")


def picture(page: Page, name: str) -> None:
    """Keep what is seen as docs/console/NAME.png, where WINBACK_PICTURES=write asks for it."""
    if os.environ.get("WINBACK_PICTURES") == "write":
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")
