"""Whether the person whom an act goes to has said stop, asked right before it is sent and true while it is."""

import time
from collections.abc import Sequence
from datetime import timedelta

from tools.channels.channel import NotSent
from winback.store.models import Effect
from winback.store.sending import Sending
from winback.store.store import Store
from winback.store.types import CUSTOMER, MESSAGE
from workers.follow_up import TO_PEOPLE

HOLDS_SECONDS = 0.05
"""So long one look holds for several people: while it does, their stop waits for us."""
STOPPED = "they have said stop since"


class Addressed:
    """The people whom several acts go to, each looked at before their own is sent.

    Those that follow are looked at together with it: `many` at first, twice as many as long as sending is quick.
    """

    def __init__(self, store: Store, effects: Sequence[Effect], many: int) -> None:
        self._sending = Sending(store)
        self._effects = effects
        self._many = many
        self._looked: frozenset[int] = frozenset()
        self._may: frozenset[int] = frozenset()
        self._since = 0.0

    def refusal(self, number: int) -> NotSent | None:
        """Why the act with this number is not sent now."""
        effect = self._effects[number]
        if not to_customer(effect):
            return None
        if effect.contact_id not in self._looked or time.monotonic() - self._since > HOLDS_SECONDS:
            self._look(number)
        if effect.contact_id in self._may:
            return None
        return NotSent(STOPPED, retry=True, after=timedelta(0), tried=False)

    def last_word(self, number: int) -> None:
        """For a channel that has waited long for its receiver since.

        Raises:
            NotSent: they have said stop meanwhile.
        """
        if (refused := self.refusal(number)) is not None:
            raise refused

    def close(self) -> None:
        """Nobody's stop waits for us any more."""
        self._sending.release()
        self._looked, self._many = frozenset(), 1

    def _look(self, number: int) -> None:
        now = time.monotonic()
        if self._looked:
            self._many = 2 * len(self._looked) if now - self._since <= HOLDS_SECONDS else 1
        following = [one.contact_id for one in self._effects[number:] if to_customer(one)]
        self._looked = frozenset(following[: self._many])
        self._may, self._since = self._sending.take(self._looked), now


def to_customer(effect: Effect) -> bool:
    """Whether it is something that a stop stops: not the taking back of a plan, nor word to a colleague."""
    return effect.audience == CUSTOMER and (effect.part == MESSAGE or effect.medium in TO_PEOPLE)
