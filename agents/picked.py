"""What a way of choosing gives back, before it is known how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.brief import Brief
from agents.choice import ChoiceReason, NothingReason
from tools.tool import Option


@dataclass(frozen=True, slots=True)
class Picked:
    """`option` None: nothing was chosen, and `why` is a NothingReason."""

    option: Option | None
    why: ChoiceReason | NothingReason
    confidence: float | None
    tokens_in: int
    tokens_out: int


class Chooser(Protocol):
    """A way to have a model choose among options, of which there is at least one."""

    @property
    def prompt_version(self) -> str: ...

    def pick(self, brief: Brief, options: Sequence[Option]) -> Picked:
        """Ask the model once.

        Raises:
            BadAnswer, OverLength, and what the OpenAI client and LangChain raise: see failure.py.
        """
        ...
