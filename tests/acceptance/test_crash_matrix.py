"""kill -9 at every point on the way of an effect, then a restart: the receiver's own memory judges."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance.conftest import clean_environment
from tests.acceptance.crash.scenario import APART
from tests.conftest import lacking
from winback.failpoint import POINTS, TRANSACTIONS

ROOT = Path(__file__).parents[2]
# The libraries of numbers start no threads: the process forks.
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

AT_THE_RECEIVER = {one for one in POINTS if one.startswith(("claim.", "send.", "done.", "not_sent."))}


@cache
def needed() -> frozenset[str]:
    """All points but those of transactions that are not on the way of an effect, and of migrations."""
    return frozenset(one for one in POINTS if one.partition(".")[0] not in {*APART, "migrate"})


def test_what_is_set_apart_exists() -> None:
    """A reason for a transaction that is gone would hide a new one of its name."""
    assert APART.keys() <= set(TRANSACTIONS)
    assert all(APART.values())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_crash_anywhere(request: pytest.FixtureRequest, kind: str) -> None:
    """Nothing is sent twice, nothing is done and not sent, what nobody knows stands before a person."""
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else "sqlite"
    if url is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.acceptance.crash.matrix", url],
        cwd=ROOT,
        env={**clean_environment(), **ALONE},
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {capability: one["wrong"] for capability, one in found.items() if one["wrong"]} == {}
    assert found.keys() == {"keyed", "lookup", "blind"}
    # Acts are taken together only where repeats are refused, and come before a person only where they are not.
    assert {point for one in found.values() for point in one["died_at"]} == needed()
    for one in found.values():
        assert set(one["died_at"]) >= AT_THE_RECEIVER
        assert one["cells"] > len(AT_THE_RECEIVER)
