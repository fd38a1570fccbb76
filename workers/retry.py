"""When an act that certainly did not go is tried again."""

from collections.abc import Mapping
from datetime import timedelta
from random import uniform
from typing import Any

from tenacity import RetryCallState
from tenacity.wait import wait_exponential

from tools.channels.channel import NotSent
from winback.store.types import CALENDAR, ENTITLEMENT, WEBHOOK

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=6)
PATIENT = (WEBHOOK, ENTITLEMENT, CALENDAR)
"""Media whose receivers are machines of the operator's: they may be down for a weekend."""
PATIENT_ATTEMPTS = 20
"""About three days: eight and a half hours until waits are `LONGEST`, then ten of these."""
SPREAD = 0.25
"""Each wait is up to so much of itself longer or shorter: what failed together does not come back together."""
_wait = wait_exponential(multiplier=FIRST.total_seconds(), max=LONGEST.total_seconds())


def wait_after(attempts: int, problem: NotSent) -> timedelta:
    """How long after the `attempts`-th try; a receiver that named a time is not asked before it.

    What was held back by ourselves waits for as long as that needs.
    """
    if not problem.tried and problem.after is not None:
        return problem.after
    state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]  # only the number is looked at
    state.attempt_number = max(1, attempts)
    wait = timedelta(seconds=_wait(state) * uniform(1 - SPREAD, 1 + SPREAD))  # noqa: S311  no secret
    return max(wait, problem.after) if problem.after is not None else wait


def attempts_of(medium: str, configured: int) -> int:
    """How many tries an act gets before a person is asked."""
    return max(configured, PATIENT_ATTEMPTS) if medium in PATIENT else configured


def receiver_of(medium: str, payload: Mapping[str, Any]) -> str:
    """Who fails by themselves: a medium, or of calendars the one of each host."""
    return f"{medium} {str(payload.get('host', '')).lower()}" if medium == CALENDAR else medium
