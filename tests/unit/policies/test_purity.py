"""Judging imports the standard library, pydantic, `holidays` and the CEL package, and nothing else."""

import json
import subprocess
import sys
from importlib.metadata import distribution, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from policies.policy import policy_text
from tests.unit.policies.samples import packaged
from winback.canonical import content_hash

ROOT = Path(__file__).parents[3]
MAY = ("pydantic", "holidays", "common-expression-language")
IMPORTING = """
import sys
before = set(sys.modules)  # what an interpreter starts with, an editable install's hooks included
import policies.evaluate, policies.rules
print("\\n".join(sorted(set(sys.modules) - before)))
"""
JUDGING = """
import sys
before = set(sys.modules)
from datetime import datetime, timezone
from pydantic import TypeAdapter
import policies.evaluate, policies.rules
from policies.facts import AccountFacts, ActionFacts, AgentFacts, ContactFacts, DropFacts, Facts
from policies.policy import Policy
rules = TypeAdapter(tuple[policies.rules.AnyRule, ...]).validate_python([
    {"id": "days", "kind": "working_days", "days": ["mon"], "public_holidays": "DE"},
    {"id": "expr", "kind": "expr", "expression": "account.id > 0", "then": "deny", "reason": "r"},
])
facts = Facts(
    now=datetime(2026, 3, 4, tzinfo=timezone.utc), moment="propose", action=ActionFacts("t", "email"),
    drop=DropFacts("all_quiet", None, 1.0, 0.5), account=AccountFacts(1, zone="UTC"),
    contact=ContactFacts(1, "en"), agent=AgentFacts("model", "m"),
)
verdict = policies.evaluate.evaluate(Policy.of(rules), facts)
assert "error" not in {one.code for one in verdict.results}, verdict.results
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def with_what_they_need(names: tuple[str, ...]) -> set[str]:
    """Distributions, and those that they are installed with, extras left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = distribution(waiting.pop()).metadata["Name"].lower()
        if name in found:
            continue
        found.add(name)
        needed = [Requirement(line) for line in requires(name) or ()]
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter loads for some code."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("code", [IMPORTING, JUDGING], ids=["imported", "at work"])
def test_evaluation_loads_only_what_it_may(code: str) -> None:
    """In a fresh process, whatever is loaded is Python's own, of the allowed packages, or spelling."""
    found = loaded(code)
    allowed, of = with_what_they_need(MAY), packages_distributions()
    assert "policies.evaluate" in found
    foreign = set()
    for name in found:
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top.startswith("_sysconfigdata_"):
            continue
        if top == "policies" or name in ("winback", "winback.spelling"):
            continue
        if not allowed & {one.lower() for one in of.get(top, ())}:
            foreign.add(name)
    assert foreign == set()


@pytest.mark.parametrize("name", ["default", "demo"])
def test_the_hash_of_a_policy_is_that_of_its_canonical_json(name: str) -> None:
    """Policies write it themselves, as the decision log would."""
    policy = packaged(name)
    assert policy.hash == content_hash(json.loads(policy_text(policy)))
