"""Failpoints: off by default, armed by name and passage, closed as a set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from winback import failpoint
from winback.errors import SetupError
from winback.failpoint import POINTS, TRANSACTIONS, VARIABLE, arm, arm_from, hear, reach
from winback.testing import forked

ROOT = Path(__file__).parents[2]
# A child here does nothing that a thread of its parent's could have left locked.
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def pass_three_times() -> None:
    for _ in range(3):
        reach("claim", "before_commit")
        reach("claim", "after_commit")


def test_a_point_that_is_off_does_nothing() -> None:
    """No variable, no death."""
    arm_from({})
    pass_three_times()


def test_a_point_is_heard() -> None:
    """Who listens hears every passage, in order."""
    heard: list[str] = []
    hear(heard.append)
    pass_three_times()
    arm("")
    pass_three_times()
    assert heard == ["claim.before_commit", "claim.after_commit"] * 3


@pytest.mark.parametrize(("passage", "code"), [("", -9), (":3", -9), (":4", 0)])
def test_the_process_dies_at_the_passage_that_is_named(passage: str, code: int) -> None:
    """By SIGKILL, and it says where; a passage that never comes kills nobody."""
    program = (
        "import os; from winback.failpoint import arm_from, reach; arm_from(os.environ)\n"
        "for _ in range(3): print('x', flush=True); reach('claim', 'after_commit')"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, VARIABLE: f"claim.after_commit{passage}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stdout.count("x") == (3 if passage else 1)
    assert done.stderr == ("failpoint claim.after_commit\n" if code else "")


@pytest.mark.parametrize("value", ["claim", "nowhere.after", "send.after:0", "send.after:", ":1", "send.after:x"])
def test_what_is_no_point_is_refused(value: str) -> None:
    """A misspelt point would prove nothing."""
    with pytest.raises(SetupError, match="is no failpoint"):
        arm(value)


def test_the_command_line_refuses_it_in_one_line() -> None:
    """As any other mistake of the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "winback", "doctor"],
        cwd=ROOT,
        env={**os.environ, VARIABLE: "nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    said = f"winback: {VARIABLE}: 'nowhere' is no failpoint; unset it, or see winback/failpoint.py\n"
    assert done.stderr == said


def test_every_transaction_has_both_points() -> None:
    """Before its commit and after it."""
    assert {f"{one}.{side}" for one in TRANSACTIONS for side in ("before_commit", "after_commit")} <= POINTS


@FORKS
def test_a_child_says_how_it_ended() -> None:
    """A death at a point, a mistake and a good end are told apart."""

    def dies() -> None:
        failpoint.arm("send.after")
        reach("send", "after")

    def errs() -> None:
        raise ValueError("no")

    assert forked.run(dies).died_at == "send.after"
    ended = forked.run(errs)
    assert (ended.signal, ended.code, ended.died_at) == (0, 1, None)
    assert "ValueError: no" in ended.said
    assert forked.run(lambda: None).code == 0
