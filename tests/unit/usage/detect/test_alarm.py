"""Budget, ranks and thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.usage.detect.alarm import Past, Signal, borrowed, calibrate, judge, usual_level
from winback.usage.detect.channel import Reading
from winback.usage.detect.tail import Tail
from winback.usage.drop import Channel


def signal(channel: Channel, surprise: np.ndarray, lost: float = 3.0) -> Signal:
    size = len(surprise)
    reading = Reading(Tail(surprise, np.exp(-surprise)), np.full(size, lost), np.zeros(size, np.int64), 7)
    return Signal("days", channel, reading, np.ones(size, bool))


def past(seed: int, size: int, scale: float = 1.0) -> Past:
    random = np.random.default_rng(seed)
    signals = tuple(signal(channel, random.exponential(scale, size)) for channel in Channel)
    return Past(signals, np.arange(size))


@given(st.integers(0, 10_000), st.floats(0.3, 20), st.floats(0.2, 5))
def test_of_the_past_itself_no_more_than_the_budget_passes(seed: int, budget: float, scale: float) -> None:
    """Whatever the shape of the scores, at most `budget` of 100 healthy user-weeks of the past would alarm."""
    dates = [past(seed, 700, scale), past(seed + 1, 600, scale)]
    threshold = calibrate(dates, 2, budget, 2.0)
    alarms = [judge(one.signals, threshold.ranks, threshold.value, budget, 2.0).alarm.sum() for one in dates]
    assert threshold.from_past == (1300 * budget / 100 >= 3)
    if threshold.from_past:
        assert sum(alarms) <= 1300 * budget / 100
        assert sum(alarms) >= 1300 * budget / 100 - 2


def test_too_little_past_borrows_and_says_so() -> None:
    """With under three alarms' worth of past, ranks are borrowed, and the source tells how little there was."""
    threshold = calibrate([past(1, 150)], 2, 1.0, 2.0)
    assert not threshold.from_past
    assert threshold.value == borrowed(1.0)
    assert threshold.ranks == (None, None)
    assert "150 healthy user-weeks" in threshold.source


def test_less_than_the_least_loss_is_no_alarm() -> None:
    """However surprising, a loss under the least number of active days never alarms."""
    found = judge((signal(Channel.FAST, np.array([900.0]), lost=1.9),), (None,), 5.0, 1.0, 2.0)
    assert not found.alarm.any()
    assert judge((signal(Channel.FAST, np.array([900.0]), lost=2.0),), (None,), 5.0, 1.0, 2.0).alarm.all()


def test_the_stronger_channel_gives_its_name() -> None:
    """The winner is the signal with the higher level after the fast channel's handicap."""
    signals = (signal(Channel.FAST, np.array([9.0, 9.0])), signal(Channel.SLOW, np.array([8.0, 1.0])))
    found = judge(signals, (None, None), 5.0, 1.0, 2.0)
    assert [signals[place].channel for place in found.winner] == [Channel.SLOW, Channel.FAST]


@pytest.mark.parametrize(("small", "large"), [(0.5, 1.0), (1.0, 5.0)])
def test_a_larger_budget_alarms_sooner(small: float, large: float) -> None:
    """The borrowed threshold falls as the budget grows."""
    assert borrowed(large) < borrowed(small)


@given(st.floats(0, 50), st.floats(0, 50))
def test_borrowed_levels_rise_with_the_surprise(one: float, other: float) -> None:
    """More surprise never lowers the level, within the borrowed table and beyond it."""
    for channel in Channel:
        low, high = usual_level(np.array(sorted((one, other))), channel)
        assert low <= high
