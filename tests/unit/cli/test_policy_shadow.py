"""`winback policy shadow` says where the shadow would have decided otherwise."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.lived import LIVE, STRICTER, lived
from winback.cli.app import main
from winback.errors import Exit


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def run(config: Path, *arguments: str) -> int:
    return main(["--config", str(config), "policy", "shadow", *arguments])


def test_where_the_two_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of changes with the rules that made them, and since when which shadow has judged."""
    config = lived(tmp_path, shadow=STRICTER)
    assert run(config) == Exit.OK
    screen = capsys.readouterr().out
    assert "by Ines, since 2026-05-12 10:00 UTC." in screen
    assert "allow -> deny" in screen
    assert "stop" in screen


def test_json_for_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hash, since when, and every change."""
    config = lived(tmp_path, shadow=STRICTER)
    assert run(config, "--json") == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert found["configured"]
    assert found["since"] == "2026-05-12T10:00:00+00:00"
    assert found["policy"] == found["configured_policy"]
    assert {one["rule"] for one in found["rules"]} == {"stop"}
    assert 0 < found["changed"] < found["decisions"]


def test_without_a_shadow_it_says_how_to_name_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not configured is no error."""
    config = lived(tmp_path, cases=1)
    assert run(config) == Exit.OK
    assert "No shadow policy judges" in capsys.readouterr().out
    assert run(config, "--json") == Exit.OK
    assert json.loads(capsys.readouterr().out)["configured"] is False


def test_a_shadow_that_has_judged_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Configured after the last decision: it says that it will judge from the next one on."""
    config = lived(tmp_path, cases=1)
    (tmp_path / "shadow.yaml").write_text(STRICTER, encoding="utf-8")
    config.write_text(
        "version: 1\nhome: .\npolicies: {path: policy.yaml, shadow: shadow.yaml}\n", encoding="utf-8"
    )
    assert run(config) == Exit.OK
    assert "has judged nothing yet" in capsys.readouterr().out


def test_a_shadow_that_was_changed_since(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is shown is the word of the one that judged, and the screen says so."""
    config = lived(tmp_path, shadow=STRICTER)
    (tmp_path / "shadow.yaml").write_text(LIVE, encoding="utf-8")
    assert run(config) == Exit.OK
    screen = capsys.readouterr().out
    assert "shadow.yaml has changed since" in screen
    assert "allow -> deny" in screen


def test_nonsense_is_answered_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line."""
    config = lived(tmp_path, shadow=STRICTER, cases=1)
    assert run(config, "--since", "soon") == Exit.BAD_INPUT
    screen = capsys.readouterr()
    assert (screen.out, screen.err.count("\n")) == ("", 1)


def test_without_the_file_of_the_shadow_none_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As where none is named."""
    config = lived(tmp_path, shadow=STRICTER, cases=1)
    (tmp_path / "shadow.yaml").unlink()
    assert run(config) == Exit.OK
    assert "No shadow policy judges" in capsys.readouterr().out
