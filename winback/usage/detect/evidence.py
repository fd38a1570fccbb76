"""What is known of every eligible subject on one date, from that date and before."""

from dataclasses import dataclass

import numpy as np

from winback.settings import Detection
from winback.usage.detect.channel import (
    SLOW_WINDOWS,
    Days,
    Reading,
    fast_channel,
    own_rate,
    silence_ahead,
    slow_channel,
)
from winback.usage.detect.cohort import fit_cohort, group_rows
from winback.usage.detect.grid import WORD_DAYS, Bools, Floats, Grid, Ints, silence
from winback.usage.detect.population import Population

MIN_BASELINE_DAYS = 2
KEPT_SHARE = 0.5


@dataclass(frozen=True)
class Evidence:
    """One date's readings; `rows` are the eligible subjects, everything else is in their order.

    `rate` is the own level in units of the population's: expected active days per unit of exposure.
    """

    age: int
    rows: Ints
    level_row: Ints
    fast: Reading
    slow: Reading
    rate: Floats
    risk: Floats


class Track:
    """One kind of subject (accounts, or seats) through time; every date is worked out once."""

    def __init__(self, grid: Grid, settings: Detection) -> None:
        self.grid = grid
        self.population = Population(grid)
        self._settings = settings
        self._evidence: dict[int, Evidence] = {}
        self._healthy: dict[int, Bools] = {}

    def at(self, age: int) -> Evidence:
        if age not in self._evidence:
            self._evidence[age] = self._measure(age)
        return self._evidence[age]

    def healthy_after(self, age: int) -> Bools:
        """Of the eligible on that date, who came back: at least half of their own level in the H days after.

        An account that does return but to less than half is a drop that was found, not a false alarm.
        """
        if age not in self._healthy:
            self._healthy[age] = self._came_back(age)
        return self._healthy[age]

    def _measure(self, age: int) -> Evidence:
        settings, grid = self._settings, self.grid
        alive = np.flatnonzero(grid.word(age))
        days = Days(grid.word(age, alive), grid.first[alive] - age + 1, self.population.levels(age, WORD_DAYS))
        chosen = _eligible(days, settings)
        row = group_rows(grid.group[alive], chosen, grid.groups, settings.min_group)[chosen]
        days = Days(days.words[chosen], np.minimum(days.span[chosen], WORD_DAYS), days.levels)
        window = settings.window_days
        end = min(window + settings.baseline_days, WORD_DAYS)
        cohort = fit_cohort(row, days.active(window, end), days.exposure(row, window, end), grid.groups + 1)
        shape, rate = own_rate(days, cohort, settings)
        return Evidence(
            age=age,
            rows=alive[chosen],
            level_row=row,
            fast=fast_channel(days, cohort, settings),
            slow=slow_channel(days, cohort, settings),
            rate=shape / rate,
            risk=silence_ahead(days, cohort, settings),
        )

    def _came_back(self, age: int) -> Bools:
        horizon = self._settings.horizon_days
        if age < horizon:
            raise ValueError(f"age {age}: the {horizon} days after it are not over")
        evidence = self.at(age)
        seen = self.grid.active_days(age - 1, age - horizon, evidence.rows)
        exposure = self.population.levels(age - horizon, horizon).sum(axis=1)[evidence.level_row]
        expected = evidence.rate * exposure
        came_back: Bools = seen >= np.maximum(1.0, KEPT_SHARE * expected)
        return came_back


def _eligible(days: Days, settings: Detection) -> Bools:
    """Used on two days of the baseline, known for two windows, seen in the last three."""
    window = settings.window_days
    end = min(window + settings.baseline_days, WORD_DAYS)
    return (
        (days.active(window, end) >= MIN_BASELINE_DAYS)
        & (days.span > SLOW_WINDOWS * window)
        & (silence(days.words) < (SLOW_WINDOWS + 1) * window)
    )
