"""Connections to a mail server that are used for more than one message."""

import contextlib
import smtplib
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.channels.channel import NotSent

FAREWELL_SECONDS = 2.0


class Refused(NotSent):
    """The server said no in good order: the same connection can carry the next message."""


@dataclass(slots=True, eq=False)
class Held:
    """A connection in the hands of one thread. `messages` counts the present one."""

    server: smtplib.SMTP
    messages: int = 0
    rests_since: float = 0.0

    @property
    def reused(self) -> bool:
        return self.messages > 1


class SmtpPool:
    """Gives each caller a connection of its own: one that rests and still answers, or a new one.

    `connect` opens, secures and logs in. At most `messages` per connection; one that rested longer than
    `idle_seconds` is closed. Safe with threads.
    """

    def __init__(
        self,
        connect: Callable[[], smtplib.SMTP],
        *,
        messages: int,
        idle_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._messages = messages
        self._idle_seconds = idle_seconds
        self._now = now
        self._resting: list[Held] = []
        self._lock = threading.Lock()
        self._closed = False
        # For a pool that nobody closed. The list is the same one for all of the pool's life.
        weakref.finalize(self, _cut, self._resting)

    @contextlib.contextmanager
    def connection(self) -> Iterator[Held]:
        """A connection at its beginning. After any failure but `Refused` it is cut, never used again."""
        held = self._take()
        good = False
        try:
            yield held
            good = True
        except Refused:
            good = True
            raise
        finally:
            if good:
                self._give_back(held)
            else:
                held.server.close()

    def close(self) -> None:
        """Say goodbye on all that rest; what is in use is closed when it is given back."""
        with self._lock:
            self._closed = True
            resting = self._resting.copy()
            self._resting.clear()
        for held in resting:
            leave(held.server)

    def _take(self) -> Held:
        while (held := self._rested()) is not None:
            if _answers(held.server):
                break
            held.server.close()
            # Where one was cut the others were too: asking each could take as many time-outs.
            with self._lock:
                _cut(self._resting)
        if held is None:
            held = Held(self._connect())
        held.messages += 1
        return held

    def _rested(self) -> Held | None:
        """The one that rested least; those past their time are closed."""
        oldest = self._now() - self._idle_seconds
        with self._lock:
            late = [one for one in self._resting if one.rests_since < oldest]
            self._resting[:] = [one for one in self._resting if one.rests_since >= oldest]
            held = self._resting.pop() if self._resting else None
        for one in late:
            leave(one.server)
        return held

    def _give_back(self, held: Held) -> None:
        held.rests_since = self._now()
        with self._lock:
            keep = not self._closed and self._idle_seconds > 0 and held.messages < self._messages
            if keep:
                self._resting.append(held)
        if not keep:
            leave(held.server)


def _answers(server: smtplib.SMTP) -> bool:
    """Whether the connection is alive, with nothing left of the last message."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        code, _ = server.rset()
        return code == 250
    return False


def _cut(resting: list[Held]) -> None:
    while resting:
        resting.pop().server.close()


def leave(server: smtplib.SMTP) -> None:
    """Say goodbye; however that goes, the last answer is what counts."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        if server.sock is not None:
            server.sock.settimeout(FAREWELL_SECONDS)
        server.quit()
    server.close()
