"""What a rule cannot see in the facts of one account and the database must count."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

What = Literal["contacts", "value", "bounces", "complaints", "tokens", "money"]


@dataclass(frozen=True, slots=True)
class Counter:
    """A question to the database; the answer goes to `Facts.counts[name]`.

    Over all accounts, from `since` on and before `until` (None: until now), without the act under
    judgement: the effects that reached a customer or may have ("contacts"), the sum of their goodwill
    ("value"), the bounces and complaints that were recorded, or what the model cost in tokens or money.
    Empty `tools` or `channels` mean all of them; `approved_by` is a reviewer.

    `name` says all of the question but the moment: the same name is the same question in any policy.
    """

    name: str
    what: What
    since: datetime
    until: datetime | None = None
    tools: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    approved_by: str | None = None


def question(
    what: What,
    window: str,
    *,
    tools: tuple[str, ...] = (),
    channels: tuple[str, ...] = (),
    approved_by: str = "",
) -> str:
    """The name of a question; `window` is `Window.key` or another word for a stretch of time."""
    parts = [f"{what} {window}"]
    parts += [f"tools={','.join(sorted(tools))}"] if tools else []
    parts += [f"channels={','.join(sorted(channels))}"] if channels else []
    parts += [f"by={approved_by}"] if approved_by else []
    return " ".join(parts)
