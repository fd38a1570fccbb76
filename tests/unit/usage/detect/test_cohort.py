"""The prior of a group."""

import numpy as np
import pytest

from winback.usage.detect.cohort import fit_cohort, group_rows


def test_moments_find_the_spread_that_was_put_in() -> None:
    """Rates drawn from Gamma(k0 m, k0) and counts from Poisson give m and k0 back."""
    random = np.random.default_rng(1)
    exposure = random.uniform(5, 25, 40_000)
    rate = random.gamma(1.5 * 4, 1 / 4, 40_000)
    cohort = fit_cohort(np.zeros(40_000, np.int64), random.poisson(rate * exposure), exposure, 1)
    assert cohort.mean[0] == pytest.approx(1.5, rel=0.02)
    assert cohort.weight[0] == pytest.approx(4, rel=0.1)


def test_small_groups_are_compared_with_all() -> None:
    """A group under the least size gets the last row, the row of all."""
    group = np.array([0, 0, 0, 1])
    row = group_rows(group, np.array([True, True, False, True]), 2, min_group=2)
    assert row.tolist() == [0, 0, 0, 2]
