"""Measuring people whose numbers are known."""

import numpy as np
import pytest

from winback.simulation.statistics import Cube, measure


def presence(rng: np.random.Generator, rate: float, people: int = 400, days: int = 210) -> Cube:
    return (rng.random((people, days, 1)) < rate).astype(np.int32)


def test_share_and_persistence_of_coin_tosses():
    """People who toss a coin each day have its share of active days and no persistence."""
    seen = measure(presence(np.random.default_rng(1), 0.4), first_weekday=0, features=1)
    assert seen.share_mean == pytest.approx(0.4, abs=0.01)
    assert seen.persistence == pytest.approx((0, 0, 0, 0), abs=0.015)
    assert seen.halved < 0.01


def test_alternating_days_have_negative_persistence():
    """Whoever comes every second day is the opposite of persistent at a lag of one day."""
    cube = np.zeros((10, 200, 1), np.int32)
    cube[:5, ::2] = 1
    cube[5:, 1::2] = 1
    assert measure(cube, first_weekday=0, features=1).persistence[0] < -0.9


@pytest.mark.parametrize("first", range(7))
def test_weekdays_start_on_monday(first: int):
    """Whatever weekday the data start on, the quiet pair stands on Saturday and Sunday."""
    cube = presence(np.random.default_rng(2), 0.8)
    weekend = (first + np.arange(210)) % 7 >= 5
    cube[:, weekend] &= presence(np.random.default_rng(3), 0.3)[:, weekend]
    known, guessed = measure(cube, first, features=1).weekday, measure(cube, features=1).weekday
    assert known == pytest.approx(guessed)
    assert max(known[5:]) < 0.5
    assert min(known[:5]) > 1


def test_quitters_are_counted_per_week():
    """Ten of forty silent after the tenth week is what the hazard counts, over the weeks all were watched."""
    cube = np.ones((40, 28 * 7, 1), np.int32)
    cube[:10, 70:] = 0
    weeks = 10 * 10 + 30 * (28 - 4)
    assert measure(cube, first_weekday=0, features=1).quit_per_week == pytest.approx(10 / weeks)


def test_fading_has_its_half_life():
    """People whose rate halves every 50 days beside a steady population are seen to have fallen at about that."""
    rng = np.random.default_rng(4)
    rate = np.full((600, 200), 0.5)
    rate[:60] = 0.9 * 0.5 ** (np.arange(200) / 50)
    cube = (rng.random(rate.shape) < rate).astype(np.int32)[..., None]
    seen = measure(cube, first_weekday=0, features=1)
    assert seen.halved == pytest.approx(0.1, abs=0.02)
    assert 35 < seen.halved_days < 65


def test_counts_and_features():
    """The spread of log counts is split into between and within people; features come most used first."""
    rng = np.random.default_rng(5)
    logs = rng.normal(6, 0.5, (300, 1)) + rng.normal(0, 0.8, (300, 100))
    cube = np.zeros((300, 100, 2), np.int32)
    cube[..., 1] = np.exp(logs)
    cube[..., 0] = rng.random((300, 100)) < 0.25
    seen = measure(cube, first_weekday=0, features=2)
    assert seen.log_count_between == pytest.approx(0.5, abs=0.06)
    assert seen.log_count_within == pytest.approx(0.8, abs=0.03)
    assert seen.feature_share == pytest.approx((1.0, 0.25), abs=0.01)


def test_nobody_regular_is_refused():
    """Nothing is measured of people who were hardly there."""
    with pytest.raises(ValueError, match="no person with 10 active days"):
        measure(np.zeros((3, 100, 1), np.int32))
