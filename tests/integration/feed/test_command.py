"""`winback feed` and `winback up` serve the feed with the token of the settings, and end on SIGTERM."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from winback.cli.app import main
from winback.errors import Exit

TOKEN = "a-token-of-the-tests-" * 3
WHO = {"account": "acme", "contact": "ann"}
FEED = "version: 1\nfeed: {token: {$env: FEED_TOKEN}, port: 0}\nconsole: {port: 0}\n"


@contextmanager
def running(folder: Path, command: str) -> Iterator[str]:
    """The address that the command prints."""
    (folder / "config.yaml").write_text(FEED)
    process = subprocess.Popen(  # noqa: S603  this very interpreter
        [sys.executable, "-m", "winback", command],
        cwd=folder,
        env={**os.environ, "FEED_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        yield next(one for one in lines if "feed" in one).split()[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert TOKEN not in said


@pytest.mark.parametrize("command", ["feed", "up"])
def test_it_is_served(tmp_path: Path, command: str) -> None:
    """With the token of the environment, on loopback."""
    with running(tmp_path, command) as address:
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(address, params=WHO).status_code == 401
        found = httpx.get(address, params=WHO, headers={"Authorization": f"Bearer {TOKEN}"})
        assert found.json() == {"items": [], "next": None}


def test_without_a_token_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what is missing, and where."""
    (tmp_path / "config.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    assert main(["feed"]) == Exit.ENVIRONMENT
    assert capsys.readouterr().err == "winback: feed.token: the feed has no token; write it as {$env: NAME}\n"


def test_a_pretended_time_shows_nothing_to_customers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is replayed must not come into a feed that somebody reads."""
    (tmp_path / "config.yaml").write_text(FEED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEED_TOKEN", TOKEN)
    assert main(["--at", "2026-05-12T10:00", "run", "--once"]) == Exit.BAD_INPUT
    assert "without a feed, to replay" in capsys.readouterr().err
