"""`winback policy explain` tells why a case was decided as it was."""

import json
from pathlib import Path

import pytest
from sqlmodel import col, select

from policies.rules.holdout import draws_of
from tests.unit.cli.lived import STRICTER, lived
from winback.cli.app import main
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import Exit
from winback.store.models import Case, DecisionEntry
from winback.store.store import Store
from winback.store.types import CaseState
from winback.testing.world import NOON


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return lived(tmp_path, shadow=STRICTER)


def run(config: Path, *arguments: str) -> int:
    return main(["--config", str(config), "policy", "explain", *arguments])


def cases_of(config: Path, kind: str) -> list[int]:
    store = Store(f"sqlite:///{config.parent / 'winback.db'}")
    with store.read() as session:
        query = select(DecisionEntry.case_id).where(DecisionEntry.kind == kind).order_by(col(DecisionEntry.id))
        found = [one or 0 for one in session.exec(query).all()]
    store.close()
    return found


def test_the_latest_decision_is_told_as_a_person_would(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tool, offer and account, the verdict, the rules that decided first, whose policy, and what holds now."""
    case = cases_of(config, "intent")[0]
    assert run(config, str(case)) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Case {case}: Acme [b]{case} [31m"
    assert lines[2].endswith(", intent")
    assert lines[3].startswith("send_tutorial offering ")
    assert lines[3].endswith(", chosen by scripted, at the moment of acting")
    assert lines[4] == "allowed (tools: send_tutorial may do this by itself)."
    assert lines[5] == "  > tools allows: send_tutorial may do this by itself"
    assert lines[6] == "  These had nothing to say:"
    assert "    held: the account is not held out" in lines
    assert "The shadow policy: denied (stop: stopped: an audit)." in lines
    assert lines[-2] == "The same policy is in force and says the same of the same facts."
    assert lines[-1].endswith("in force since 2026-05-12 10:00 UTC, by Ines.")
    assert not any("@example.com" in line or "\x1b" in line for line in lines)


def test_every_decision_of_a_case(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--all tells each judged entry, the oldest first."""
    case = cases_of(config, "intent")[0]
    assert run(config, str(case), "--all") == Exit.OK
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Entry ")]
    assert [head.rpartition(", ")[2] for head in heads] == ["allowed", "intent"]


def test_what_the_policy_in_force_now_would_say(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same facts under a policy that was changed since."""
    (config.parent / "policy.yaml").write_text(STRICTER, encoding="utf-8")
    assert run(config, str(cases_of(config, "intent")[0])) == Exit.OK
    assert "would say of the same facts: denied (stop: stopped: an audit)." in capsys.readouterr().out


def test_a_held_out_account(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Watched, never contacted: with where it was drawn."""
    case = cases_of(config, "held_out")[0]
    assert run(config, str(case)) == Exit.OK
    drawn = draws_of(("seven",), f"acme-{case}")["seven"]
    assert f"It was drawn {drawn:g} for the seed seven." in capsys.readouterr().out


def test_the_choice_to_do_nothing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told with its reason and with what could have been offered."""
    store = Store(f"sqlite:///{config.parent / 'winback.db'}")
    with store.write("test") as session:
        case = session.exec(select(Case.id).order_by(col(Case.id))).first() or 0
        body = {"why": "contacted_enough", "policy": "0" * 64, "run": {}, "offered": ["tour", "tour", "checkin"]}
        advance(session, case, EntryKind.NOTHING_CHOSEN, NOON, body, allowed=tuple(CaseState))
    store.close()
    assert run(config, str(case)) == Exit.OK
    said = capsys.readouterr().out
    assert "nothing chosen" in said
    assert "The agent chose to do nothing (contacted enough); it could have offered tour, checkin." in said
    assert f"Policy {'0' * 12}." in said


def test_options_of_which_none_was_allowed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each option with the rules that spoke."""
    case = cases_of(config, "nothing_allowed")[-1]
    assert run(config, str(case)) == Exit.OK
    screen = capsys.readouterr().out
    assert "Nothing was allowed: all " in screen
    assert "Option 1: send_tutorial offering " in screen
    assert "Option 2: " in screen
    assert "  > built_in.default denies: " in screen


def test_json_for_a_program(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule with what it saw, whether it decided, and what is said now."""
    case = cases_of(config, "intent")[0]
    assert run(config, str(case), "--json") == Exit.OK
    found = json.loads(capsys.readouterr().out)
    (entry,) = found["entries"]
    (judged,) = entry["judged"]
    assert (judged["tool"], judged["decision"], judged["shadow"]["decision"]) == ("send_tutorial", "allow", "deny")
    assert [one["rule"] for one in judged["rules"] if one["deciding"]] == ["tools"]
    assert judged["now"]["differs"] == []
    assert entry["policy"]["author"] == "Ines"


def test_a_case_file_is_judged_by_the_configured_policy(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing needs to have happened."""
    case = config.parent / "case.yaml"
    case.write_text("# A call is not listed.\nfacts:\n  action: {tool: book_call}\nexpect: {decision: deny}\n")
    assert run(config, str(case)) == Exit.OK
    screen = capsys.readouterr().out
    assert "denied (built_in.default: no rule allows this, and what no rule allows is denied)." in screen
    assert run(config, str(case), "--json") == Exit.OK
    assert json.loads(capsys.readouterr().out)["decision"] == "deny"


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("4711", "there is no case 4711"),
        ("0", "there is no case 0"),
        ("99999999999", "there is no case"),
        ("nowhere.yaml", "nowhere.yaml"),
    ],
)
def test_what_is_not_there_is_answered_in_one_line(
    config: Path, capsys: pytest.CaptureFixture[str], case: str, line: str
) -> None:
    """Exit code 2 and one line."""
    assert run(config, case) == Exit.BAD_INPUT
    screen = capsys.readouterr()
    assert (screen.out, screen.err.count("\n")) == ("", 1)
    assert line in screen.err


def test_an_altered_entry_is_not_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not what was logged is said in one line: nobody should act on it."""
    case = cases_of(config, "intent")[0]
    store = Store(f"sqlite:///{config.parent / 'winback.db'}")
    with store.write("test") as session:
        entry = session.exec(
            select(DecisionEntry).where(DecisionEntry.case_id == case, DecisionEntry.kind == "intent")
        ).one()
        entry.evidence = (entry.evidence or "").replace("acme", "evil").replace("false", "true", 1)
    store.close()
    assert run(config, str(case)) == Exit.FAILED
    assert "its evidence is not what was logged" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "2147483648", "9" * 5000])
def test_a_number_no_case_can_have(config: Path, capsys: pytest.CaptureFixture[str], number: str) -> None:
    """One short line, however long the number."""
    assert run(config, number) == Exit.BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith(f"winback: there is no case {number[:20]}")
    assert said.count("\n") == 1
    assert len(said) < 100
