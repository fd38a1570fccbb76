"""Choosing where drops are planted."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.simulation.plan import FEATURES, PLANS
from winback.simulation.planted import Healthy
from winback.simulation.selection import CAUSE_SHARES, causes_of, choose, regular
from winback.simulation.truth import Cause


def everybody(plan: str, accounts: int = 60, every: int = 2) -> Healthy:
    """Accounts of one contact who uses everything once on every second day."""
    cube = np.zeros((accounts, 200, len(FEATURES)), np.int32)
    cube[:, ::every] = 1
    return Healthy(cube, np.arange(accounts), np.full(accounts, PLANS.index(plan)), half_life=20)


def planted(healthy: Healthy, *causes: Cause) -> list[Cause | None]:
    return [plant.cause for plant in choose(np.random.default_rng(1), healthy, causes)]


def test_only_features_of_the_plan_are_tried():
    """An account cannot fail to understand a feature it does not have."""
    wanted = (Cause.FEATURE_NOT_UNDERSTOOD,) * 10
    assert Cause.FEATURE_NOT_UNDERSTOOD not in planted(everybody("starter"), *wanted)
    assert planted(everybody("business"), *wanted).count(Cause.FEATURE_NOT_UNDERSTOOD) == 10


def test_nobody_alone_loses_a_champion():
    """An account of one contact has nobody left to go on; that drop is not planted there."""
    assert planted(everybody("team"), Cause.CHAMPION_GONE, Cause.QUIT).count(Cause.QUIT) == 1
    assert Cause.CHAMPION_GONE not in planted(everybody("team"), Cause.CHAMPION_GONE)


def test_without_a_limit_none_is_reached():
    """A plan without limits is never the reason for a drop."""
    assert Cause.LIMIT_REACHED not in planted(everybody("business"), Cause.LIMIT_REACHED)


@pytest.mark.parametrize(("every", "fit"), [(1, True), (3, True), (4, False), (14, False)])
def test_drops_need_regular_use(every: int, fit: bool):
    """An account active on fewer than two days a week is too quiet for a drop to be told from chance."""
    assert regular(everybody("team", every=every).cube, 150).all() == fit
    assert bool(planted(everybody("team", every=every), Cause.QUIT)) == fit


@given(total=st.integers(5, 400), fade=st.floats(0.05, 0.4))
def test_causes_come_in_their_shares(total: int, fade: float):
    """Every cause occurs, and none is further than one and a bit from its share where there is room."""
    counted = Counter(causes_of(total, fade))
    assert sum(counted.values()) == total
    assert set(counted) == set(Cause)
    if total >= 40:
        assert abs(counted[Cause.FADED] - fade * total) <= 1.5
        assert all(
            abs(counted[cause] - share * (1 - fade) * total) <= 1.5 for cause, share in CAUSE_SHARES.items()
        )
