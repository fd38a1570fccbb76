"""What is usual among the subjects of a group: the prior that a short past is filled up with."""

from dataclasses import dataclass

import numpy as np

from winback.usage.detect.grid import Bools, Floats, Ints

SPREAD_RANGE = (0.5, 50.0)


@dataclass(frozen=True)
class Cohort:
    """Per subject: the group's mean rate `mean` (m) and the weight of the prior `weight` (k0).

    A subject's rate is Gamma(k0 * m, k0) in its group; `row` is the group's row among the levels,
    the last row where the group is too small to be compared among itself.
    """

    row: Ints
    mean: Floats
    weight: Floats


def group_rows(group: Ints, eligible: Bools, groups: int, min_group: int) -> Ints:
    """Each subject's row of the levels: its group's, or that of all for a small group."""
    size = np.bincount(group[eligible], minlength=groups)
    return np.where(size[group] >= min_group, group, groups)


def fit_cohort(row: Ints, active: Ints, exposure: Floats, rows: int) -> Cohort:
    """By moments: mean = sum B / sum E, and Var(B) = mean * E + E^2 * mean / k0.

    The last row is fitted to all subjects, the others to those of their group.
    """
    mean, weight = np.ones(rows), np.ones(rows)
    for one in np.unique(row):
        members = np.ones(len(row), bool) if one == rows - 1 else row == one
        mean[one], weight[one] = _moments(active[members], exposure[members])
    return Cohort(row=row, mean=mean[row], weight=weight[row])


def _moments(active: Ints, exposure: Floats) -> tuple[float, float]:
    mean = float(active.sum() / max(exposure.sum(), 1e-9))
    beyond_chance = float(((active - mean * exposure) ** 2 - mean * exposure).sum())
    least, most = SPREAD_RANGE
    if beyond_chance <= 0:
        return mean, most
    return mean, float(np.clip(mean * (exposure**2).sum() / beyond_chance, least, most))
