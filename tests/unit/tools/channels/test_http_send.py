"""Retry-After in both its forms, and in none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.channels.http_send import Answer, wait_of

NOW = datetime(2026, 10, 16, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("86400", 86400),
        ("86401", 86400),
        ("9" * 5000, 86400),
        ("Fri, 16 Oct 2026 06:00:45 GMT", 45),
        ("Fri, 16 Oct 2026 06:00:45 -0000", 45),
        ("Fri, 16 Oct 2026 08:00:45 +0200", 45),
        ("Fri, 16 Oct 2026 05:00:00 GMT", 0),
        ("Fri, 16 Oct 2099 05:00:00 GMT", 86400),
    ],
)
def test_it_is_understood(text: str, seconds: int) -> None:
    """Seconds or a date, never less than nothing, at most a day."""
    assert wait_of(Answer(429, "", text), NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "٣", "Fri, 99 Oct 2026 06:00:45 GMT", "0x10"])
def test_what_makes_no_sense_is_nothing(text: str | None) -> None:
    """Then our own schedule of waits holds."""
    assert wait_of(Answer(429, "", text), NOW) is None


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    """Whatever a receiver writes there, the wait is none or between nothing and a day."""
    wait = wait_of(Answer(503, "", text), NOW)
    assert wait is None or timedelta(0) <= wait <= timedelta(days=1)
