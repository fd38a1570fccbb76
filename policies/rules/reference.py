"""Names in a rule that must exist elsewhere: tools, their arguments, catalogue entries, channels, purposes."""

from dataclasses import dataclass
from typing import Literal

What = Literal["tool", "argument", "catalogue id", "channel", "purpose", "kind of drop"]


@dataclass(frozen=True, slots=True)
class Reference:
    """`place` is its way inside the rule; `tool` says whose argument it is, or whose `argument` names it.

    `offset`: it is at that character of the text which stands there.
    """

    place: tuple[str | int, ...]
    what: What
    name: str
    tool: str | None = None
    argument: str | None = None
    offset: int | None = None
