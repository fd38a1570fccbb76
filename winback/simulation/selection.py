"""Choosing the accounts in which drops of known cause are planted."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from winback.simulation.plan import FEATURES, ROOM, ceilings, included, used_in_30_days
from winback.simulation.planted import Healthy, Plant, by_account
from winback.simulation.statistics import Cube
from winback.simulation.truth import Cause

WINDOW = (65, 8)
"""Drops are planted from so many to so many days before the end."""

BASELINE = 56
DIP_SHARE = 0.02
RECOVERING = 0.45
CAN_RECOVER = frozenset({Cause.QUIT, Cause.LIMIT_REACHED, Cause.FEATURE_NOT_UNDERSTOOD})
LIMITED = ("exports", "reports", "automations")
FAIR_PART = 0.25
HARD = ("integrations", "automations")
"""Features that an account may take up and not understand."""

CAUSE_SHARES = {
    Cause.QUIT: 0.28,
    Cause.FEATURE_NOT_UNDERSTOOD: 0.26,
    Cause.LIMIT_REACHED: 0.23,
    Cause.CHAMPION_GONE: 0.23,
}
"""Of the drops that do not fade first; nobody measured these."""


def regular(accounts: Cube, day: int) -> NDArray[np.bool_]:
    """Accounts a drop on `day` would matter to: 16 active days in the 8 weeks before, at least one of
    them in 6 of the 8 and in the last.
    """
    active = accounts[:, day - BASELINE : day].any(2).reshape(len(accounts), 8, 7)
    weeks = np.asarray(active.any(2))
    return np.asarray((active.sum((1, 2)) >= 16) & (weeks.sum(1) >= 6) & weeks[:, -1])


def causes_of(total: int, fade_first: float) -> tuple[Cause, ...]:
    """`total` causes in their shares, each at least once where there is room."""
    shares = {cause: share * (1 - fade_first) for cause, share in CAUSE_SHARES.items()} | {Cause.FADED: fade_first}
    causes = list(shares)[:total]
    while len(causes) < total:
        causes.append(max(shares, key=lambda cause: shares[cause] * total - causes.count(cause)))
    return tuple(causes)


def choose(rng: np.random.Generator, healthy: Healthy, causes: Sequence[Cause]) -> tuple[Plant, ...]:
    """Find an account for each cause and for the dips, spread over the window.

    A cause that fits no account left on its day is not planted.
    """
    accounts = by_account(healthy.cube, healthy.of)
    dips = max(1, round(DIP_SHARE * len(accounts)))
    wanted: list[Cause | None] = [*causes, *([None] * dips)]
    order = rng.permutation(len(wanted))
    days = np.linspace(healthy.days - WINDOW[0], healthy.days - WINDOW[1], len(wanted)).astype(int)
    plants: list[Plant] = []
    free = np.ones(len(accounts), dtype=np.bool_)
    for place, day in zip(order, days, strict=True):
        cause = wanted[place]
        fitting = _PLANTERS[cause](rng, healthy, accounts, int(day), free & regular(accounts, int(day)))
        if fitting is not None:
            plants.append(_with_recovery(rng, fitting, healthy.days))
            free[fitting.account] = False
    return tuple(plants)


def _with_recovery(rng: np.random.Generator, plant: Plant, days: int) -> Plant:
    if plant.cause not in CAN_RECOVER or rng.random() >= RECOVERING:
        return plant
    back = plant.day + int(rng.integers(15, 29))
    return replace(plant, back=back) if back < days else plant


Planter = Callable[[np.random.Generator, Healthy, Cube, int, NDArray[np.bool_]], Plant | None]


def _anybody(cause: Cause) -> Planter:
    def plant(
        rng: np.random.Generator, _healthy: Healthy, _accounts: Cube, day: int, fit: NDArray[np.bool_]
    ) -> Plant | None:
        account = _one(rng, fit)
        return None if account is None else Plant(account, cause, day)

    return plant


def _dip(
    rng: np.random.Generator, healthy: Healthy, _accounts: Cube, day: int, fit: NDArray[np.bool_]
) -> Plant | None:
    length = int(rng.integers(8, 14))
    first = min(day, healthy.days - length - 1)
    account = _one(rng, fit)
    return None if account is None else Plant(account, None, first, back=first + length)


def _feature(
    rng: np.random.Generator, healthy: Healthy, _accounts: Cube, day: int, fit: NDArray[np.bool_]
) -> Plant | None:
    feature = FEATURES.index(str(rng.choice(HARD)))
    account = _one(rng, fit & included()[healthy.plan, feature])
    return None if account is None else Plant(account, Cause.FEATURE_NOT_UNDERSTOOD, day, feature=feature)


def _champion(
    rng: np.random.Generator, healthy: Healthy, _accounts: Cube, day: int, fit: NDArray[np.bool_]
) -> Plant | None:
    """An account of two or more, the second of whom is active once a week or more."""
    active = healthy.cube[:, day - BASELINE : day].any(2).sum(1)
    others = np.bincount(healthy.of, active >= 8) >= 2
    account = _one(rng, fit & others)
    if account is None:
        return None
    contacts = np.flatnonzero(healthy.of == account)
    champion = int(contacts[active[contacts].argmax()])
    return Plant(account, Cause.CHAMPION_GONE, day, contact=champion)


def _limit(
    rng: np.random.Generator, healthy: Healthy, accounts: Cube, day: int, fit: NDArray[np.bool_]
) -> Plant | None:
    """An account that filled a fair part of a limit without reaching it, on the last day it used the
    feature: that day, or up to a week before.
    """
    used = used_in_30_days(accounts)
    for name in rng.permutation(LIMITED):
        feature = FEATURES.index(str(name))
        ceiling = ceilings()[healthy.plan, feature]
        for last in range(day - 1, day - 8, -1):
            filled = used[:, last, feature]
            grows = (filled >= FAIR_PART * ceiling) & (filled <= ROOM * ceiling) & np.isfinite(ceiling)
            account = _one(rng, fit & grows & (ceiling > 0) & (accounts[:, last, feature] > 0))
            if account is not None:
                ends = int(ceiling[account])
                return Plant(account, Cause.LIMIT_REACHED, last + 1, feature=feature, limit=ends)
    return None


def _one(rng: np.random.Generator, fit: NDArray[np.bool_]) -> int | None:
    places = np.flatnonzero(fit)
    return int(rng.choice(places)) if places.size else None


_PLANTERS: dict[Cause | None, Planter] = {
    None: _dip,
    Cause.QUIT: _anybody(Cause.QUIT),
    Cause.FADED: _anybody(Cause.FADED),
    Cause.FEATURE_NOT_UNDERSTOOD: _feature,
    Cause.CHAMPION_GONE: _champion,
    Cause.LIMIT_REACHED: _limit,
}
