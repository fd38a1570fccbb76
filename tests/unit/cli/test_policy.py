"""`winback policy check` says what a policy means, what is wrong with it, and what cannot have been meant."""

import json
from pathlib import Path

import pytest

from winback.cli.app import main
from winback.errors import Exit

ROOT = Path(__file__).parents[3]
POINTLESS = """\
version: 1
author: Ines
rules:
  - {id: acts, kind: allow_tools, allow: [{tools: [send_tutorial], mode: auto}]}
  - {id: held, kind: holdout, share: 0.1, seed: s}
  - {id: less, kind: holdout, share: 0.05, seed: s}
"""


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["default", "demo"])
def test_check_prints_each_rule_in_words(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A sound policy exits with 0, strict or not, and a table: id, kind, mode, and what the rule says."""
    assert main(["policy", "check", str(ROOT / "policies" / f"{name}.yaml"), "--strict"]) == Exit.OK
    screen = capsys.readouterr().out
    assert "contacts per account in the last" in screen
    assert "rules, no mistakes, no findings." in " ".join(screen.split())


def test_check_without_a_path_reads_the_configured_policy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The settings name the policy; --json prints the same for a program; nothing is made."""
    (tmp_path / "mine.yaml").write_text("version: 1\nrules: [{id: only, kind: consent, mode: shadow}]\n")
    (tmp_path / "config.yaml").write_text("version: 1\npolicies: {path: mine.yaml}\n")
    assert main(["--config", str(tmp_path / "config.yaml"), "policy", "check", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert [(rule["id"], rule["kind"], rule["mode"]) for rule in found["rules"]] == [("only", "consent", "shadow")]
    assert found["source"].endswith("mine.yaml")
    assert len(found["hash"]) == 64
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.yaml", "mine.yaml"]


def test_findings_are_lines_with_their_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """File, line, column, how bad, which rule, why, and what to do; they fail only a strict check."""
    (tmp_path / "p.yaml").write_text(POINTLESS)
    assert main(["policy", "check", "p.yaml"]) == Exit.OK
    screen = capsys.readouterr().out
    assert (
        "p.yaml:6:6: pointless: less: changes nothing, because held holds out all of them (share 0.1); "
        "remove it, or change it to say more than held\n"
    ) in screen
    assert "3 rules, no mistakes, 1 finding. p.yaml, by Ines, hash" in screen
    assert main(["policy", "check", "p.yaml", "--strict"]) == Exit.FAILED
    capsys.readouterr()
    assert main(["policy", "check", "p.yaml", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert found["author"] == "Ines"
    assert found["findings"] == [
        {
            "where": "p.yaml:6:6",
            "severity": "pointless",
            "rule": "less",
            "what": "changes nothing, because held holds out all of them (share 0.1)",
            "fix": "remove it, or change it to say more than held",
        }
    ]


def test_the_values_of_arguments_are_those_of_the_tools(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What no trial lasts, and what every trial costs, are known from the tools and the catalogue."""
    (tmp_path / "p.yaml").write_text(
        "version: 1\nrules:\n  - {id: acts, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: auto, "
        "arguments: {days: {min: 91}}}]}\n  - {id: free, kind: value_limit, single: 0}\n"
    )
    assert main(["policy", "check", "p.yaml"]) == Exit.OK
    screen = capsys.readouterr().out
    assert "days of offer_trial_upgrade is 1 to 90, so this never fits" in screen
    assert "at most 0 may be given at once, so nothing of offer_trial_upgrade that acts lists ever runs" in screen


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


UNHEARD = "the preferences page asks people how often they want to hear from you"
PAGES = "version: 1\nhome: .\npages: {base_url: 'https://hello.example.com'}\npolicies: {path: p.yaml}\n"


@pytest.mark.parametrize(
    ("config", "rule", "finds"),
    [
        (PAGES, "", True),
        (PAGES, "  - {id: wishes, kind: preferences, mode: shadow}\n", True),
        (PAGES, "  - {id: wishes, kind: preferences}\n", False),
        (PAGES.replace("pages:", "feed: {} #"), "", False),
    ],
)
def test_what_people_say_on_the_page_is_used_or_said_not_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str, rule: str, finds: bool
) -> None:
    """Where pages ask how often, and no rule in force looks at it, check and doctor both say so."""
    (tmp_path / "config.yaml").write_text(config)
    allow = "  - {id: acts, kind: allow_tools, allow: [{tools: [send_tutorial], mode: review}]}\n"
    (tmp_path / "p.yaml").write_text("version: 1\nrules:\n" + allow + rule)
    named = ["--config", str(tmp_path / "config.yaml")]
    assert main([*named, "policy", "check", str(tmp_path / "p.yaml"), "--json"]) == Exit.OK
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["rule"], one["severity"]) for one in findings if UNHEARD in one["what"]] == [
        ("acts", "look again")
    ] * finds
    main([*named, "doctor", "--offline", "--json"])
    (policy,) = [one for one in json.loads(capsys.readouterr().out) if one["what"] == "policy"]
    assert (policy["health"], UNHEARD in policy["detail"]) == (("warn", True) if finds else ("ok", False))
