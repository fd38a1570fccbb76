"""The main job, on the sample company and on real learners: all that waits is reviewed in the browser."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.browser.windows import Windows
from tests.acceptance.conftest import END, Run, clean_environment
from tests.acceptance.first_operator import FIRST, LINK
from tests.acceptance.test_main_job import configure, imported, outbox
from tests.acceptance.test_oulad import DATES, import_learners
from tests.judge import agentack, executed, passes
from winback.testing.endpoint import Endpoint, first_choice, serving

pytestmark = pytest.mark.xdist_group("browser")
MORNING = ("--at", "2026-05-12T07:00")


@contextmanager
def served(folder: Path, at: tuple[str, str] = MORNING) -> Iterator[str]:
    """The console as a user starts it; gives the link that was printed."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "winback", *at, "serve"], cwd=folder,
        env={**clean_environment(), "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = LINK.search(process.stdout.readline())
        assert found
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def set_up(page: Page, link: str) -> None:
    page.goto(link)
    for label, value in (("Name", FIRST["name"]), ("Login", FIRST["login"]), ("Password", FIRST["password"])):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Begin").click()


def decide(page: Page) -> str:
    """What stands on the card decides: calls are turned down, the rest is approved; by the keys alone."""
    what = page.locator("#standing").inner_text()
    if "call" in what:
        page.keyboard.press("r")
        expect(page.locator("#r-code")).to_be_focused()
        for key in ("Tab", "Tab", "Enter"):
            page.keyboard.press(key)
        said = "Rejected."
    else:
        page.keyboard.press("a")
        said = "Approved."
    expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
    return said


def review(page: Page, link: str, waiting: int) -> list[str]:
    """From the first sign-in until nothing waits; what was said to each decision."""
    said = []
    set_up(page, link)
    page.get_by_role("link", name="Queue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Queue ({waiting})")
    page.locator("a[data-row]").first.click()
    while re.search(r"/queue/\d+", page.url):
        said.append(decide(page))
    expect(page.get_by_text("Nothing waits for a person.")).to_be_visible()
    return said


def test_the_main_job_is_reviewed_to_the_end(
    here: Run, tmp_path: Path, sample_files: Path, windows: Windows
) -> None:
    """Imported and proposed on the command line; all that waits decided in the browser; only that goes out."""
    with serving(Endpoint(answer=first_choice)) as endpoint:
        configure(tmp_path, endpoint.url, "console: {port: 0}\n")
        imported(here, sample_files)
        for back in (12, 0):
            day = f"{END.fromordinal(END.toordinal() - back)}"
            assert here("run", "--once", "--as-of", day, "--json").code == 0
        waiting = here(*MORNING, "queue", "list", "--json").json["items"]
        assert waiting
        before = len(outbox(tmp_path))
        with served(tmp_path) as link:
            said = review(windows.at(link), link, len(waiting))
        assert len(said) == len(waiting)
        later = ("--at", "2026-05-12T07:05")
        assert here(*later, "queue", "list", "--json").json["items"] == []
        assert here(*later, "run", "--once", "--as-of", str(END), "--json").code == 0
        assert len(outbox(tmp_path)) == before + said.count("Approved.")
        assert here("log", "verify").code == 0
        trace, policy = tmp_path / "trace.jsonl", tmp_path / "agentack.toml"
        assert here(*later, "log", "trace", str(trace), "--policy", str(policy)).code == 0
        assert agentack(trace, policy) == 0
        assert len(executed(passes(trace))) == len(outbox(tmp_path))


def test_real_learners_are_reviewed_to_the_end(
    winback: Run, here: Run, tmp_path: Path, learners: Path, windows: Windows
) -> None:
    """Under the default policy, with the embedded model: only whom a person approved is written to."""
    (tmp_path / "config.yaml").write_text(
        "version: 1\ncompany: {zone: Europe/London}\nlog: {level: error}\nconsole: {port: 0}\n", encoding="utf-8"
    )
    import_learners(winback, here, tmp_path, learners)
    day = DATES[0]
    at, later = (("--at", f"{date.fromisoformat(day) + timedelta(days=1)}T12:0{minute}") for minute in (0, 5))
    assert here(*at, "run", "--once", "--as-of", day).code == 0
    waiting = here(*at, "queue", "list", "--json").json["items"]
    assert len(waiting) >= 10
    with served(tmp_path, at) as link:
        said = review(windows.at(link), link, len(waiting))
    assert len(said) == len(waiting)
    assert here(*later, "run", "--once", "--as-of", day).code == 0
    assert here(*later, "queue", "list", "--json").json["items"] == []
    assert len(outbox(tmp_path)) == said.count("Approved.") > 0
    assert here("log", "verify").code == 0
    assert here(*later, "log", "trace", "trace.jsonl").code == 0
    assert len(executed(passes(tmp_path / "trace.jsonl"))) == len(outbox(tmp_path))
