"""The draw of the holdout is the one that GrowthBook publishes, and stays put."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from growthbook.core import gbhash
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.policy import Policy
from policies.rules.holdout import draws_of, fnv1a32, unit_interval
from policies.verdict import Decision
from tests.unit.policies.samples import facts, judged, rule

KEYS = [f"account-{number}" for number in range(4000)]
ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


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


@settings(max_examples=300, deadline=None)
@given(seed=ascii_text, key=ascii_text)
def test_the_draw_is_that_of_the_growthbook_package(seed: str, key: str) -> None:
    """For any seed and key the package itself draws the same."""
    assert unit_interval(seed, key) == gbhash(seed, key, 2)


def test_the_draw_goes_by_the_key_and_not_by_chance() -> None:
    """The same key is drawn the same way for ever, also one that is not ASCII; another seed draws anew."""
    assert draws_of(("winback-1",), "zürich-ag") == {"winback-1": 0.4408}
    assert draws_of(("a", "b"), "acme") == {**draws_of(("a",), "acme"), **draws_of(("b",), "acme")}


def documented() -> Callable[[str, str], float]:
    """The draw as docs/policies.md gives it to outsiders."""
    page = (Path(__file__).parents[4] / "docs" / "policies.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python holdout\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  the page's own words
    return cast("Callable[[str, str], float]", names["draw"])


@settings(max_examples=300, deadline=None)
@given(
    seed=ascii_text.filter(bool), key=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)
)
def test_an_outsider_draws_the_same_accounts(seed: str, key: str) -> None:
    """By the page's few lines and the growthbook package, for any seed and any key."""
    assert draws_of((seed,), key) == {seed: documented()(seed, key)}


def test_the_composition_is_what_the_page_says() -> None:
    """Not the key itself is hashed, and not another form of its SHA-256."""
    name = hashlib.sha256("zürich-ag".encode()).hexdigest()
    assert draws_of(("winback-1",), "zürich-ag")["winback-1"] == gbhash("winback-1", name, 2)
    assert gbhash("winback-1", name, 2) not in (gbhash("winback-1", name.upper(), 2), gbhash("winback-1", name, 1))


@settings(max_examples=30, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_only_adds_accounts(low: float, high: float) -> None:
    """Whoever is held out under a small share is held out under a larger one."""
    low, high = sorted((low, high))
    small, large = (Policy.of([rule("holdout", share=share, seed="s")]).held_out for share in (low, high))
    assert all(large(draws) for key in KEYS[:200] if small(draws := draws_of(("s",), key)))


def test_the_share_is_about_the_share() -> None:
    """Five in a hundred are held out, give or take chance, and another seed draws others."""
    first, second = (
        {key for key in KEYS if policy.held_out(draws_of(policy.seeds, key))}
        for policy in (Policy.of([rule("holdout", share=0.05, seed=seed)]) for seed in ("one", "two"))
    )
    assert 150 <= len(first) <= 250
    assert len(first & second) < 40


def test_only_a_rule_in_force_holds_out() -> None:
    """A shadowed holdout is recorded and holds nobody back."""
    draws = {"s": 0.5}
    assert Policy.of([rule("holdout", share=1, seed="s")]).held_out(draws)
    assert not Policy.of([rule("holdout", share=1, seed="s", mode="shadow")]).held_out(draws)
    assert not Policy.of([]).held_out(draws)


def test_a_draw_below_the_share_is_held_out_and_one_that_nobody_made_too() -> None:
    """The share itself is not in it; a seed for which nothing was drawn denies."""
    one = rule("holdout", share=0.5, seed="winback-1")
    assert judged(one, facts(draws={"winback-1": 0.4999})).code == "held_out"
    assert judged(one, facts()).code == "not_held_out"
    assert judged(rule("holdout", share=0, seed="new"), facts()).decision is Decision.DENY
