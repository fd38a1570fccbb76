"""What questions to the model cost, in tokens: every answer counts, the bad ones that were asked again too."""

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens sent and answered; 0 where the endpoint does not tell."""

    sent: int = 0
    answered: int = 0


class Meter:
    """Counts from one reading to the next."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted = Tokens()

    def count(self, sent: int, answered: int) -> None:
        """One more answer."""
        with self._lock:
            self._counted = Tokens(self._counted.sent + sent, self._counted.answered + answered)

    def peek(self) -> Tokens:
        """What has been counted since the last reading; the count goes on."""
        with self._lock:
            return self._counted

    def read(self) -> Tokens:
        """What was counted since the last reading."""
        with self._lock:
            counted, self._counted = self._counted, Tokens()
        return counted
