"""How many words an edit changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.store.models import Proposal
from workers.reworded import distance, words_changed

WORDS = st.lists(st.sampled_from("abc"), max_size=6)


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("", "", 0),
        ("", "a b", 2),
        ("a b c", "a c", 1),
        ("a b c", "a x c", 1),
        ("a b c", "c a b", 2),
        ("the first report", "your very first reports", 3),
    ],
)
def test_words_put_in_taken_out_or_replaced(one: str, other: str, far: int) -> None:
    """Each counts as one."""
    assert distance(one.split(), other.split()) == far


@given(one=WORDS, other=WORDS, third=WORDS)
def test_it_is_a_distance(one: list[str], other: list[str], third: list[str]) -> None:
    """The same way back, nothing for nothing, never shorter by a detour."""
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, third) <= distance(one, other) + distance(other, third)


def test_an_argument_is_one_word() -> None:
    """Another number of days, and a word of the message."""
    before = Proposal(
        arguments={"days": 14, "trial": "team"}, message={"subject": "A trial", "body": "Two weeks."}
    )
    after = Proposal(arguments={"days": 7, "trial": "team"}, message={"subject": "A trial", "body": "One week."})
    assert words_changed(before, after) == 3
