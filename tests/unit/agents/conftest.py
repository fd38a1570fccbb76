"""Sample briefs and options."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.brief import REASONS, Brief
from tools.tool import Arguments, Option
from winback.clock import SimulatedClock
from winback.testing.endpoint import Endpoint, serving
from winback.usage.drop import Driver, DropKind

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
BRIEF = Brief(
    kind=DropKind.FEATURE_FELL,
    reason=REASONS[DropKind.FEATURE_FELL],
    feature="reports",
    seen_days=1,
    expected_days=4.2,
    lost_days=3.2,
    onset_weeks=2,
    drivers=(Driver("reports", 4.0, 0.5),),
    seats_before=5,
    seats_now=4,
    plan="team",
    value_band="middle",
    language="en",
    contacts_before=1,
)


@pytest.fixture
def brief() -> Brief:
    return BRIEF


@pytest.fixture
def brief_of() -> Callable[..., Brief]:
    def make(kind: DropKind, **changes: Any) -> Brief:
        return replace(BRIEF, kind=kind, reason=REASONS[kind], **changes)

    return make


@pytest.fixture
def option() -> Callable[..., Option]:
    def make(tool: str, catalogue_id: str, fit: float = 1.0, hint: str = "words") -> Option:
        return Option(
            tool=tool, arguments=Arguments(), catalogue_id=catalogue_id, label="for people", hint=hint, fit=fit
        )

    return make


@pytest.fixture
def options(option: Callable[..., Option]) -> list[Option]:
    return [
        option("send_tutorial", "reports-first", 0.8),
        option("send_tutorial", "tour", 0.9),
        option("offer_trial_upgrade", "trial-team"),
        option("book_call", "checkin", 0.5),
        option("book_call", "checkin", 0.4),
    ]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NOW)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as served:
        yield served
