"""What is measured of daily usage, the same way on real people and on the simulated ones.

A cube is an array of counts, people x days x features. Everything is measured on regular people
(at least 10 active days, 56 days or more between the first and the last) from their first active
day to their last, and beside the population: a day on which everybody is low says nothing of anyone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Cube = NDArray[np.int32]
Matrix = NDArray[np.float64]
Presence = NDArray[np.bool_]

LAGS = (1, 3, 7, 28)
SILENCE = 28


@dataclass(frozen=True, slots=True)
class Statistics:
    """Measured of a set of people.

    `share_*`: active days as a share of all days, across people. `weekday`: level from Monday to
    Sunday, mean 1. `persistence`: correlation of a person's active days at the lags of `LAGS`, own
    rate and population removed. `log_count_*`: natural log of the day's total count. `feature_share`:
    active days on which a feature was used, most used first. `halved`: people whose rate, beside the
    population's, fell to under half from the first half of their time to the second, and
    `halved_days` the median half-life of those.
    `quit_per_week`: chance a week of falling silent for good (28 days or more). `fade_first`: quitters
    whose last 28 days before the silence held under half of the 28 before; `fade_half_life`: the
    median half-life of those, in days.
    """

    people: int
    share_mean: float
    share_sd: float
    weekday: tuple[float, ...]
    persistence: tuple[float, ...]
    log_count_mean: float
    log_count_between: float
    log_count_within: float
    feature_share: tuple[float, ...]
    halved: float
    halved_days: float
    quit_per_week: float
    fade_first: float
    fade_half_life: float


@dataclass(frozen=True, slots=True)
class _Lives:
    """Regular people: who was active, who was between first and last day, and what was expected."""

    active: Presence
    alive: Presence
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    expected: Matrix

    @property
    def share(self) -> Matrix:
        return np.asarray(self.active.sum(1) / self.alive.sum(1), dtype=np.float64)


def measure(cube: Cube, first_weekday: int | None = None, features: int = 6) -> Statistics:
    """Measure a cube whose first day is `first_weekday` (Monday is 0).

    Without one, the two quietest days in a row are taken for Saturday and Sunday.

    Raises:
        ValueError: no regular person is in it.
    """
    lives, regular = _lives(cube)
    by_weekday = _weekday_level(lives)
    shift = _monday(by_weekday) if first_weekday is None else -first_weekday % 7
    mean, between, within = _log_counts(cube[regular], lives.active)
    halved, halved_days = _halved(lives)
    quit_per_week, fade_first, half_life = _quitting(lives)
    return Statistics(
        people=int(regular.sum()),
        share_mean=float(lives.share.mean()),
        share_sd=float(lives.share.std()),
        weekday=tuple(float(level) for level in np.roll(by_weekday, -shift)),
        persistence=tuple(_correlation(lives, lag) for lag in LAGS),
        log_count_mean=mean,
        log_count_between=between,
        log_count_within=within,
        feature_share=_feature_share(cube[regular], lives.active, features),
        halved=halved,
        halved_days=halved_days,
        quit_per_week=quit_per_week,
        fade_first=fade_first,
        fade_half_life=half_life,
    )


def _lives(cube: Cube) -> tuple[_Lives, Presence]:
    active = cube.sum(2) > 0
    days = active.shape[1]
    first, last = active.argmax(1), days - 1 - active[:, ::-1].argmax(1)
    regular = (active.sum(1) >= 10) & (last - first + 1 >= 56)
    if not regular.any():
        raise ValueError("no person with 10 active days over 56 days or more")
    active, first, last = active[regular], first[regular], last[regular]
    day = np.arange(days)
    alive = (day >= first[:, None]) & (day <= last[:, None])
    level = active.sum(0) / np.maximum(alive.sum(0), 1)
    share = active.sum(1) / alive.sum(1)
    usual = (alive * level).sum(1) / alive.sum(1)
    expected = np.clip((share / usual)[:, None] * level, 0, 0.98) * alive
    return _Lives(active, alive, first, last, expected), regular


def _weekday_level(lives: _Lives) -> Matrix:
    weekday = np.arange(lives.active.shape[1]) % 7
    active = np.bincount(weekday, lives.active.sum(0))
    level = active / np.bincount(weekday, lives.alive.sum(0))
    return np.asarray(level / level.mean(), dtype=np.float64)


def _monday(level: Matrix) -> int:
    """The day after the quietest two in a row."""
    pairs = level + np.roll(level, -1)
    return (int(pairs.argmin()) + 2) % 7


def _correlation(lives: _Lives, lag: int) -> float:
    residual = (lives.active - lives.expected) * lives.alive
    spread = np.sqrt(lives.expected * (1 - lives.expected))
    pairs = (spread[:, lag:] * spread[:, :-lag]).sum()
    return float((residual[:, lag:] * residual[:, :-lag]).sum() / pairs)


def _log_counts(cube: Cube, active: Presence) -> tuple[float, float, float]:
    """Mean of people's means, spread between people, spread within a person."""
    who, _ = np.nonzero(active)
    logs = np.log(cube.sum(2)[active])
    own = np.bincount(who, logs) / np.bincount(who)
    return float(own.mean()), float(own.std()), float(np.sqrt(((logs - own[who]) ** 2).mean()))


def _feature_share(cube: Cube, active: Presence, features: int) -> tuple[float, ...]:
    used = (cube > 0).sum((0, 1)) / active.sum()
    return tuple(float(share) for share in np.sort(used)[::-1][:features])


def _halved(lives: _Lives) -> tuple[float, float]:
    early = np.arange(lives.active.shape[1]) <= ((lives.first + lives.last) // 2)[:, None]
    ratio = _relative(lives, ~early) / _relative(lives, early)
    fell = ratio < 0.5
    half_life = (lives.alive.sum(1) / 2 * np.log(2))[fell] / -np.log(ratio[fell])
    return float(fell.mean()), float(np.median(half_life)) if fell.any() else float("nan")


def _relative(lives: _Lives, when: Presence) -> Matrix:
    seen, expected = (lives.active * when).sum(1), (lives.expected * when).sum(1)
    return np.asarray((seen + 0.5) / (expected + 0.5), dtype=np.float64)


def _quitting(lives: _Lives) -> tuple[float, float, float]:
    end = lives.active.shape[1] - 1 - SILENCE
    weeks = np.clip(np.minimum(lives.last, end) - lives.first + 1, 0, None).sum() / 7
    quitter = (lives.last < end) & (lives.last - lives.first + 1 >= 2 * SILENCE)
    day = np.arange(lives.active.shape[1])
    late = (day <= lives.last[:, None]) & (day > lives.last[:, None] - SILENCE)
    early = (day <= lives.last[:, None] - SILENCE) & (day > lives.last[:, None] - 2 * SILENCE)
    ratio = (_relative(lives, late) / _relative(lives, early))[quitter]
    faded = ratio[ratio < 0.5]
    half_life = float(np.median(SILENCE * np.log(2) / -np.log(faded))) if faded.size else float("nan")
    first_share = float(faded.size / ratio.size) if ratio.size else 0.0
    return float((lives.last < end).sum() / weeks), first_share, half_life
