"""What a rule cannot see in the facts of one account and the database must count."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Counter:
    """A question to the database; the answer goes to `Facts.counts[rule]`.

    Over all accounts, the effects at or after `since` that reached a customer or may have, without
    the act under judgement: their number ("contacts"), or the sum of their goodwill ("value").
    Empty `tools` or `channels` mean all of them.
    """

    rule: str
    since: datetime
    what: Literal["contacts", "value"]
    tools: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
