"""What the sample company's product has: features, plans, and how much of a feature a plan allows.

The words and numbers are those of the sample catalogue, tools/catalogue.yaml; a test holds the two together.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from winback.simulation.statistics import Cube, Matrix, Presence

FEATURES = ("dashboards", "reports", "sharing", "exports", "integrations", "automations")
"""From the most used to the least, as `fitted.HABITS.feature_share`."""

PLANS = ("starter", "team", "business")
PRICES = (29, 99, 249)
LIMIT_DAYS = 30
ROOM = 0.8
"""An account is on a plan of whose limits its busiest 30 days fill no more than this."""

_MISSING: Mapping[str, frozenset[str]] = {
    "starter": frozenset({"automations", "integrations"}),
    "team": frozenset({"integrations"}),
    "business": frozenset(),
}
_LIMITS: Mapping[str, Mapping[str, int]] = {
    "starter": MappingProxyType({"exports": 150, "reports": 400}),
    "team": MappingProxyType({"exports": 400, "automations": 200}),
    "business": MappingProxyType({}),
}


def limits() -> Mapping[str, Mapping[str, int]]:
    """Uses in 30 days that each plan allows of each feature; a feature that is absent has no limit."""
    return MappingProxyType(_LIMITS)


def included() -> Presence:
    """Which plan (row) has which feature (column)."""
    return np.array([[feature not in _MISSING[plan] for feature in FEATURES] for plan in PLANS])


def ceilings() -> Matrix:
    """Uses in 30 days by plan and feature: 0 where it is not included, infinity where it is not limited."""
    allowed = [[_LIMITS[plan].get(feature, np.inf) for feature in FEATURES] for plan in PLANS]
    return np.where(included(), np.array(allowed), 0.0)


def used_in_30_days(cube: Cube) -> NDArray[np.int64]:
    """For each account, day and feature, the uses in the 30 days up to and including that day."""
    total = np.cumsum(cube, axis=1, dtype=np.int64)
    total[:, LIMIT_DAYS:] -= total[:, :-LIMIT_DAYS].copy()
    return total


def fitting_plan(cube: Cube) -> NDArray[np.intp]:
    """For each account, the place in `PLANS` of the first plan with room for its busiest 30 days."""
    busiest = used_in_30_days(cube).max(1)
    fits = (busiest[None] <= ROOM * ceilings()[:, None]).all(2)
    return np.asarray(fits.argmax(0))
