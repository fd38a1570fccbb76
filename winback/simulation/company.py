"""The sample company: who is in it, what they used each day, and what was planted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from winback.errors import InputError
from winback.simulation.fitted import HABITS, OBSERVED
from winback.simulation.habits import Draws, counts, draw
from winback.simulation.people import Account, Contact, Firm, make_firms
from winback.simulation.plan import FEATURES, fitting_plan, included
from winback.simulation.planted import Healthy, Plant, by_account, fill_limits, kept, tried
from winback.simulation.selection import WINDOW, causes_of, choose
from winback.simulation.statistics import Cube, Matrix
from winback.simulation.truth import Cause, Dip, PlantedDrop, Truth

MIN_ACCOUNTS = 20
MIN_DAYS = 140
HOLIDAY_LEFT = 0.2
OUTAGE_LEFT = 0.02
TASTE = 0.8
"""Spread between accounts of the log odds that a feature is used on an active day; chosen, not fitted."""


@dataclass(frozen=True, eq=False)
class Company:
    """`usage` counts contacts (in the order of `contacts`) x days (from `first_day`) x `FEATURES`."""

    seed: int
    accounts: tuple[Account, ...]
    contacts: tuple[Contact, ...]
    first_day: date
    usage: Cube
    truth: Truth

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.usage.shape[1] - 1)


def make_company(seed: int, *, accounts: int = 300, days: int = 200, end: date) -> Company:
    """Make the company of `seed`: the same one each time for the same arguments and library versions.

    `end` is the last day of usage.

    Raises:
        InputError: fewer than 20 accounts or 140 days.
    """
    if accounts < MIN_ACCOUNTS or days < MIN_DAYS:
        raise InputError(
            f"a sample company of {accounts} accounts over {days} days is too small",
            fix=f"ask for at least {MIN_ACCOUNTS} accounts and {MIN_DAYS} days",
        )
    rng = np.random.default_rng(seed)
    first_day = end - timedelta(days=days - 1)
    firms = make_firms(rng, accounts, first_day)
    of = np.repeat(np.arange(accounts), [len(firm.contacts) for firm in firms])
    holidays, outage = _events(days, first_day)
    calm = _calm(days, holidays, outage)
    draws = draw(rng, HABITS, len(of), first_day.weekday(), days)
    bought = np.array([firm.bought for firm in firms])
    chance = _chance(rng, bought)[of]
    healthy = _healthy(draws, chance, of, bought, calm)
    weeks = (WINDOW[0] - WINDOW[1]) / 7
    total = round(OBSERVED.quit_per_week * weeks * accounts)
    plants = choose(rng, healthy, causes_of(max(total, 1), OBSERVED.fade_first))
    usage = _with_drops(draws, chance, healthy, plants, calm)
    return Company(
        seed=seed,
        accounts=_accounts(firms, healthy, usage, plants),
        contacts=tuple(contact for firm in firms for contact in firm.contacts),
        first_day=first_day,
        usage=usage,
        truth=_truth(firms, plants, first_day, holidays, outage),
    )


def _events(days: int, first_day: date) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Offsets of the holidays (one long ago, two in a row of late) and of the outage, all on working days."""
    monday = -first_day.weekday() % 7
    week = (days - monday) // 7
    holidays = (monday + 7 * (week - 14) + 2, monday + 7 * (week - 4), monday + 7 * (week - 4) + 1)
    start = monday + 7 * (week - 7) + 1
    return holidays, (start, start + 1, start + 2)


def _calm(days: int, holidays: Iterable[int], outage: Iterable[int]) -> Matrix:
    """What the events leave of everybody's rate on each day."""
    left = np.ones(days)
    left[list(holidays)] = HOLIDAY_LEFT
    left[list(outage)] = OUTAGE_LEFT
    return left


def _chance(rng: np.random.Generator, bought: NDArray[np.intp]) -> NDArray[np.float32]:
    """For each account the chance of each feature on an active day, 0 where its plan has it not."""
    share = np.array(HABITS.feature_share)
    odds = np.log(share / (1 - share)) + rng.normal(0, TASTE, (len(bought), len(FEATURES)))
    return np.asarray(included()[bought] / (1 + np.exp(-odds)), dtype=np.float32)


def _healthy(
    draws: Draws, chance: NDArray[np.float32], of: NDArray[np.intp], bought: NDArray[np.intp], calm: Matrix
) -> Healthy:
    cube = counts(draws, draws.active(calm), chance)
    plan = np.maximum(bought, fitting_plan(by_account(cube, of)))
    return Healthy(cube=cube, of=of, plan=plan, half_life=OBSERVED.fade_half_life)


def _with_drops(
    draws: Draws, chance: NDArray[np.float32], healthy: Healthy, plants: Sequence[Plant], calm: Matrix
) -> Cube:
    by_day = np.repeat(chance[:, None, :], healthy.days, axis=1)
    tried(plants, healthy.of, by_day)
    cube = counts(draws, draws.active(kept(plants, healthy) * calm), by_day)
    fill_limits(plants, healthy.of, cube)
    return cube


def _accounts(
    firms: Sequence[Firm], healthy: Healthy, usage: Cube, plants: Sequence[Plant]
) -> tuple[Account, ...]:
    """On the plan it bought or the first above it with room for all it did; where a limit was reached,
    on the plan that has it.
    """
    plan = np.maximum(fitting_plan(by_account(usage, healthy.of)), healthy.plan)
    for plant in plants:
        if plant.cause is Cause.LIMIT_REACHED:
            plan[plant.account] = healthy.plan[plant.account]
    return tuple(firm.on_plan(int(place)) for firm, place in zip(firms, plan, strict=True))


def _truth(
    firms: Sequence[Firm],
    plants: Sequence[Plant],
    first_day: date,
    holidays: Iterable[int],
    outage: Iterable[int],
) -> Truth:
    def on(offset: int) -> date:
        return first_day + timedelta(days=offset)

    contacts = [contact.key for firm in firms for contact in firm.contacts]
    drops, dips = [], []
    for plant in sorted(plants, key=lambda plant: plant.day):
        account = firms[plant.account].key
        if plant.cause is None and plant.back is not None:
            dips.append(Dip(account, on(plant.day), on(plant.back - 1)))
        elif plant.cause is not None:
            drops.append(
                PlantedDrop(
                    account=account,
                    cause=plant.cause,
                    day=on(plant.day),
                    recovers_on=None if plant.back is None else on(plant.back),
                    feature=None if plant.feature is None else FEATURES[plant.feature],
                    contact=None if plant.contact is None else contacts[plant.contact],
                )
            )
    return Truth(
        accounts=tuple(firm.key for firm in firms),
        drops=tuple(drops),
        dips=tuple(dips),
        holidays=tuple(map(on, sorted(holidays))),
        outage=tuple(map(on, sorted(outage))),
    )
