"""The two kinds of subject, each with its signals on a date and with who of them proved healthy."""

from typing import Protocol

import numpy as np

from winback.settings import Detection
from winback.usage.detect.alarm import Signal
from winback.usage.detect.evidence import Evidence, Track
from winback.usage.detect.grid import Bools, Grid, Ints
from winback.usage.detect.population import Population
from winback.usage.detect.team import NOBODY, Team, team_at, team_came_back
from winback.usage.drop import Channel

DAYS, SEATS, CHAMPION = "days", "seats", "champion"


class Subjects(Protocol):
    """What the alarm asks of a kind of subject; all answers are in the order of `evidence(age).rows`."""

    grid: Grid
    population: Population

    def evidence(self, age: int) -> Evidence: ...

    def signals(self, age: int) -> tuple[Signal, ...]: ...

    def healthy(self, age: int) -> Ints:
        """Places of those who came back within the horizon after the date."""
        ...

    def told(self, age: int, rows: Ints) -> Bools:
        """Which of these rows of the grid are subjects of their own on the date."""
        ...


class Seats:
    """Contacts of accounts that had more than one by the date."""

    def __init__(self, grid: Grid, settings: Detection) -> None:
        self.grid = grid
        self.track = Track(grid, settings)
        self.population = self.track.population

    def evidence(self, age: int) -> Evidence:
        return self.track.at(age)

    def signals(self, age: int) -> tuple[Signal, ...]:
        return _day_signals(self.evidence(age), self.told(age, self.evidence(age).rows))

    def healthy(self, age: int) -> Ints:
        return np.flatnonzero(self.track.healthy_after(age) & self.told(age, self.evidence(age).rows))

    def told(self, age: int, rows: Ints) -> Bools:
        known = self.grid.parent[self.grid.first >= age]
        size = np.bincount(known, minlength=int(self.grid.parent.max(initial=0)) + 1)
        several: Bools = size[self.grid.parent[rows]] > 1
        return several


class Accounts:
    """Accounts by their active days; those with seats also by seat-days and by their champion's days."""

    def __init__(self, grid: Grid, seats: Seats, settings: Detection) -> None:
        self.grid = grid
        self.track = Track(grid, settings)
        self.population = self.track.population
        self._seats = seats
        self._settings = settings
        self._teams: dict[int, Team] = {}

    def evidence(self, age: int) -> Evidence:
        return self.track.at(age)

    def signals(self, age: int) -> tuple[Signal, ...]:
        evidence = self.evidence(age)
        own = _day_signals(evidence, np.ones(len(evidence.rows), bool))
        if not len(self._seats.grid):
            return own
        team = self.team(age)
        led = team.champion != NOBODY
        return (
            *own,
            Signal(SEATS, Channel.FAST, team.seat_days, team.several),
            Signal(CHAMPION, Channel.FAST, team.champion_fast, led),
            Signal(CHAMPION, Channel.SLOW, team.champion_slow, led),
        )

    def healthy(self, age: int) -> Ints:
        kept = self.track.healthy_after(age)
        if len(self._seats.grid):
            horizon = self._settings.horizon_days
            total = len(self.grid)
            kept = kept & team_came_back(self.team(age), self.evidence(age), self._seats.track, total, horizon)
        return np.flatnonzero(kept)

    def told(self, age: int, rows: Ints) -> Bools:  # noqa: ARG002  an account always is
        return np.ones(len(rows), bool)

    def team(self, age: int) -> Team:
        if age not in self._teams:
            self._teams[age] = team_at(self.evidence(age), self._seats.track, len(self.grid), self._settings)
        return self._teams[age]


def _day_signals(evidence: Evidence, present: Bools) -> tuple[Signal, ...]:
    return (
        Signal(DAYS, Channel.FAST, evidence.fast, present),
        Signal(DAYS, Channel.SLOW, evidence.slow, present),
    )
