"""What a planted drop does to healthy usage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winback.simulation.plan import LIMIT_DAYS
from winback.simulation.statistics import Cube, Matrix
from winback.simulation.truth import Cause

TRIED_DAYS = 40
TRIED_CHANCE = 0.75
"""How long an account tries a feature it does not understand, and on which share of its active days."""

GOES_ON = 5
"""Days between such a feature's fall and the account's."""

FELL_BY_HALF = 5
FELL_TO = 0.05
"""Half-life in days of the account's fall after that, and where it ends."""

WITHOUT_CHAMPION = 0.5
AT_LIMIT = 0.05
"""What is left of the others' rate when the champion has gone, and of everybody's at a limit."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A drop or dip (`cause` None) in array terms: places of account, contact and feature, day offsets."""

    account: int
    cause: Cause | None
    day: int
    back: int | None = None
    feature: int | None = None
    contact: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Healthy:
    """The company as it would be without any drop. `of` is the account of each contact."""

    cube: Cube
    of: NDArray[np.intp]
    plan: NDArray[np.intp]
    half_life: float

    @property
    def days(self) -> int:
        return int(self.cube.shape[1])


def by_account(cube: Cube, of: NDArray[np.intp]) -> Cube:
    """Sum the contacts' counts: accounts x days x features. `of` is the account of each contact, ascending."""
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    return np.asarray(np.add.reduceat(cube, starts, axis=0))


def kept(plants: Sequence[Plant], healthy: Healthy) -> Matrix:
    """What is left of each contact's rate on each day, 1 where nothing was planted."""
    keep = np.ones(healthy.cube.shape[:2])
    day = np.arange(healthy.days)
    for plant in plants:
        since = day - plant.day
        left = np.where(since >= 0, _left(plant, since, healthy.half_life), 1.0)
        if plant.back is not None:
            left[plant.back :] = 1.0
        rows = healthy.of == plant.account
        keep[rows] = left
        if plant.contact is not None:
            keep[plant.contact] = since < 0
    return keep


def _left(plant: Plant, since: NDArray[np.intp], half_life: float) -> Matrix | float:
    match plant.cause:
        case None | Cause.QUIT:
            return 0.0
        case Cause.FADED:
            fading: Matrix = 0.5 ** (since / half_life)
            return np.where(since < 2 * half_life, fading, 0.0)
        case Cause.CHAMPION_GONE:
            return WITHOUT_CHAMPION
        case Cause.LIMIT_REACHED:
            return AT_LIMIT
        case Cause.FEATURE_NOT_UNDERSTOOD:
            return np.asarray(np.clip(0.5 ** ((since - GOES_ON) / FELL_BY_HALF), FELL_TO, 1.0))


def tried(plants: Sequence[Plant], of: NDArray[np.intp], chance: NDArray[np.float32]) -> None:
    """Write into `chance` (contacts x days x features) how a feature was taken up, then left."""
    for plant in plants:
        if plant.cause is Cause.FEATURE_NOT_UNDERSTOOD:
            rows = np.flatnonzero(of == plant.account)
            chance[rows, :, plant.feature] = 0.0
            chance[rows, plant.day - TRIED_DAYS : plant.day, plant.feature] = TRIED_CHANCE


def fill_limits(plants: Sequence[Plant], of: NDArray[np.intp], cube: Cube) -> None:
    """Raise the limited feature's counts in the 30 days before each such drop until they make the limit,
    for the first time, and take the feature away for the 30 days after (or to the end).
    """
    for plant in plants:
        if plant.cause is Cause.LIMIT_REACHED and plant.feature is not None and plant.limit is not None:
            rows, start = np.flatnonzero(of == plant.account), plant.day - LIMIT_DAYS
            block = cube[rows, start : plant.day, plant.feature]
            raised = _raised(block, plant.limit)
            cube[rows, start : plant.day, plant.feature] = raised
            _make_room(cube, rows, start, plant.feature, np.cumsum(raised.sum(0)[::-1]))
            end = plant.day + LIMIT_DAYS if plant.back is not None else None
            cube[rows, plant.day : end, plant.feature] = 0


def _make_room(
    cube: Cube, rows: NDArray[np.intp], start: int, feature: int, still_to_come: NDArray[np.int64]
) -> None:
    """Drop earlier days' counts that would have reached the limit before its day."""
    spent = 0
    for back, room in enumerate(still_to_come, start=1):
        uses = int(cube[rows, start - back, feature].sum())
        if spent + uses < room:
            spent += uses
        else:
            cube[rows, start - back, feature] = 0


def _raised(block: NDArray[np.int32], limit: int) -> NDArray[np.int32]:
    """`block` in proportion, its sum exactly `limit`, what rounding left on the last day."""
    raised = np.maximum(block * limit // block.sum(), block > 0).astype(np.int32)
    row = int(np.flatnonzero(block[:, -1])[0])
    raised[row, -1] += limit - raised.sum()
    return np.asarray(raised)
