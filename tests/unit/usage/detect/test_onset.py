"""Since when it fell."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from winback.usage.detect.onset import onset_age


@given(st.integers(1, 40), st.integers(0, 5))
def test_a_daily_user_who_stops_fell_on_the_day_after_the_last(silent: int, seed: int) -> None:
    """Of a user of most days, the first day of silence is the onset, give or take a day off before it."""
    counts = (np.random.default_rng(seed).random(64) < 0.9).astype(float)
    counts[:silent], counts[silent] = 0, 1
    found = onset_age(counts, np.full(64, 0.9), 64)
    assert found == silent - 1


def test_a_day_when_nobody_is_expected_is_not_the_onset() -> None:
    """Days without exposure, such as an outage, neither begin nor lengthen a fall."""
    counts, exposure = np.ones(64), np.ones(64)
    counts[:12], exposure[10:12] = 0, 0
    assert onset_age(counts, exposure, 64) == 9


def test_no_fall_no_onset() -> None:
    """Where nothing fell the onset is the day itself."""
    assert onset_age(np.ones(64), np.ones(64), 64) == 0
