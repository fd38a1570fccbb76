"""`quiet_hours`: hours in which nobody is contacted; an act within them waits for the next open moment."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Literal

from pydantic import Field, model_validator

from policies.facts import Facts
from policies.rules.fields import ClockTime
from policies.rules.opening import OpenAt, Opening


class QuietHours(Opening):
    """From `from` until `to`, by the recipient's clock.

    A span across midnight is written as it is said: from 20:00 to 08:00.
    """

    kind: Literal["quiet_hours"]
    from_: ClockTime = Field(alias="from", description="HH:MM, the first quiet minute.")
    to: ClockTime = Field(description="HH:MM, the first open minute.")

    @model_validator(mode="after")
    def _leaves_something_open(self) -> "QuietHours":
        if self.from_ == self.to:
            raise ValueError("from and to are the same; use kill_switch to stop everything")
        return self

    def describe(self) -> str:
        return f"quiet from {self.from_} to {self.to}, {self.where()}{self.about()}"

    def times(self) -> tuple[time, ...]:
        return (time.min, time.fromisoformat(self.to))

    def open_for(self) -> Callable[[Facts], OpenAt]:
        first, last = _minutes(self.from_), _minutes(self.to)
        across = first > last

        def open_at(local: datetime) -> bool:
            minute = local.hour * 60 + local.minute
            return last <= minute < first if across else not first <= minute < last

        return lambda _: open_at


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
