"""`winback policy test` holds the cases beside a policy against it."""

import json
from pathlib import Path

import pytest

from winback.cli.app import main
from winback.errors import Exit

POLICY = """\
version: 1
rules:
  - {id: acts, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}
  - {id: ask, kind: consent}
  - {id: eyes, kind: risk_review}
  - {id: stop, kind: kill_switch, engaged: false}
"""
REFUSED = """\
# A refusal denies.
facts: {contact: {consent: {email/retention: {state: refused}}}}
expect: {decision: deny, rule: ask, code: refused}
"""
WRONG = """\
# Nobody is written to for the first time.
facts: {history: []}
expect: {decision: deny}
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "refused.yaml").write_text(REFUSED)


def test_cases_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and how often each rule decided and spoke; a rule that rests is not asked for."""
    assert main(["policy", "test", "p.yaml"]) == Exit.OK
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "rule decided spoke",
        "acts 0 1",
        "ask 1 1",
        "eyes 0 0",
        "No case makes these speak: eyes",
        "1 of 1 cases as expected, from cases",
    ]


def test_a_case_that_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 1; what was expected, what came, and the sentence of each rule that decided."""
    (tmp_path / "cases" / "wrong.yaml").write_text(WRONG)
    assert main(["policy", "test", "p.yaml"]) == Exit.FAILED
    out = capsys.readouterr().out
    assert out.splitlines()[:3] == [
        "cases/wrong.yaml:3:1: Nobody is written to for the first time.",
        "  expected deny, and it is needs a person (eyes: it would be the first contact ever)",
        "  because eyes asks for review: it would be the first contact ever",
    ]
    assert "1 of 2 cases as expected" in out


def test_the_same_for_a_program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--json: every case with its problems, and the coverage."""
    (tmp_path / "cases" / "wrong.yaml").write_text(WRONG)
    assert main(["policy", "test", "p.yaml", "--json"]) == Exit.FAILED
    found = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["decision"], bool(one["problems"])) for one in found["cases"]] == [
        ("refused", "deny", False),
        ("wrong", "review", True),
    ]
    assert found["coverage"][-1] == {"rule": "eyes", "decided": 1, "spoke": 1}
    assert (found["percent"], found["failing"]) == (100.0, 1)


@pytest.mark.parametrize(("wanted", "code"), [("66", Exit.OK), ("67", Exit.FAILED), ("101", Exit.BAD_INPUT)])
def test_a_least_coverage(capsys: pytest.CaptureFixture[str], wanted: str, code: Exit) -> None:
    """Two of three rules speak."""
    assert main(["policy", "test", "p.yaml", "--min-coverage", wanted]) == code
    assert ("67 % of the rules speak in a case, and 67 % must." in capsys.readouterr().out) == (
        code == Exit.FAILED
    )


def test_cases_from_elsewhere_and_of_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--cases names a folder; a policy folder has its own."""
    (tmp_path / "cases" / "refused.yaml").rename(tmp_path / "elsewhere.yaml")
    assert main(["policy", "test", "p.yaml"]) == Exit.BAD_INPUT
    assert capsys.readouterr().err == (
        "winback: cases: holds no *.yaml file; put a case there, or name another folder with --cases\n"
    )
    whole = tmp_path / "whole"
    (whole / "cases").mkdir(parents=True)
    (tmp_path / "p.yaml").rename(whole / "p.yaml")
    (tmp_path / "elsewhere.yaml").rename(whole / "cases" / "refused.yaml")
    assert main(["policy", "test", "whole"]) == Exit.OK
    assert main(["policy", "test", "whole/p.yaml", "--cases", "whole/cases"]) == Exit.OK


def test_a_mistake_in_a_case_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 2, with the place."""
    (tmp_path / "cases" / "wrong.yaml").write_text(WRONG.replace("history", "histroy"))
    assert main(["policy", "test", "p.yaml"]) == Exit.BAD_INPUT
    screen = capsys.readouterr()
    assert screen.out == ""
    assert screen.err.startswith("winback: cases/wrong.yaml:2:9: unknown key 'histroy'")
    assert screen.err.count("\n") == 1


def test_what_a_case_says_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A sentence of somebody's is shown as text."""
    (tmp_path / "cases" / "wrong.yaml").write_text(WRONG.replace("Nobody", "[red]\u202eNobody"))
    assert main(["policy", "test", "p.yaml"]) == Exit.FAILED
    assert "[red] Nobody is written" in capsys.readouterr().out


def test_the_packaged_policy_and_its_cases(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a path the configured policy is tested, here the packaged one: every rule has its case."""
    assert main(["policy", "test", "--min-coverage", "100"]) == Exit.OK
    assert "cases as expected" in capsys.readouterr().out


@pytest.mark.parametrize("share", ["nan", "-1", "101", "half"])
def test_a_share_of_rules_is_a_number(capsys: pytest.CaptureFixture[str], share: str) -> None:
    """What no coverage can be below is refused, and so is what is no share."""
    assert main(["policy", "test", "p.yaml", "--min-coverage", share]) == Exit.BAD_INPUT
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "--min-coverage" in said.err
