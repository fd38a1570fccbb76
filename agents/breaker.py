"""A circuit breaker: after several failures in a row, stop asking for a while."""

from datetime import datetime, timedelta
from threading import Lock

from agents.choice import Failure
from winback.clock import Clock

# Failures that say something of the endpoint. A bad answer says something of one question only.
OF_THE_ENDPOINT = frozenset({"unreachable", "refused_key", "rate_limited", "timeout", "not_configured"})


class Breaker:
    """Opens after `limit` failures in a row; after `pause` it lets one call through to see."""

    def __init__(self, clock: Clock, *, limit: int = 5, pause: timedelta = timedelta(seconds=60)) -> None:
        self._clock = clock
        self._limit = limit
        self._pause = pause
        self._lock = Lock()
        self._failed = 0
        self._last: Failure | None = None
        self._asks_again: datetime | None = None

    def refusal(self) -> Failure | None:
        """None when a call may be made; otherwise the failure to answer with instead."""
        with self._lock:
            if self._last is None or self._asks_again is None:
                return None
            now = self._clock.now()
            if now >= self._asks_again:
                # Only this caller tries; the others wait for what it finds.
                self._asks_again = now + self._pause
                return None
            until = self._asks_again.isoformat(timespec="seconds")
            return Failure(
                code=self._last.code, detail=f"not asked until {until}: {self._last.detail}", attempts=0
            )

    def note(self, failure: Failure | None) -> None:
        """Tell how a call went."""
        with self._lock:
            if failure is None or failure.code not in OF_THE_ENDPOINT:
                self._failed, self._last, self._asks_again = 0, None, None
                return
            self._failed += 1
            self._last = failure
            if self._failed >= self._limit:
                self._asks_again = self._clock.now() + self._pause
