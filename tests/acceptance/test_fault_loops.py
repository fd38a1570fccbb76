"""Workers killed and frozen at random moments: a short form of benchmarks/faults.py."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import clean_environment
from tests.conftest import POSTGRES, lacking

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "faults.py"


def faults(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(PROGRAM), "--json", *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_and_frozen(request: pytest.FixtureRequest, kind: str) -> None:
    """Nothing is sent twice, nothing is done and not sent, on any kind of receiver."""
    if kind == "postgres" and request.getfixturevalue("postgres_url") is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    where = ("--databases", kind, "--postgres", POSTGRES)
    code, found = faults("--kills", "60", "--seconds", "6", "--freezes", "12", *where)
    assert code == 0, found
    if kind == "postgres":
        assert all(name.endswith("_postgres") for name in found)
        found = {name.removesuffix("_postgres"): value for name, value in found.items()}
    assert (found["kills"], found["freezes"]) == (60, 12)
    assert found["effects"] >= 60, "there must have been something to do"
    assert found["interrupted"] > 0, "faults must have fallen between an intent and its outcome"
    assert (found["repeats"], found["done_but_not_sent"], found["lost"], found["left"]) == (0, 0, 0, 0)
    assert found["log_problems"] == 0
    assert found["keyed_to_a_person"] == 0, "whose receiver refuses repeats never needs a person"


def test_a_design_that_calls_and_then_marks_is_found() -> None:
    """The same loops on an engine without an intent: customers get it twice, and the program says so."""
    arguments = (
        "--kills",
        "60",
        "--seconds",
        "6",
        "--freezes",
        "12",
        "--receivers",
        "blind",
        "--databases",
        "sqlite",
    )
    code, found = faults("--engine", "mark_after", "--databases", "sqlite", *arguments)
    assert code == 1
    assert found["repeats"] > 0


def test_a_design_that_asks_without_proof_is_found() -> None:
    """Asked first, sent again though the first worker only slept: it wakes up, and sends too."""
    arguments = ("--kills", "1", "--freezes", "40", "--receivers", "lookup", "--databases", "sqlite")
    code, found = faults("--engine", "ask_first", *arguments)
    assert code == 1
    assert found["repeats"] > 0
