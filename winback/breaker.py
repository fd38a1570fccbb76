"""A circuit breaker: after several failures in a row, stop trying for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from winback.clock import Clock


@dataclass(frozen=True)
class Standing:
    """How it stands: failures in a row, and until when nobody tries, if so."""

    failures: int
    rests_until: datetime | None


class Breaker:
    """Opens after `limit` failures in a row; after `pause` it lets one try through to see."""

    def __init__(self, clock: Clock, *, limit: int = 5, pause: timedelta = timedelta(seconds=60)) -> None:
        self._clock = clock
        self._limit = limit
        self._pause = pause
        self._lock = Lock()
        self._failed = 0
        self._tries_again: datetime | None = None

    def closed_until(self) -> datetime | None:
        """None when one may try; otherwise until when nobody should."""
        with self._lock:
            if self._tries_again is None:
                return None
            now = self._clock.now()
            if now >= self._tries_again:
                # Only this caller tries; the others wait for what it finds.
                self._tries_again = now + self._pause
                return None
            return self._tries_again

    def standing(self) -> Standing:
        """For who looks only: nobody is let through by it."""
        with self._lock:
            open_until = self._tries_again
            if open_until is not None and open_until <= self._clock.now():
                open_until = None
            return Standing(self._failed, open_until)

    def note(self, *, failed: bool) -> None:
        """Tell how a try went."""
        with self._lock:
            if not failed:
                self._failed, self._tries_again = 0, None
                return
            self._failed += 1
            if self._failed >= self._limit:
                self._tries_again = self._clock.now() + self._pause
