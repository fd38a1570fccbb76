"""The circuit breaker of a model: while its endpoint is in trouble, nobody asks it."""

from datetime import timedelta

from agents.choice import Failure
from winback.breaker import Breaker as Switch
from winback.clock import Clock

# Failures that say something of the endpoint. A bad answer says something of one question only.
OF_THE_ENDPOINT = frozenset({"unreachable", "refused_key", "rate_limited", "timeout", "not_configured"})


class Breaker:
    """A `winback.breaker.Breaker` that answers with the failure it has seen."""

    def __init__(self, clock: Clock, *, limit: int = 5, pause: timedelta = timedelta(seconds=60)) -> None:
        self._switch = Switch(clock, limit=limit, pause=pause)
        self._last: Failure | None = None

    def refusal(self) -> Failure | None:
        """None when a call may be made; otherwise the failure to answer with instead."""
        until, last = self._switch.closed_until(), self._last
        if until is None or last is None:
            return None
        shown = until.isoformat(timespec="seconds")
        return Failure(code=last.code, detail=f"not asked until {shown}: {last.detail}", attempts=0)

    def note(self, failure: Failure | None) -> None:
        """Tell how a call went."""
        of_the_endpoint = failure is not None and failure.code in OF_THE_ENDPOINT
        self._last = failure if of_the_endpoint else None
        self._switch.note(failed=of_the_endpoint)
