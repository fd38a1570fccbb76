"""The reason in words."""

import pytest

from winback.usage.detect.reason import percent, reason
from winback.usage.drop import Channel


def test_fast_tells_what_was_seen_and_expected() -> None:
    """The fast channel speaks of the week, and says that holidays are in the expectation."""
    words = reason("days", Channel.FAST, seen=0, expected=5.2, days=7, share=0.001, silent=8)
    assert words == "active on 0 of 7 days; 5.2 expected, holidays considered"


def test_slow_tells_the_silence_and_its_probability() -> None:
    """The slow channel tells how long it is silent and how likely that was."""
    words = reason("days", Channel.SLOW, seen=0, expected=5.2, days=14, share=0.004, silent=13)
    assert words == "silent for 13 days; its own decaying rate leaves 0.4 % for that"
    assert reason("champion", Channel.SLOW, seen=1, expected=9, days=14, share=0.031, silent=3) == (
        "its champion: active on 1 of 14 days; its own decaying rate leaves 3 % for that"
    )


@pytest.mark.parametrize(
    ("share", "words"), [(0.004, "0.4 %"), (0.00003, "less than 0.01 %"), (0.2, "20 %"), (0.0123, "1 %")]
)
def test_percentages_have_one_digit_that_counts(share: float, words: str) -> None:
    """Small shares keep one significant digit."""
    assert percent(share) == words
