"""`winback policy check` says what a policy means, or what is wrong with it."""

import json
from pathlib import Path

import pytest

from winback.cli.app import main
from winback.errors import Exit

ROOT = Path(__file__).parents[3]


def test_check_prints_each_rule_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sound policy exits with 0 and a table: id, kind, mode, and what the rule says."""
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["policy", "check", str(ROOT / "policies" / "demo.yaml")]) == Exit.OK
    screen = capsys.readouterr().out
    assert "contacts per account in the last 7 days: at most 1" in screen
    assert "13 rules, no mistakes." in " ".join(screen.split())


def test_check_without_a_path_reads_the_configured_policy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The settings name the policy; --json prints the same for a program."""
    (tmp_path / "mine.yaml").write_text("version: 1\nrules: [{id: only, kind: consent, mode: shadow}]\n")
    (tmp_path / "config.yaml").write_text("version: 1\npolicies: {path: mine.yaml}\n")
    assert main(["--config", str(tmp_path / "config.yaml"), "policy", "check", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert [(rule["id"], rule["kind"], rule["mode"]) for rule in found["rules"]] == [("only", "consent", "shadow")]
    assert found["source"].endswith("mine.yaml")
    assert len(found["hash"]) == 64


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("{id: a, kind: consent, chanel: email}", "3:26: unknown key 'chanel'"),
        (
            "{id: a, kind: kill_switch, engaged: true, when: {tools: [send_tutorail]}}",
            "unknown tool 'send_tutorail'",
        ),
        ("{id: a, kind: consent, channel: pigeon}", "unknown channel 'pigeon'"),
    ],
)
def test_check_answers_a_mistake_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rule: str, line: str
) -> None:
    """Exit code 2 and one line on the standard error."""
    (tmp_path / "bad.yaml").write_text(f"version: 1\nrules:\n- {rule}\n")
    assert main(["policy", "check", str(tmp_path / "bad.yaml")]) == Exit.BAD_INPUT
    screen = capsys.readouterr()
    assert screen.out == ""
    assert screen.err.count("\n") == 1
    assert f"bad.yaml:{'' if line[0].isdigit() else '3:'}" in screen.err
    assert line in screen.err
