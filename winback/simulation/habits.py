"""The model of how people use a product day by day: what its numbers are, and drawing people from it.

A person's rate is a beta variable. Whether a day is active is a threshold on a standard normal
variable made of four parts, so that active days clump as real ones do: a level that drifts over
weeks, a mood that lasts days, a habit for each weekday, and chance. A count is lognormal, and split
among the features used that day.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from winback.simulation.statistics import Cube, Matrix, Presence

_GRID = np.linspace(-6, 6, 4001)
_NORMAL = np.array([NormalDist().cdf(float(z)) for z in _GRID])
MOST = 0.98


@dataclass(frozen=True, slots=True)
class Habits:
    """Parameters, fitted so that drawn people measure like real ones (`fitted.HABITS`).

    `slow`, `mood` and `weekday_habit` are parts of the variance, the rest of 1 is chance; `slow_days`
    and `mood_days` how long the first two last; `fading` the share of people whose rate fades from
    the first day on and `fading_days` its half-life; `weekday` starts on Monday, mean 1.
    """

    share_mean: float
    share_sd: float
    weekday: tuple[float, ...]
    slow: float
    slow_days: float
    mood: float
    mood_days: float
    weekday_habit: float
    fading: float
    fading_days: float
    log_count_mean: float
    log_count_between: float
    log_count_within: float
    feature_share: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Draws:
    """Everything chance decides, drawn once: a planted drop changes rates and never the draws.

    People x days: `rate` (chance of an active day), `luck` (active where luck < rate), `total` (log of
    the day's count). People x days x features: `taste` (used where taste < chance), `part`.
    """

    rate: Matrix
    luck: Matrix
    total: Matrix
    taste: NDArray[np.float32]
    part: NDArray[np.float32]

    def active(self, keep: Matrix | float = 1.0) -> Presence:
        return np.asarray(self.luck < self.rate * keep)


def draw(rng: np.random.Generator, habits: Habits, people: int, first_weekday: int, days: int) -> Draws:
    """Draw `people` for `days`, the first of which is `first_weekday` (Monday is 0)."""
    features = len(habits.feature_share)
    between = rng.normal(habits.log_count_mean, habits.log_count_between, (people, 1))
    return Draws(
        rate=_rates(rng, habits, people, first_weekday, days),
        luck=_luck(rng, habits, people, first_weekday, days),
        total=between + rng.normal(0, habits.log_count_within, (people, days)),
        taste=rng.random((people, days, features), dtype=np.float32),
        part=rng.standard_exponential((people, days, features), dtype=np.float32),
    )


def counts(draws: Draws, active: Presence, chance: NDArray[np.float32]) -> Cube:
    """The cube of counts: on an active day at least one use of each feature used, the rest in parts.

    `chance` of each feature, people x features or people x days x features; where chance of all the
    features fails the likeliest one is used.
    """
    by_day = chance[:, None, :] if chance.ndim == 2 else chance
    used = draws.taste < by_day
    first_choice = np.broadcast_to(by_day, used.shape).argmax(2)[..., None]
    nothing = ~used.any(2, keepdims=True)
    used |= nothing & (np.arange(used.shape[2]) == first_choice)
    used &= active[..., None]
    total = np.rint(np.exp(np.minimum(draws.total, 7)))
    parts = draws.part * used
    rest = np.maximum(total - used.sum(2), 0)[..., None]
    split = np.floor(rest * parts / np.maximum(parts.sum(2, keepdims=True), 1e-9) + 0.5)
    return np.asarray(used + split * used, dtype=np.int32)


def _rates(rng: np.random.Generator, habits: Habits, people: int, first_weekday: int, days: int) -> Matrix:
    size = habits.share_mean * (1 - habits.share_mean) / habits.share_sd**2 - 1
    share = rng.beta(habits.share_mean * size, (1 - habits.share_mean) * size, (people, 1))
    day = np.arange(days)
    shape = np.array(habits.weekday)[(first_weekday + day) % 7]
    fades = rng.random((people, 1)) < habits.fading
    left = np.where(fades, 0.5 ** ((day - days / 4) / habits.fading_days), 1.0)
    return np.asarray(np.clip(share * left * shape, 0, MOST), dtype=np.float64)


def _luck(rng: np.random.Generator, habits: Habits, people: int, first_weekday: int, days: int) -> Matrix:
    chance = 1 - habits.slow - habits.mood - habits.weekday_habit
    weekday = (first_weekday + np.arange(days)) % 7
    z = np.sqrt(habits.slow) * _wave(rng, people, days, habits.slow_days)
    z += np.sqrt(habits.mood) * _wave(rng, people, days, habits.mood_days)
    z += np.sqrt(habits.weekday_habit) * rng.standard_normal((people, 7))[:, weekday]
    z += np.sqrt(chance) * rng.standard_normal((people, days))
    return np.asarray(np.interp(z, _GRID, _NORMAL), dtype=np.float64)


def _wave(rng: np.random.Generator, people: int, days: int, lasting: float) -> Matrix:
    """A standard normal level that forgets itself by 1/e in `lasting` days."""
    keep = np.exp(-1 / lasting)
    noise = rng.standard_normal((people, days))
    noise[:, 1:] *= np.sqrt(1 - keep**2)
    for day in range(1, days):
        noise[:, day] += keep * noise[:, day - 1]
    return noise
