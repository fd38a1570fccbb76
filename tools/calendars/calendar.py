"""A host's calendar: when the host is busy. One that does not answer stops the offering of that host's slots."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tools.tool import Busy
from winback.errors import SetupError


@dataclass(frozen=True, slots=True)
class Taken(Busy):
    """Busy time with the UID of its event; `""` where the calendar tells none."""

    uid: str = ""


class CalendarSilentError(SetupError):
    """A calendar gave no answer that can be used. Nobody may take that for free time."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        self.reason = reason
        super().__init__(
            f"calendar does not answer: {reason}", where=f"calendars.{host}", fix="mend it, or no slot is offered"
        )


class Calendar(Protocol):
    """One host's time."""

    def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        """What is taken between two moments, in order; it may reach beyond them.

        Raises:
            CalendarSilentError: that is not known.
        """
        ...

    def probe(self) -> None:
        """Raises CalendarSilentError when nothing could be learnt now."""
        ...


def apart_from(busy: Iterable[Busy], uid: str) -> tuple[Busy, ...]:
    """Without one event's own time: a call is not in the way of itself when it is looked at again."""
    return tuple(one for one in busy if not (uid and isinstance(one, Taken) and one.uid == uid))
