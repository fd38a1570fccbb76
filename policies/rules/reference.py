"""Names in a rule that must exist elsewhere: tools, their arguments, catalogue entries, channels."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reference:
    """`place` is its way inside the rule; `tool` says whose argument it is."""

    place: tuple[str | int, ...]
    what: Literal["tool", "argument", "catalogue id", "channel"]
    name: str
    tool: str | None = None
