"""Tails of the negative binomial distribution, for many subjects at once."""

from dataclasses import dataclass

import numpy as np

from winback.usage.detect.grid import Floats, Ints

LEAST = 1e-300


@dataclass(frozen=True)
class Tail:
    """`surprise` = -ln[P(X < x) + P(X = x) / 2]; `share` = P(X <= x), for a person to read."""

    surprise: Floats
    share: Floats


def lower_tail(seen: Ints, shape: Floats, expected: Floats) -> Tail:
    """How rare it is to see so few, when X ~ NegBin(shape) with that mean.

    P(0) = (shape / (shape + expected))^shape and P(x+1) / P(x) = (shape + x) / (x + 1) * q with
    q = expected / (shape + expected).
    """
    stay = shape / (shape + expected)
    mass, below = stay**shape, np.zeros(len(seen))
    surprise, share = np.zeros(len(seen)), np.ones(len(seen))
    for count in range(int(seen.max()) + 1 if len(seen) else 0):
        here = seen == count
        surprise[here] = -np.log(np.maximum(below[here] + mass[here] / 2, LEAST))
        share[here] = np.minimum(below[here] + mass[here], 1.0)
        below = below + mass
        mass = mass * (shape + count) / (count + 1) * (1 - stay)
    return Tail(surprise, share)


def deficit(seen: Ints, expected: Floats, evidence: float) -> Tail:
    """The same for large counts, by Chernoff's bound for a normal variable: z^2 / 2 for z below the mean.

    The variance is the negative binomial's, expected + expected^2 / evidence.
    """
    spread = np.sqrt(expected + expected**2 / evidence)
    z = np.maximum((expected - seen) / np.maximum(spread, LEAST), 0.0)
    surprise = z**2 / 2
    return Tail(surprise, np.exp(-surprise))
