"""Debian's Chromium before a console that a real server serves."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.acceptance.browser.sample import make, sample
from tests.acceptance.browser.windows import Windows
from tests.conftest import lacking, sqlite_world
from tests.integration.console.house import House, house

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser with a new profile; each module's own, since Playwright keeps an event loop while one is open."""
    if not CHROMIUM.exists():
        lacking("no browser: Debian's chromium is not at /usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's folder, never written to again."""
    return make(tmp_path_factory.mktemp("browser") / "home")


@pytest.fixture
def visited(lived: Path, tmp_path: Path) -> Iterator[House]:
    """A console over a copy of it."""
    shutil.copytree(lived, tmp_path / "home")
    with sample(tmp_path / "home") as services, house(services) as found:
        yield found


@pytest.fixture
def nobody_yet(tmp_path: Path) -> Iterator[House]:
    """A console that was started for the first time."""
    with sqlite_world(tmp_path) as services, house(services) as found:
        yield found


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Windows]:
    """Windows to look through; afterwards nothing may have gone wrong in any of them."""
    with Windows(chromium) as found:
        yield found
