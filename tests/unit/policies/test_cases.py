"""Policy cases as data: each file in tests/cases is one act and what the policy must say of it."""

from pathlib import Path
from typing import Any

import pytest

from policies.evaluate import evaluate
from policies.plain import facts_to_plain, verdict_to_plain
from tests.unit.policies.samples import counted, facts, packaged, results
from winback.yamlfile import read_yaml

FOLDER = Path(__file__).parents[2] / "cases"
CASES = sorted(FOLDER.glob("*.yaml"))
DECISIONS = {"allowed": "allow", "deferred": "allow", "reviewed": "review", "denied": "deny"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """The packaged policy judges the act as the file expects, by the rule and for the reason it names."""
    case: dict[str, Any] = read_yaml(path).data
    policy = packaged(case["policy"])
    act = counted(policy, facts(**case["facts"]))
    verdict = evaluate(policy, act)
    expected = case["expect"]
    assert verdict.decision.value == expected["decision"] == DECISIONS[path.stem.split("_")[0]]
    assert results(verdict)[expected["rule"]].code == expected["code"]
    moment = verdict_to_plain(verdict)["not_before"]
    assert (moment and moment.replace(".000000", "")) == expected.get("not_before")


def test_cases_are_found() -> None:
    """The folder is where the test looks, and each verdict has cases."""
    assert {path.stem.split("_")[0] for path in CASES} == set(DECISIONS)


def test_the_sound_act_is_allowed_by_both_packaged_policies() -> None:
    """Each case differs in what it says from an act that passes, so it is that difference which decides."""
    for name in ("default", "demo"):
        policy = packaged(name)
        verdict = evaluate(policy, counted(policy, facts()))
        assert verdict.decision.value == "allow", verdict_to_plain(verdict)
        assert facts_to_plain(facts())["agent"]["confidence"] == 0.9
