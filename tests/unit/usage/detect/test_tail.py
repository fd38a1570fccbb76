"""Tails of the negative binomial."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.usage.detect.tail import deficit, lower_tail

shapes = st.floats(0.05, 200)
means = st.floats(0.01, 14)


def mass(count: int, shape: float, mean: float) -> float:
    stay = shape / (shape + mean)
    log = math.lgamma(shape + count) - math.lgamma(shape) - math.lgamma(count + 1)
    return math.exp(log + shape * math.log(stay) + count * math.log1p(-stay))


@given(st.integers(0, 14), shapes, means)
def test_agrees_with_the_textbook_sum(seen: int, shape: float, mean: float) -> None:
    """surprise = -ln[P(X < x) + P(X = x) / 2] and share = P(X <= x) of the negative binomial."""
    tail = lower_tail(np.array([seen]), np.array([shape]), np.array([mean]))
    below = sum(mass(count, shape, mean) for count in range(seen))
    here = mass(seen, shape, mean)
    assert math.exp(-tail.surprise[0]) == pytest.approx(below + here / 2, rel=1e-6, abs=1e-12)
    assert tail.share[0] == pytest.approx(min(below + here, 1), rel=1e-6, abs=1e-9)


@given(st.integers(0, 13), shapes, means)
def test_less_is_never_less_surprising(seen: int, shape: float, mean: float) -> None:
    """One active day fewer never lowers the surprise."""
    tail = lower_tail(np.array([seen, seen + 1]), np.array([shape] * 2), np.array([mean] * 2))
    assert tail.surprise[0] >= tail.surprise[1] - 1e-12


@given(st.integers(0, 500), st.floats(0, 500))
def test_many_are_a_surprise_only_below_the_mean(seen: int, mean: float) -> None:
    """A team that did at least what was expected is no surprise at all; one below it is."""
    tail = deficit(np.array([seen]), np.array([mean]), 2.0)
    assert (tail.surprise[0] > 0) == (mean > seen)


def test_nobody_is_fine() -> None:
    """No subjects, no tails, no error."""
    nothing = np.zeros(0)
    assert len(lower_tail(np.zeros(0, np.int64), nothing, nothing).surprise) == 0
