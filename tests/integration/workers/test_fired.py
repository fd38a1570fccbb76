"""Which rules never decided anything is read from the decision log, which is only read."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.load import PACKAGED, load_policy
from policies.policy import Policy, policy_text
from tests.unit.policies.samples import ALLOW_ALL, rule
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.cli.app import main
from winback.cli.policy_fired import never_fired
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import Exit
from winback.settings import Settings
from winback.store.bookkeeping import PolicyVersion
from winback.store.store import Store
from workers.hindsight.fired import Fired, fired
from workers.known_names import known_names

START = datetime(2026, 5, 1, tzinfo=UTC)
CAP = rule("frequency_cap", scope="account", max=2, window={"kind": "rolling", "days": 7})
EYES = rule("risk_review")
HELD = rule("holdout", share=0.1, seed="s")
WAIT = rule("expires", hours=24)
STOP = rule("kill_switch", engaged=False)
POLICY = Policy.of([ALLOW_ALL, CAP, EYES, HELD, WAIT, STOP])


def comes_into_force(store: Store, policy: Policy, at: datetime, role: str = "live") -> None:
    with store.write("test") as session:
        session.add(
            PolicyVersion(
                role=role, hash=policy.hash, rules=policy_text(policy), author="Ines", source="p.yaml", at=at
            )
        )


def decided(store: Store, at: datetime, *spoke: str, waits: str = "", times: int = 1) -> None:
    """So many entries, in each of which these rules decided, and one let it wait."""
    results: list[list[Any]] = [[one, "k", "enforce", "deny", "c", [], []] for one in spoke]
    results += [["risk-review", "k", "enforce", None, "c", [], []]]
    results += [[waits, "k", "enforce", None, "closed", [], [], "2026-05-02T00:00:00Z"]] if waits else []
    verdict = {"decision": "deny", "policy_hash": POLICY.hash, "people": 0, "results": results}
    with store.write("test") as session:
        for number in range(times):
            evidence = json.dumps({"facts": {}, "verdict": verdict, "n": number}).encode()
            append(session, EntryKind.DENIED, at, {"number": number}, evidence=evidence)


def found(store: Store, policy: Policy = POLICY) -> dict[str, Fired]:
    with store.read() as session:
        return fired(session, policy)


def test_each_decision_and_deferral_counts(store: Store) -> None:
    """A word that decides nothing is none; a page is not the end of the log."""
    comes_into_force(store, POLICY, START)
    decided(store, START, "frequency-cap", times=1200)
    decided(store, START + timedelta(hours=1), waits="expires")
    times = {name: (one.looked_at, one.times) for name, one in found(store).items()}
    assert times == {
        "allow-tools": (1201, 0),
        "frequency-cap": (1201, 1200),
        "risk-review": (1201, 0),
        "holdout": (1201, 0),
        "expires": (1201, 1),
        "kill-switch": (1201, 0),
    }


def test_a_rule_counts_from_when_it_began_to_say_this(store: Store) -> None:
    """A policy that changed elsewhere leaves a rule's time alone; one that went and came back starts anew."""
    other = Policy.of([ALLOW_ALL, CAP.model_copy(update={"max": 9}), EYES])
    comes_into_force(store, POLICY, START)
    comes_into_force(store, other, START + timedelta(days=1))
    comes_into_force(store, POLICY, START + timedelta(days=2))
    comes_into_force(store, other, START + timedelta(days=9), role="shadow")
    since = {name: one.since for name, one in found(store).items()}
    assert since["allow-tools"] == since["risk-review"] == START
    assert since["frequency-cap"] == since["holdout"] == START + timedelta(days=2)
    decided(store, START + timedelta(days=1), "frequency-cap", "risk-review")
    times = {name: (one.looked_at, one.times) for name, one in found(store).items()}
    assert times["risk-review"] == (1, 1)
    assert times["frequency-cap"] == (0, 0)


def test_a_policy_that_is_not_in_force_has_no_past(store: Store) -> None:
    """Nothing is known of what it would have decided."""
    assert found(store) == {}
    comes_into_force(store, POLICY, START)
    assert found(store, Policy.of([ALLOW_ALL])) == {}


def test_decisions_without_a_verdict_count_for_their_kind(store: Store) -> None:
    """Who is held out, and what waited too long, is decided before an act is held against the policy."""
    comes_into_force(store, POLICY, START)
    with store.write("test") as session:
        append(session, EntryKind.HELD_OUT, START, {})
        append(session, EntryKind.EXPIRED, START, {})
        append(session, EntryKind.CLOSED, START, {})
    times = {name: (one.looked_at, one.times) for name, one in found(store).items()}
    assert times["holdout"] == times["expires"] == (2, 1)
    assert times["frequency-cap"] == (2, 0)


@pytest.mark.parametrize("evidence", [b"{}", b'{"verdict": 3}', b'{"verdict": {"results": [[1]]}}', b"[]"])
def test_evidence_that_is_none_is_passed_over(store: Store, evidence: bytes) -> None:
    """What somebody tampered with is for `winback log verify`."""
    comes_into_force(store, POLICY, START)
    with store.write("test") as session:
        append(session, EntryKind.DENIED, START, {}, evidence=evidence)
    assert {one.looked_at for one in found(store).values()} == {0}


def test_rules_that_never_fired_are_findings(store: Store) -> None:
    """From a hundred decisions on, and not for a switch that is off."""
    settings = Settings(database={"url": store.url.render_as_string(hide_password=False)})  # type: ignore[arg-type]
    comes_into_force(store, POLICY, START)
    decided(store, START, "frequency-cap", times=99)
    findings, said = never_fired(settings, POLICY)
    assert findings == []
    assert said == (
        "never fired: looked at 99 decisions in the log; 6 of 6 rules have fewer than 100 decisions to look at"
    )
    decided(store, START, "allow-tools")
    findings, said = never_fired(settings, POLICY)
    assert [one.rule for one in findings] == ["expires", "holdout", "risk-review"]
    assert findings[0].what == "decided none of 100 decisions since it came into force on 2026-05-01"
    assert said == "never fired: looked at 100 decisions in the log"


def test_a_database_is_neither_made_nor_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Checking a policy works on a fresh checkout, and changes nothing on an old machine."""
    monkeypatch.chdir(tmp_path)
    assert main(["policy", "check", "-v"]) == Exit.OK
    assert capsys.readouterr().out.endswith("never fired: there is no decision log yet\n")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "winback.db").touch()
    assert main(["policy", "check", "-v"]) == Exit.OK
    assert "never fired: not looked at, " in capsys.readouterr().out
    assert main(["policy", "check"]) == Exit.OK
    assert "never fired" not in capsys.readouterr().out


def test_the_configured_policy_is_looked_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`policy check` without a path asks the log, with the place of the rule; with a path it does not."""
    monkeypatch.chdir(tmp_path)
    url = store.url.render_as_string(hide_password=False)
    (tmp_path / "config.yaml").write_text(f"version: 1\ndatabase: {{url: '{url}'}}\n")
    policy = load_policy(PACKAGED, known_names(default_registry(), load_catalogue(None)))
    comes_into_force(store, policy, START)
    decided(store, START, "helpful-acts", times=100)
    assert main(["policy", "check"]) == Exit.OK
    lines = [one for one in capsys.readouterr().out.splitlines() if "never fired" in one]
    assert len(lines) == 1
    assert "rules decided none of 100 decisions" in lines[0]
    assert "cap-account (default.yaml:52)" in lines[0]
    assert main(["policy", "check", "--json"]) == Exit.OK
    silent = {one["rule"]: one["where"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert "cap-account" in silent
    assert silent["cap-account"].startswith(f"{PACKAGED}:")
    assert not {"helpful-acts", "stop"} & silent.keys()
    assert main(["policy", "check", str(PACKAGED), "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["findings"] == []
