"""How active a group is on a day: the yardstick that has weekdays, holidays and outages inside it."""

import numpy as np

from winback.usage.detect.grid import Floats, Grid, Ints

PRIOR_SUBJECTS = 25
ALIVE_DAYS = 63


class Population:
    """Levels s_g(d) = (active in g on d + 25 * s_all(d)) / (alive in g on d + 25).

    Alive on a day: active on it or on one of the 62 before. A level is therefore settled on the
    evening of its day, and nothing that happens later changes it.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._levels: dict[int, Floats] = {}
        self._active: dict[int, int] = {}

    def levels(self, youngest: int, days: int) -> Floats:
        """Levels of the ages `youngest` to `youngest + days - 1`: a row a group, the last row for all."""
        return np.stack([self._level(age) for age in range(youngest, youngest + days)], axis=1)

    def active(self, age: int) -> int:
        """Subjects active on one day."""
        self._level(age)
        return self._active[age]

    def _level(self, age: int) -> Floats:
        if age not in self._levels:
            self._levels[age] = self._measure(age)
        return self._levels[age]

    def _measure(self, age: int) -> Floats:
        word = self._grid.word(age)
        seen = np.flatnonzero(word << np.uint64(1))  # the youngest 63 days
        alive, active = self._count(seen), self._count(seen[(word[seen] & np.uint64(1)) == 1])
        self._active[age] = int(active.sum())
        everywhere = active.sum() / max(alive.sum(), 1.0)
        level = (active + PRIOR_SUBJECTS * everywhere) / (alive + PRIOR_SUBJECTS)
        return np.append(level, everywhere)

    def _count(self, rows: Ints) -> Floats:
        return np.bincount(self._grid.group[rows], minlength=self._grid.groups).astype(np.float64)
