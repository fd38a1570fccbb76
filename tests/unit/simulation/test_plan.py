"""Plans, limits and the uses they count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools.catalogue import load_catalogue
from winback.simulation.plan import FEATURES, PLANS, PRICES, ROOM, ceilings, fitting_plan, limits, used_in_30_days


def test_words_and_numbers_are_the_catalogues():
    """Plans, features, prices and limits are those of the sample catalogue, or trials would be absurd."""
    catalogue = load_catalogue(None)
    assert set(FEATURES) == set(catalogue.features)
    plans = sorted(catalogue.plans, key=lambda plan: plan.rank)
    assert [(plan.id, plan.price_per_month) for plan in plans] == list(zip(PLANS, PRICES, strict=True))
    assert {plan.id: dict(plan.limits) for plan in plans} == {plan: dict(of) for plan, of in limits().items()}
    assert [[plan.allowance(feature) for feature in FEATURES] for plan in plans] == ceilings().tolist()


@settings(max_examples=50)
@given(arrays(np.int32, (2, 45, 6), elements=st.integers(0, 60)))
def test_thirty_days_end_on_their_day(cube: np.ndarray):
    """The window of a day is that day and the 29 before."""
    used = used_in_30_days(cube)
    for day in (0, 28, 29, 30, 44):
        assert (used[:, day] == cube[:, max(0, day - 29) : day + 1].sum(1)).all()


@settings(max_examples=50)
@given(arrays(np.int32, (3, 40, 6), elements=st.integers(0, 20)))
def test_a_fitting_plan_has_room(cube: np.ndarray):
    """An account's plan has room for its busiest 30 days, and no smaller plan has."""
    busiest = used_in_30_days(cube).max(1)
    for account, plan in enumerate(fitting_plan(cube)):
        assert (busiest[account] <= ROOM * ceilings()[plan]).all()
        assert plan == 0 or (busiest[account] > ROOM * ceilings()[plan - 1]).any()
