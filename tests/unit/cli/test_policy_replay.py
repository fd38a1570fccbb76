"""`winback policy replay` says what another policy would have said of every logged decision."""

import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from tests.unit.cli.lived import LIVE, STRICTER, lived
from winback.cli.app import main
from winback.errors import Exit
from winback.store.models import DecisionEntry
from winback.store.store import Store


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    found = lived(tmp_path)
    (tmp_path / "stricter.yaml").write_text(STRICTER, encoding="utf-8")
    return found


def run(config: Path, *arguments: str) -> int:
    return main(["--config", str(config), "policy", "replay", *arguments])


def test_the_policy_in_force_comes_out_again(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing changes, every verdict is reproduced, and the exit code says so."""
    assert run(config, "--against", str(config.parent / "policy.yaml")) == Exit.OK
    screen = capsys.readouterr().out
    assert ", 0 change." in screen
    assert "decisions of this very policy came out again, rule by rule." in screen


def test_another_policy_is_told_with_cases_rules_and_what_cannot_be_known(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of changes, the rules that make them, and sentences on what nobody can know."""
    assert run(config, "--against", str(config.parent / "stricter.yaml")) == Exit.OK
    screen = capsys.readouterr().out
    assert "allow -> deny" in screen
    assert "review -> deny" in screen
    assert "stop" in screen
    for sentence in ("has no outcome", "never happened", "what really happened", "counted again"):
        assert sentence in screen


def test_json_holds_the_same_for_a_program(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every change with its moment, count, outcomes and sample cases."""
    assert run(config, "--against", str(config.parent / "stricter.yaml"), "--json") == Exit.OK
    found = json.loads(capsys.readouterr().out)
    changes = {(one["moment"], one["before"], one["after"]): one for one in found["changes"]}
    assert changes["act", "allow", "deny"]["count"] == changes["propose", "allow", "deny"]["count"] > 0
    assert changes["act", "allow", "deny"]["cases"]
    assert changes["act", "allow", "deny"]["happened"]["unknown"] == changes["act", "allow", "deny"]["count"]
    assert found["decisions"] == sum(one["count"] for one in found["changes"])
    assert {one["rule"] for one in found["rules"]} == {"stop"}
    assert (found["inexact"], found["differing"]["count"], found["altered"]["count"]) == (0, 0, 0)
    assert len(found["cannot_be_known"]) >= 4


@pytest.mark.parametrize(
    ("since", "decisions"), [("2026-05-12", True), ("2026-05-13", False), ("12h", False), ("5000w", True)]
)
def test_since_is_a_stretch_or_a_date(
    config: Path, capsys: pytest.CaptureFixture[str], since: str, decisions: bool
) -> None:
    """30d, 12h and 4w count back from now; a date begins at midnight in the company's zone."""
    against = str(config.parent / "policy.yaml")
    assert main(["--config", str(config), "--at", "2026-05-20T10:00", "policy", "replay", "--against", against,
                 "--since", since, "--json"]) == Exit.OK  # fmt: skip
    assert (json.loads(capsys.readouterr().out)["decisions"] > 0) is decisions


@pytest.mark.parametrize("since", ["yesterday", "30", "0d", "-3d", "30m", "99999w", "2026-13-40", ""])
def test_nonsense_is_answered_in_one_line(config: Path, capsys: pytest.CaptureFixture[str], since: str) -> None:
    """Exit code 2, one line on the standard error, nothing on the other."""
    assert run(config, "--against", str(config.parent / "policy.yaml"), f"--since={since}") == Exit.BAD_INPUT
    screen = capsys.readouterr()
    assert (screen.out, screen.err.count("\n")) == ("", 1)
    assert "30d, 12h or 4w" in screen.err or "is not between" in screen.err


def test_a_policy_that_cannot_be_read_is_answered_in_one_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is checked as any policy is: unknown tools included."""
    bad = config.parent / "bad.yaml"
    bad.write_text(LIVE.replace("send_tutorial", "send_tutorail"), encoding="utf-8")
    assert run(config, "--against", str(bad)) == Exit.BAD_INPUT
    screen = capsys.readouterr()
    assert (screen.out, screen.err.count("\n")) == ("", 1)
    assert "did you mean 'send_tutorial'" in screen.err


def test_altered_evidence_is_named_and_fails(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and the entry by its number."""
    store = Store(f"sqlite:///{config.parent / 'winback.db'}")
    with store.write("test") as session:
        entry = session.exec(select(DecisionEntry).where(col(DecisionEntry.evidence).is_not(None))).first()
        assert entry is not None
        entry.evidence = "{}"
        number = entry.id
    store.close()
    assert run(config, "--against", str(config.parent / "policy.yaml")) == Exit.FAILED
    screen = capsys.readouterr().out
    assert "1 entries whose evidence is not what was logged" in screen
    assert f"entry {number} (" in screen


def test_an_empty_log_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to judge is no error."""
    config = tmp_path / "config.yaml"
    config.write_text("version: 1\nhome: .\n", encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(LIVE, encoding="utf-8")
    assert run(config, "--against", str(tmp_path / "policy.yaml")) == Exit.OK
    assert "No decision in the log" in capsys.readouterr().out
