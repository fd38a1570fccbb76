"""How many messages a minute go to one domain. Each process counts its own."""

import threading
from collections import deque
from datetime import datetime, timedelta

from tools.channels.channel import NotSent
from winback.clock import Clock

WINDOW = timedelta(minutes=1)


class DomainRate:
    """`limit` messages in any 60 seconds; None is no limit, 0 lets none pass. Safe with threads."""

    def __init__(self, limit: int | None, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._sent: deque[tuple[datetime, str]] = deque()
        self._lock = threading.Lock()

    def take(self, domain: str) -> None:
        """Count one message to this domain.

        Raises:
            NotSent: it would be one too many; the reason says until when.
        """
        if self._limit is None:
            return
        if self._limit == 0:
            reason = "channels.smtp.per_domain_per_minute is 0: no mail is sent"
            raise NotSent(reason, retry=True, after=WINDOW, tried=False)
        now, domain = self._clock.now(), domain.lower()
        with self._lock:
            # A clock that was set back must not block for longer than the window.
            self._sent = deque(one for one in self._sent if now - WINDOW < one[0] <= now)
            times = [moment for moment, name in self._sent if name == domain]
            if len(times) >= self._limit:
                free = times[-self._limit] + WINDOW
                raise NotSent(
                    f"{self._limit} messages a minute to {domain} are the limit until {free:%H:%M:%S} UTC",
                    retry=True, after=free - now, tried=False,
                )  # fmt: skip
            self._sent.append((now, domain))
