"""When a reading is an alarm: its rank among this product's own past, held against a budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from winback.usage.detect.channel import Reading
from winback.usage.detect.grid import Bools, Floats, Ints
from winback.usage.drop import Channel

REFERENCE_WEEKS = 52
REFERENCE_CAP = 20_000
LEAST_RANKED = 200
LEAST_OVER_THRESHOLD = 3
# At one false alarm per 100 the fast channel spends e^-2 of what the slow one may: it is early but
# wrong more often. What a larger budget grants goes to the fast one first, since the slow one has then
# found nearly all that it can find.
FAST_HANDICAP = 2.0
# For products without a past of their own: the surprises that this -ln share of healthy user-weeks
# passed, the mean of 20,000 of learners and 36,000 of contributors to public projects, which hardly differ
# (benchmarks/detection.py names both). Beyond the last the line goes on.
USUAL_LEVEL = (0.0, 0.69, 1.61, 2.3, 3.0, 3.51, 4.61, 5.3, 6.21, 6.91)
USUAL_SURPRISE = {
    Channel.FAST: (0.0, 0.59, 1.38, 1.77, 2.13, 2.41, 2.99, 3.37, 3.86, 4.29),
    Channel.SLOW: (0.0, 0.48, 0.96, 1.37, 1.74, 1.99, 2.44, 2.68, 3.0, 3.18),
}


@dataclass(frozen=True)
class Signal:
    """A reading under a name; `present` says for which subjects it exists."""

    name: str
    channel: Channel
    reading: Reading
    present: Bools

    def counts(self, min_lost_days: float) -> Bools:
        return self.present & (self.reading.lost >= min_lost_days)


@dataclass(frozen=True)
class Threshold:
    """What an alarm must pass, and where that number is from; `ranks` holds each signal's sorted past."""

    value: float
    source: str
    healthy: int
    from_past: bool
    ranks: tuple[Floats | None, ...]


@dataclass(frozen=True)
class Alarms:
    """Per subject: its signals' levels, the largest, which signal that was, and whether it passes."""

    levels: Floats
    level: Floats
    winner: Ints
    alarm: Bools


@dataclass(frozen=True)
class Past:
    """One earlier date: its signals, and who of the subjects proved healthy."""

    signals: tuple[Signal, ...]
    healthy: Ints


def calibrate(past: Sequence[Past], signals: int, budget: float, min_lost_days: float) -> Threshold:
    """The level that `budget` of 100 healthy user-weeks of the past would have passed.

    With too little past, ranks and threshold are those usual elsewhere, and `source` says so.
    """
    healthy = sum(len(date.healthy) for date in past)
    over = math.floor(healthy * budget / 100)
    if over < LEAST_OVER_THRESHOLD:
        source = f"what is usual elsewhere: only {healthy} healthy user-weeks of its own past so far"
        return Threshold(borrowed(budget), source, healthy, from_past=False, ranks=(None,) * signals)
    ranks = tuple(_sorted_past(past, place) for place in range(signals))
    levels = np.concatenate(
        [judge(_only(date.signals, date.healthy), ranks, math.inf, budget, min_lost_days).level for date in past]
    )
    value = float(np.partition(levels, -over - 1)[-over - 1])
    return Threshold(value, f"{healthy} healthy user-weeks of its own past", healthy, from_past=True, ranks=ranks)


def handicap(channel: Channel, budget: float) -> float:
    """What a channel's level is lowered by: its share of the budget as -ln."""
    return FAST_HANDICAP - math.log(budget) if channel is Channel.FAST else 0.0


def borrowed(budget: float) -> float:
    """The threshold if the ranks are right: the budget shared by a fast and a slow signal."""
    shares = sum(math.exp(-handicap(channel, budget)) for channel in Channel)
    return -math.log(budget / 100 / shares)


def judge(
    signals: Sequence[Signal],
    ranks: Sequence[Floats | None],
    threshold: float,
    budget: float,
    min_lost_days: float,
) -> Alarms:
    """Each subject's strongest signal, and whether it passes the threshold."""
    levels = np.stack(
        [
            np.where(signal.counts(min_lost_days), _level(signal, ranked) - handicap(signal.channel, budget), 0.0)
            for signal, ranked in zip(signals, ranks, strict=True)
        ]
    )
    winner = levels.argmax(axis=0)
    level = levels.max(axis=0)
    return Alarms(levels=levels, level=level, winner=winner, alarm=level > threshold)


def _level(signal: Signal, ranked: Floats | None) -> Floats:
    """-ln of the share of the healthy past at or above this surprise."""
    surprise = signal.reading.tail.surprise
    if ranked is None:
        return usual_level(surprise, signal.channel)
    above = len(ranked) - np.searchsorted(ranked, surprise, side="left")
    level: Floats = -np.log((1 + above) / (1 + len(ranked)))
    return level


def usual_level(surprise: Floats, channel: Channel) -> Floats:
    """-ln of the share of healthy user-weeks elsewhere that were at least as surprising."""
    known = np.array(USUAL_SURPRISE[channel])
    level = np.interp(surprise, known, USUAL_LEVEL)
    slope = (USUAL_LEVEL[-1] - USUAL_LEVEL[-2]) / (known[-1] - known[-2])
    found: Floats = level + slope * np.maximum(surprise - known[-1], 0.0)
    return found


def _sorted_past(past: Sequence[Past], place: int) -> Floats | None:
    found = []
    for date in past:
        signal = date.signals[place]
        found.append(signal.reading.tail.surprise[date.healthy[signal.present[date.healthy]]])
    surprise = np.sort(np.concatenate(found))
    return surprise if len(surprise) >= LEAST_RANKED else None


def _only(signals: Sequence[Signal], rows: Ints) -> tuple[Signal, ...]:
    return tuple(Signal(one.name, one.channel, one.reading.only(rows), one.present[rows]) for one in signals)
