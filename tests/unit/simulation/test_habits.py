"""Drawing days and counts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.simulation.fitted import HABITS
from winback.simulation.habits import counts, draw

CHANCES = st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), keep=st.floats(0, 1), chances=CHANCES)
def test_a_day_has_uses_exactly_when_it_is_active(seed: int, keep: float, chances: list[float]):
    """On an active day something is used, on another nothing is, and no count is below zero."""
    draws = draw(np.random.default_rng(seed), HABITS, 5, 3, 60)
    active = draws.active(keep)
    cube = counts(draws, active, np.tile(np.array(chances, np.float32), (5, 1)))
    assert (cube >= 0).all()
    assert ((cube.sum(2) > 0) == active).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), keep=st.floats(0, 1))
def test_keeping_less_only_takes_days_away(seed: int, keep: float):
    """A drop takes active days away and adds none: it changes rates, never the draws."""
    draws = draw(np.random.default_rng(seed), HABITS, 5, 0, 60)
    assert not (draws.active(keep) & ~draws.active()).any()


def test_an_impossible_feature_is_never_used():
    """A feature with no chance stays unused, even on days when chance picked no other."""
    draws = draw(np.random.default_rng(1), HABITS, 50, 0, 100)
    chance = np.tile(np.array([0.1, 0, 0.1, 0, 0.1, 0], np.float32), (50, 1))
    assert counts(draws, draws.active(), chance)[..., [1, 3, 5]].sum() == 0
