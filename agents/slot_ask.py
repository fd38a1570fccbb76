"""Asking a capable model for the words of a message's slots, in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import create_model

from agents.answer_schema import StrictAnswer
from agents.model import Structured
from agents.typed_ask import TypedAsk
from prompts.load import Turn
from prompts.message import Slot


@dataclass(frozen=True, slots=True)
class SlotWords:
    words: Mapping[str, str]
    tokens_in: int
    tokens_out: int


class SlotAsk:
    def __init__(self, chat: BaseChatModel, structured: Structured) -> None:
        self._ask = TypedAsk(chat, structured)

    def words(self, slots: Sequence[Slot], turns: Sequence[Turn]) -> SlotWords:
        """A word or more for each slot, unchecked; raises as `TypedAsk.ask` does."""
        said = self._ask.ask(words_type(tuple(slot.name for slot in slots)), turns)
        return SlotWords(said.answer.model_dump(), said.tokens_in, said.tokens_out)


@lru_cache(maxsize=64)
def words_type(names: tuple[str, ...]) -> type[StrictAnswer]:
    """The answer type for slots of these names; the same type for the same names."""
    fields: dict[str, Any] = dict.fromkeys(names, (str, ...))
    return create_model("Words", __base__=StrictAnswer, **fields)
