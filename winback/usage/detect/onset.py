"""Since which day it fell: the change point that the days themselves make likeliest."""

import numpy as np

from winback.usage.detect.grid import Floats

EARLIEST = 42
LEAST_BEFORE = 7


def onset_age(counts: Floats, exposure: Floats, known_days: int) -> int:
    """The age of the first day of the fall.

    `counts` and `exposure` are by age, youngest first. For a fall that began c days ago, x of the
    mu expected since give the log-likelihood ratio x ln(x / mu) - x + mu (Poisson), where mu follows from
    the rate before; the largest wins.
    """
    end = min(len(counts), known_days)
    lengths = np.arange(1, max(min(EARLIEST, end - LEAST_BEFORE), 1) + 1)
    seen, level = np.cumsum(counts[:end]), np.cumsum(exposure[:end])
    since, since_level = seen[lengths - 1], level[lengths - 1]
    rate = (seen[-1] - since) / np.maximum(level[-1] - since_level, 1e-9)
    expected = np.maximum(rate * since_level, 1e-9)
    gain = np.where(
        since < expected, since * np.log(np.maximum(since, 1e-9) / expected) - since + expected, -np.inf
    )
    if not np.isfinite(gain).any():
        return 0
    return int(lengths[gain.argmax()] - 1)
