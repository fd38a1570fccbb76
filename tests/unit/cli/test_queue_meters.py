"""`winback queue meters` and `plant`: what is printed."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.lived import lived
from winback.cli.app import main
from winback.errors import Exit

AT = ("--at", "2026-05-13T10:00")


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Two items wait since noon of the day before."""
    return str(lived(tmp_path))


def said(capsys: pytest.CaptureFixture[str], config: str, *more: str) -> str:
    assert main(["-c", config, *AT, "queue", *more]) == Exit.OK
    return capsys.readouterr().out


def test_a_table_of_people_and_a_line_of_the_queue(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who decided what, how many of the planted faults were found, and how long things wait."""
    monkeypatch.setenv("WINBACK_USER", "rita [b]")
    monkeypatch.setenv("COLUMNS", "120")
    assert "Nobody decided anything." in said(capsys, config, "meters")
    items = json.loads(said(capsys, config, "list", "--json"))["items"]
    assert said(capsys, config, "plant", "1") == f"Planted: {len(items) + 1}.\n"
    for item in json.loads(said(capsys, config, "list", "--json"))["items"][:1]:
        said(capsys, config, "reject", str(item["item"]), "--hash", item["hash"], "--code", "not_now")
    planted = json.loads(said(capsys, config, "show", str(len(items) + 1), "--json"))
    said(capsys, config, "approve", str(planted["item"]), "--hash", planted["hash"])
    text = said(capsys, config, "meters", "--since", "2d")
    assert " ".join(text.splitlines()[2].split()) == "rita [b] 2 1 (50%) 1 0 - - 0 of 1"
    assert f"{len(items) + 1} came, 2 were decided, 0 expired, 0 were withdrawn; {len(items) - 1} wait" in text
    assert "half of them for 24 h or less" in text


def test_for_a_program(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same numbers, and nobody's where nobody of that name decided."""
    found = json.loads(said(capsys, config, "meters", "--json", "--of", "rita", "--until", "2026-05-13"))
    assert found["until"] == "2026-05-13T00:00:00+00:00"
    assert (found["people"], found["queue"]["waiting"], found["queue"]["age_p95"]) == ([], 2, 14 * 3600.0)
