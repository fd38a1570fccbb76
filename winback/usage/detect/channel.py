"""The two channels, for all subjects of one date at once."""

from dataclasses import dataclass

import numpy as np

from winback.settings import Detection
from winback.usage.detect.cohort import Cohort
from winback.usage.detect.grid import WORD_DAYS, Floats, Ints, Words, mask, popcount
from winback.usage.detect.tail import Tail, lower_tail

SLOW_WINDOWS = 2
SLOW_HALF_LIFE = 56.0
SLOW_EVIDENCE = 2.0
RISK_HALF_LIFE = 7.0
BYTE_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(float)


@dataclass(frozen=True)
class Days:
    """One date's days of the subjects: `words`, `span` days since first seen (64 at most), levels by age."""

    words: Words
    span: Ints
    levels: Floats

    def exposure(self, row: Ints, youngest: int, oldest: int, half_life: float | None = None) -> Floats:
        """Sum of the group's levels over ages `youngest` to `oldest - 1` since first seen.

        With a half-life, each level counts 0.5^((age - youngest) / half_life).
        """
        weights = _weights(youngest, oldest, half_life)
        summed = np.concatenate(
            [np.zeros((len(self.levels), 1)), np.cumsum(self.levels * weights, axis=1)], axis=1
        )
        found: Floats = summed[row, np.minimum(oldest, self.span)] - summed[row, np.minimum(youngest, self.span)]
        return np.maximum(found, 0.0)

    def active(self, youngest: int, oldest: int) -> Ints:
        return popcount((self.words >> np.uint64(youngest)) & mask(oldest - youngest))

    def decayed(self, youngest: int, oldest: int, half_life: float) -> Floats:
        """Active days, each counted 0.5^((age - youngest) / half_life)."""
        weights = _weights(youngest, oldest, half_life).reshape(WORD_DAYS // 8, 8)
        octets = self.words.astype("<u8").view(np.uint8).reshape(len(self.words), WORD_DAYS // 8)
        found = np.zeros(len(self.words))
        tables = BYTE_BITS @ weights.T
        for place in range(WORD_DAYS // 8):
            found += tables[octets[:, place], place]
        return found


@dataclass(frozen=True)
class Reading:
    """One channel's word on every subject: how rare, what was expected and seen, and over how many days."""

    tail: Tail
    expected: Floats
    seen: Ints
    days: int

    @property
    def lost(self) -> Floats:
        return self.expected - self.seen

    def only(self, rows: Ints) -> "Reading":
        tail = Tail(self.tail.surprise[rows], self.tail.share[rows])
        return Reading(tail, self.expected[rows], self.seen[rows], self.days)


def own_rate(days: Days, cohort: Cohort, settings: Detection) -> tuple[Floats, Floats]:
    """Shape and rate (B + k0 m, E_B + k0) of what is known of a subject's own level before the window."""
    window, end = settings.window_days, baseline_end(settings)
    active = days.active(window, end)
    exposure = days.exposure(cohort.row, window, end)
    return active + cohort.weight * cohort.mean, exposure + cohort.weight


def fast_channel(days: Days, cohort: Cohort, settings: Detection) -> Reading:
    """Less than expected this week: X ~ NegBin(B + k0 m, beta / (beta + E_W)), beta = E_B + k0."""
    shape, rate = own_rate(days, cohort, settings)
    expected = shape / rate * days.exposure(cohort.row, 0, settings.window_days)
    seen = days.active(0, settings.window_days)
    return Reading(lower_tail(seen, shape, expected), expected, seen, settings.window_days)


def slow_channel(days: Days, cohort: Cohort, settings: Detection) -> Reading:
    """Two windows that the own, decaying rate, as it stood before them, does not explain.

    a and e decay with a half-life of 56 days up to the day before the two windows, k = k0 / 2. The
    shape is limited to an evidence of 2 (1 / shape = 1 / (a + k m) + 1 / 2): nobody's weeks are as even
    as a steady rate would make them, and without the limit the regular raise all the false alarms.
    The share that a person reads is the rate's alone, without the limit.
    """
    length = SLOW_WINDOWS * settings.window_days
    weight = cohort.weight / 2
    active = days.decayed(length, WORD_DAYS, SLOW_HALF_LIFE) + weight * cohort.mean
    exposure = days.exposure(cohort.row, length, WORD_DAYS, SLOW_HALF_LIFE) + weight
    expected = active / exposure * days.exposure(cohort.row, 0, length)
    seen = days.active(0, length)
    shape = 1 / (1 / active + 1 / SLOW_EVIDENCE)
    tail = Tail(lower_tail(seen, shape, expected).surprise, lower_tail(seen, active, expected).share)
    return Reading(tail, expected, seen, length)


def silence_ahead(days: Days, cohort: Cohort, settings: Detection) -> Floats:
    """P0 = ((e + k) / (e + k + H s))^(a + k m): the probability that the next H days are silent."""
    weight = cohort.weight / 2
    active = days.decayed(0, WORD_DAYS, RISK_HALF_LIFE) + weight * cohort.mean
    exposure = days.exposure(cohort.row, 0, WORD_DAYS, RISK_HALF_LIFE) + weight
    recent = min(settings.horizon_days, WORD_DAYS)
    ahead = settings.horizon_days * days.levels[cohort.row, :recent].mean(axis=1)
    found: Floats = (exposure / (exposure + ahead)) ** active
    return found


def baseline_end(settings: Detection) -> int:
    """A window and its baseline share one word: a window over 8 days shortens the baseline."""
    return min(settings.window_days + settings.baseline_days, WORD_DAYS)


def _weights(youngest: int, oldest: int, half_life: float | None) -> Floats:
    age = np.arange(WORD_DAYS)
    inside = (age >= youngest) & (age < oldest)
    if half_life is None:
        return inside.astype(float)
    return np.where(inside, 0.5 ** (np.maximum(age - youngest, 0) / half_life), 0.0)
