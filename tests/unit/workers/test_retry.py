"""When an act that did not go is tried again."""

from datetime import timedelta

import pytest

from tools.channels.channel import NotSent
from winback.store.types import EMAIL, WEBHOOK
from workers.retry import LONGEST, PATIENT_ATTEMPTS, attempts_of, wait_after

BUSY = NotSent("busy", retry=True)


@pytest.mark.parametrize(
    ("attempts", "middle"),
    [
        (0, timedelta(minutes=1)),
        (1, timedelta(minutes=1)),
        (2, timedelta(minutes=2)),
        (9, timedelta(minutes=256)),
        (10, LONGEST),
        (19, LONGEST),
        (5000, LONGEST),
    ],
)
def test_waits_double_and_are_spread_in_proportion(attempts: int, middle: timedelta) -> None:
    """A quarter more or less, at the longest wait too: what failed together does not come back together."""
    waits = [wait_after(attempts, BUSY) for _ in range(400)]
    assert all(middle * 0.75 <= one <= middle * 1.25 for one in waits)
    assert min(waits) < middle * 0.85
    assert max(waits) > middle * 1.15


def test_a_receiver_that_named_a_time_is_not_asked_before_it() -> None:
    """Its time counts where it is longer than ours; what we held back waits just as long as it needs."""
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    assert wait_after(1, NotSent("later", retry=True, after=hour)) == hour
    assert wait_after(1, NotSent("later", retry=True, after=second)) > second
    assert wait_after(9, NotSent("held back", retry=True, after=second, tried=False)) == second


def test_machines_of_the_operators_are_tried_over_a_weekend() -> None:
    """Nearly three days, however the waits fall; others as often as is configured."""
    assert attempts_of(EMAIL, 5) == 5
    assert attempts_of(WEBHOOK, 5) == PATIENT_ATTEMPTS
    whole = sum((wait_after(one, BUSY) for one in range(1, PATIENT_ATTEMPTS)), timedelta())
    assert timedelta(hours=68.5) * 0.75 <= whole <= timedelta(hours=68.5) * 1.25
