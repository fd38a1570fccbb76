"""How many acts fit a lease: what is taken in hand and not sent in time goes back, one by one."""

MOST = 256
"""So many acts are intended in one transaction; a worker that dies leaves as many to be asked about."""
PART_OF_LEASE = 0.5
"""Of a lease a group may take so much: receivers slow down without a word."""


class Pace:
    """Remembers how long the acts of the last group took."""

    def __init__(self, lease_seconds: float) -> None:
        self._lease = lease_seconds
        self._each = 0.0

    def note(self, acts: int, seconds: float) -> None:
        """So many acts were sent in so many seconds since they were taken in hand.

        Where none was sent the next group is no larger, and smaller if that took long: the lease was over first.
        """
        self._each = seconds / acts if acts else max(self._each, seconds)

    def most(self) -> int:
        """So many may be taken together now."""
        if self._each <= 0:
            return MOST
        return min(MOST, self.within(self._lease * PART_OF_LEASE))

    def within(self, seconds: float) -> int:
        """So many acts are sent in so long as the last ones were; one, as long as nothing is known."""
        return max(1, int(seconds / self._each)) if self._each > 0 else 1
