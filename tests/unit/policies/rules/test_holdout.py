"""The draw of the holdout is the one that GrowthBook publishes, and stays put."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.policy import Policy
from policies.rules.holdout import fnv1a32, unit_interval
from tests.unit.policies.samples import rule

KEYS = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(4000)]


@pytest.mark.parametrize(("text", "value"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_fnv_agrees_with_its_published_vectors(text: str, value: int) -> None:
    """The hash is FNV-1a with 32 bits, by the vectors of its authors."""
    assert fnv1a32(text) == value


@pytest.mark.parametrize(
    ("seed", "key", "unit"),
    [
        ("seed", "a", 0.0505),
        ("seed", "b", 0.2696),
        ("foo", "ab", 0.2575),
        ("foo", "def", 0.2019),
        ("89123klj", "8952klfjas09ujkasdf", 0.124),
        ("90850943850283058242805", "123", 0.7516),
        ("()**(%$##$%#$#", '___)((*":&', 0.0128),
    ],
)
def test_the_draw_agrees_with_growthbook(seed: str, key: str, unit: float) -> None:
    """The unit interval is that of hash version 2 in GrowthBook's published cases (cases.json, spec 0.5.4)."""
    assert unit_interval(seed, key) == unit


@settings(max_examples=30, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_only_adds_accounts(low: float, high: float) -> None:
    """Whoever is held out under a small share is held out under a larger one."""
    low, high = sorted((low, high))
    small, large = (Policy.of([rule("holdout", share=share, seed="s")]).held_out for share in (low, high))
    assert all(large(key) for key in KEYS[:200] if small(key))


def test_the_share_is_about_the_share() -> None:
    """Five in a hundred are held out, give or take chance, and another seed draws others."""
    first, second = (
        {key for key in KEYS if Policy.of([rule("holdout", share=0.05, seed=seed)]).held_out(key)}
        for seed in ("one", "two")
    )
    assert 150 <= len(first) <= 250
    assert len(first & second) < 40


def test_only_a_rule_in_force_holds_out() -> None:
    """A shadowed holdout is recorded and holds nobody back."""
    assert Policy.of([rule("holdout", share=1, seed="s")]).held_out(KEYS[0])
    assert not Policy.of([rule("holdout", share=1, seed="s", mode="shadow")]).held_out(KEYS[0])
    assert not Policy.of([]).held_out(KEYS[0])
