"""`winback pages` and `winback up` serve the customer's pages."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import Run, clean_environment

CONFIG = "version: 1\nconsole: {port: 0}\npages: {base_url: 'https://pages.example.com', port: 0%s}\n"
ADDRESS = re.compile(r"The customer's pages: (http://127\.0\.0\.1:\d+), for https://pages\.example\.com")


@contextmanager
def running(folder: Path, command: str, lines: int) -> Iterator[list[str]]:
    """The command, and the lines that it says at first; afterwards it ends when asked to."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "winback", command],
        cwd=folder,
        env={**clean_environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield [process.stdout.readline() for _ in range(lines)]
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize(("command", "lines"), [("pages", 1), ("up", 2)])
def test_the_pages_are_served(tmp_path: Path, command: str, lines: int) -> None:
    """On loopback, until SIGTERM; `up` shows its own page too."""
    (tmp_path / "config.yaml").write_text(CONFIG % "", encoding="utf-8")
    with running(tmp_path, command, lines) as said:
        found = ADDRESS.search("".join(said))
        assert found, said
        with httpx.Client(base_url=found[1]) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert "This link does not work" in client.get("/o/none").text


def test_who_is_not_trusted_is_not_believed(tmp_path: Path) -> None:
    """Whatever a visitor claims about where they come from, they count as the one who connects."""
    (tmp_path / "config.yaml").write_text(CONFIG % ", requests_per_minute: 5", encoding="utf-8")
    with running(tmp_path, "pages", 1) as said:
        found = ADDRESS.search("".join(said))
        assert found, said
        with httpx.Client(base_url=found[1]) as client:
            codes = [
                client.get("/", headers={"x-forwarded-for": f"203.0.113.{number}"}).status_code
                for number in range(6)
            ]
    assert codes == [404] * 5 + [429]


def test_without_an_address_nothing_is_served(here: Run) -> None:
    """One line that says which setting to write."""
    answer = here("pages")
    assert answer.code == 3
    assert answer.line.startswith("winback: pages.base_url: is not set, so there are no pages;")


@pytest.mark.parametrize(
    ("pages", "health", "words"),
    [
        ("", "ok", "none: messages have no links"),
        ("pages: {base_url: 'https://p.example.com', trusted_proxy: 127.0.0.1}", "ok", "loopback port 8766"),
        ("pages: {base_url: 'https://p.example.com'}", "warn", "all visitors count as one"),
        ("pages: {base_url: 'http://p.example.com'}", "warn", "in the clear"),
    ],
)
def test_doctor_says_how_the_pages_stand(tmp_path: Path, here: Run, pages: str, health: str, words: str) -> None:
    """Whether they are configured, and what is unwise about it."""
    (tmp_path / "config.yaml").write_text(f"version: 1\n{pages}\n", encoding="utf-8")
    said = [one for one in json.loads(here("doctor", "--offline", "--json").out) if one["what"] == "pages"]
    assert [one["health"] for one in said] == [health]
    assert words in said[0]["detail"]


def test_a_proxy_that_is_no_address(tmp_path: Path, here: Run) -> None:
    """Named with its place in the file."""
    (tmp_path / "config.yaml").write_text("version: 1\npages: {trusted_proxy: nginx}\n", encoding="utf-8")
    answer = here("doctor")
    assert answer.code == 2
    assert "config.yaml:2" in answer.line
    assert "no address or network" in answer.line
