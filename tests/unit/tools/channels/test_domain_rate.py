"""The rate: so many a minute to one domain, in any sixty seconds."""

from datetime import timedelta

import pytest

from tests.unit.tools.situations import NOW
from tools.channels.channel import NotSent
from tools.channels.domain_rate import DomainRate
from winback.clock import SimulatedClock

SECOND = timedelta(seconds=1)


def test_over_the_rate_says_until_when() -> None:
    """The third of two waits for the first to be a minute old; other domains and other cases of letters do not."""
    clock = SimulatedClock(NOW)
    rate = DomainRate(2, clock)
    rate.take("a.example")
    clock.set(NOW + 20 * SECOND)
    rate.take("A.example")
    with pytest.raises(NotSent, match=r"2 messages a minute to a\.example are the limit until 06:01:00") as no:
        rate.take("a.example")
    assert no.value.retry is True
    rate.take("b.example")
    clock.set(NOW + 59 * SECOND)
    with pytest.raises(NotSent, match="until 06:01:00 UTC"):
        rate.take("a.example")
    clock.set(NOW + 60 * SECOND)
    rate.take("a.example")
    with pytest.raises(NotSent, match="until 06:01:20 UTC"):
        rate.take("a.example")


def test_no_limit() -> None:
    """Without a number nothing is held back."""
    rate = DomainRate(None, SimulatedClock(NOW))
    for _ in range(1000):
        rate.take("a.example")


def test_zero_is_zero() -> None:
    """A limit of none lets nothing pass."""
    with pytest.raises(NotSent, match="no mail is sent") as caught:
        DomainRate(0, SimulatedClock(NOW)).take("a.example")
    assert caught.value.retry is True


def test_a_clock_set_back_blocks_nobody() -> None:
    """What was counted in a future that was taken back is forgotten."""
    clock = SimulatedClock(NOW)
    rate = DomainRate(1, clock)
    rate.take("a.example")
    clock.set(NOW - timedelta(hours=1))
    rate.take("a.example")
