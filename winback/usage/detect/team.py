"""Accounts of more than one seat: how many seat-days, and how the one is who carries the account."""

from dataclasses import dataclass

import numpy as np

from winback.settings import Detection
from winback.usage.detect.channel import SLOW_EVIDENCE, Days, Reading, baseline_end
from winback.usage.detect.cohort import fit_cohort
from winback.usage.detect.evidence import KEPT_SHARE, Evidence, Track
from winback.usage.detect.grid import WORD_DAYS, Bools, Floats, Ints
from winback.usage.detect.tail import Tail, deficit

CHAMPION_SHARE = 0.6
NOBODY = -1


@dataclass(frozen=True)
class Team:
    """In the order of the accounts' evidence. `champion` is a place in the seats' grid, or NOBODY.

    `several` tells the accounts that had more than one seat by that date.
    """

    several: Bools
    seat_days: Reading
    seat_rate: Floats
    champion: Ints
    champion_fast: Reading
    champion_slow: Reading


@dataclass(frozen=True)
class _Sums:
    """Per account: seat-days and exposures of its seats in the baseline and in the window."""

    active: Ints
    exposure: Floats
    seen: Ints
    ahead: Floats


def team_at(accounts: Evidence, seats: Track, total: int, settings: Detection) -> Team:
    """The seats of every eligible account on the evidence's date; `total` counts all accounts."""
    grid, age = seats.grid, accounts.age
    known = np.bincount(grid.parent[grid.first >= age], minlength=total)
    alive = np.flatnonzero(grid.word(age))
    days = Days(
        grid.word(age, alive),
        np.minimum(grid.first[alive] - age + 1, WORD_DAYS),
        seats.population.levels(age, WORD_DAYS),
    )
    sums = _sums(days, grid.parent[alive], total, settings)
    several = known[accounts.rows] > 1
    rate, reading = _seat_days(sums, accounts.rows, several, settings.window_days)
    champion = _champions(days, alive, grid.parent[alive], sums, settings)[accounts.rows]
    own = seats.at(age)
    return Team(
        several=several,
        seat_days=reading,
        seat_rate=rate,
        champion=champion,
        champion_fast=_of_champion(own.fast, own.rows, champion),
        champion_slow=_of_champion(own.slow, own.rows, champion),
    )


def team_came_back(team: Team, accounts: Evidence, seats: Track, total: int, horizon: int) -> Bools:
    """Of the accounts, whose seat-days in the H days after came to half of their own level or more."""
    age, grid = accounts.age, seats.grid
    alive = np.flatnonzero(grid.word(age))
    after = np.bincount(grid.parent[alive], grid.active_days(age - 1, age - horizon, alive), minlength=total)[
        accounts.rows
    ]
    per_seat = seats.population.levels(age - horizon, horizon)[-1].sum()
    size = np.bincount(grid.parent[alive], minlength=total)[accounts.rows]
    came_back: Bools = ~team.several | (after >= KEPT_SHARE * team.seat_rate * size * per_seat)
    return came_back


def _sums(days: Days, parent: Ints, total: int, settings: Detection) -> _Sums:
    window, end = settings.window_days, baseline_end(settings)
    everyone = np.full(len(parent), len(days.levels) - 1)

    def summed(values: Floats | Ints) -> Floats:
        return np.bincount(parent, values, minlength=total).astype(np.float64)

    return _Sums(
        active=summed(days.active(window, end)).astype(np.int64),
        exposure=summed(days.exposure(everyone, window, end)),
        seen=summed(days.active(0, window)).astype(np.int64),
        ahead=summed(days.exposure(everyone, 0, window)),
    )


def _seat_days(sums: _Sums, rows: Ints, several: Bools, window: int) -> tuple[Floats, Reading]:
    active, exposure = sums.active[rows], sums.exposure[rows]
    row = np.zeros(int(several.sum()), np.int64)
    cohort = fit_cohort(row, active[several], exposure[several], 1)
    mean, weight = (cohort.mean[0], cohort.weight[0]) if len(row) else (1.0, 1.0)
    rate = (active + weight * mean) / (exposure + weight)
    expected = rate * sums.ahead[rows]
    seen = sums.seen[rows]
    return rate, Reading(deficit(seen, expected, SLOW_EVIDENCE), expected, seen, window)


def _champions(days: Days, alive: Ints, parent: Ints, sums: _Sums, settings: Detection) -> Ints:
    """Per account the seat with at least 60 % of the seat-days of the baseline, if it was not alone."""
    own = days.active(settings.window_days, baseline_end(settings))
    others = sums.active[parent] - own
    carries = (own >= CHAMPION_SHARE * sums.active[parent]) & (others > 0)
    champion = np.full(len(sums.active), NOBODY)
    champion[parent[carries]] = alive[carries]
    return champion


def _of_champion(reading: Reading, rows: Ints, champion: Ints) -> Reading:
    """The reading of each account's champion; no surprise at all where there is none who is eligible."""
    place = np.searchsorted(rows, champion)
    place = np.minimum(place, max(len(rows) - 1, 0))
    if not len(rows):
        nothing = np.zeros(len(champion))
        return Reading(Tail(nothing, nothing + 1), nothing, nothing.astype(np.int64), reading.days)
    there = rows[place] == champion
    found = reading.only(place)
    return Reading(
        Tail(np.where(there, found.tail.surprise, 0.0), np.where(there, found.tail.share, 1.0)),
        np.where(there, found.expected, 0.0),
        np.where(there, found.seen, 0),
        reading.days,
    )
