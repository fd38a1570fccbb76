"""Time is an argument; this is where it enters."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is set; the demo and the tests live by it."""

    def __init__(self, start: datetime) -> None:
        self._now = aware(start)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = aware(moment)


def aware(moment: datetime) -> datetime:
    """Return `moment` in UTC; a naive one is refused.

    Raises:
        ValueError: the datetime carries no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment.isoformat()}: give it a zone")
    return moment.astimezone(UTC)
