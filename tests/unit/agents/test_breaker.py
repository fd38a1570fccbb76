"""The circuit breaker."""

from datetime import timedelta

import pytest

from agents.breaker import OF_THE_ENDPOINT, Breaker
from agents.choice import Failure

PAUSE = timedelta(seconds=30)
DOWN = Failure("unreachable", "host: no connection", 3)


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker(clock, limit=3, pause=PAUSE)


def test_it_opens_after_failures_in_a_row(breaker, clock) -> None:
    """The third failure in a row opens it; what it answers is the last failure, not asked."""
    for _ in range(2):
        breaker.note(DOWN)
        assert breaker.refusal() is None
    breaker.note(DOWN)
    refused = breaker.refusal()
    assert refused is not None
    assert (refused.code, refused.attempts) == ("unreachable", 0)
    assert (clock.now() + PAUSE).isoformat(timespec="seconds") in refused.detail


def test_an_answer_in_between_counts_from_anew(breaker) -> None:
    """Failures that are not in a row never open it."""
    for outcome in (DOWN, DOWN, None, DOWN, DOWN):
        breaker.note(outcome)
    assert breaker.refusal() is None


@pytest.mark.parametrize("code", ["bad_answer", "over_length"])
def test_a_bad_answer_is_of_the_question(breaker, code) -> None:
    """A bad answer shows that the endpoint is there."""
    assert code not in OF_THE_ENDPOINT
    for _ in range(5):
        breaker.note(Failure(code, "words"))
    assert breaker.refusal() is None


def test_one_call_finds_out(breaker, clock) -> None:
    """After the pause exactly one caller is let through; its success closes, its failure opens again."""
    for _ in range(3):
        breaker.note(DOWN)
    clock.set(clock.now() + PAUSE)
    assert breaker.refusal() is None
    assert breaker.refusal() is not None
    breaker.note(DOWN)
    assert breaker.refusal() is not None
    clock.set(clock.now() + PAUSE)
    assert breaker.refusal() is None
    breaker.note(None)
    assert breaker.refusal() is None
    assert breaker.refusal() is None
