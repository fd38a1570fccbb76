"""`winback policy diff` says what a change means, like diff(1)."""

import json
from pathlib import Path

import pytest

from winback.cli.app import main
from winback.errors import Exit

OLD = """\
version: 1
rules:
  - {id: acts, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}
  - {id: cap, kind: frequency_cap, scope: account, max: 2, window: {kind: rolling, days: 7}}
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(OLD.replace("max: 2", "max: 1"))


def test_the_same_meaning(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 0 whatever comments say."""
    (tmp_path / "new.yaml").write_text("# other words\n" + OLD)
    assert main(["policy", "diff", "old.yaml", "new.yaml"]) == Exit.OK
    assert capsys.readouterr().out.startswith("The same meaning, hash ")


def test_another_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1: each rule with its keys and its effect, the verdicts that change, and examples."""
    assert main(["policy", "diff", "old.yaml", "new.yaml"]) == Exit.FAILED
    out = capsys.readouterr().out
    assert out.startswith("cap (changed): max: 2 -> 1\n  stricter\n\nVerdicts that change: ")
    assert "of 5,000 sample acts" in out
    assert "\nallow -> deny, for example\n  send_tutorial for " in out
    assert "    now denied (cap: contacts in the last 7 days: 1, and at most 1 may be)\n" in out


def test_the_same_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """--json: the samples are facts that a case can hold."""
    assert main(["policy", "diff", "old.yaml", "new.yaml", "--json"]) == Exit.FAILED
    found = json.loads(capsys.readouterr().out)
    assert not found["same"]
    assert found["changes"][0]["fields"] == ["max: 2 -> 1"]
    assert found["changes"][0]["effect"] == "stricter"
    first = found["verdicts"][0]
    assert (first["old"], first["new"]) == ("allow", "deny")
    assert first["acts"] <= found["sample_acts"]
    assert len(first["samples"][0]["facts"]["history"]) == 1


def test_the_configured_policy_is_the_new_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without NEW."""
    (tmp_path / "config.yaml").write_text("version: 1\npolicies: {path: old.yaml}\n")
    assert main(["policy", "diff", "old.yaml"]) == Exit.OK
    capsys.readouterr()
    assert main(["policy", "diff", "none.yaml"]) == Exit.BAD_INPUT
    assert capsys.readouterr().err == "winback: none.yaml: no such file; check the path\n"
