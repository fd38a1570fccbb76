"""People drawn from the fitted numbers measure like the learners they were fitted to."""

from dataclasses import asdict

import numpy as np
import pytest

from winback.simulation.fitted import HABITS, OBSERVED
from winback.simulation.habits import counts, draw
from winback.simulation.statistics import Statistics, measure

SAME = {
    "share_mean": 0.015,
    "share_sd": 0.015,
    "weekday": 0.04,
    "persistence": 0.02,
    "log_count_mean": 0.05,
    "log_count_between": 0.04,
    "log_count_within": 0.03,
    "feature_share": 0.015,
    "halved": 0.025,
    "halved_days": 6,
}
"""How far people drawn may be from the learners; what is planted (quitting) is not drawn."""


@pytest.fixture(scope="module")
def drawn() -> Statistics:
    people = 2500
    draws = draw(np.random.default_rng(11), HABITS, people, 0, 240)
    chance = np.broadcast_to(np.array(HABITS.feature_share, np.float32), (people, 6))
    return measure(counts(draws, draws.active(), chance), first_weekday=0)


@pytest.mark.parametrize("name", SAME)
def test_drawn_people_measure_like_the_learners(drawn: Statistics, name: str):
    """Each statistic of people drawn from the fitted numbers is that of the real learners."""
    assert asdict(drawn)[name] == pytest.approx(asdict(OBSERVED)[name], abs=SAME[name])


def test_weekday_means_one():
    """The weekday levels are relative: they leave the mean alone."""
    assert np.mean(HABITS.weekday) == pytest.approx(1, abs=0.01)
    assert np.mean(OBSERVED.weekday) == pytest.approx(1, abs=0.01)
