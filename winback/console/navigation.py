"""Where one can go: a line of the navigation appears when its page is there and the person may see it."""

from dataclasses import dataclass

from winback.console.rights import Right
from winback.console.words import N_


@dataclass(frozen=True)
class Place:
    """One line of the navigation."""

    path: str
    words: str
    right: Right = Right.LOOK


PLACES = (
    Place("/", N_("Overview")),
    Place("/queue", N_("Queue")),
    Place("/accounts", N_("Accounts")),
    Place("/decisions", N_("Decisions")),
    Place("/policies", N_("Policies")),
    Place("/runs", N_("Runs")),
    Place("/channels", N_("Channels")),
    Place("/people", N_("People"), Right.OPERATE),
)
