"""The writer: a few words for the named slots of a message, or none.

A slot that is not written, or is written badly, keeps the template's own words; so the writer's failures
cost warmth, never a message. It carries no offer, no link and no name: the template does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from agents.brief import Brief
from agents.choice import Failure
from agents.content_check import problems
from agents.model import OpenModel
from prompts.load import Prompt, load_prompt
from prompts.message import Slot

if TYPE_CHECKING:
    from agents.slot_ask import SlotAsk

LANGUAGES: Mapping[str, str] = {"en": "English", "hi": "Hindi"}
_CODE = re.compile(r"[a-z]{2,3}")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Writing:
    """What came of it. `left_out` says for each slot that was not filled what was wrong with its words."""

    slots: Mapping[str, str]
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failure: Failure | None = None
    skipped: str | None = None
    model: str = ""
    prompt_version: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


def log_writing(writing: Writing) -> None:
    """The event that tells why a message has the template's own words."""
    if writing.failure is not None:
        _log.warning(
            "writer.failed", code=writing.failure.code, detail=writing.failure.detail, model=writing.model
        )
    elif writing.left_out:
        _log.info("writer.left_out", slots=dict(writing.left_out), model=writing.model)
    elif writing.skipped is not None:
        _log.debug("writer.skipped", why=writing.skipped, model=writing.model)


class Writer:
    """`record` hears of every result, also of the empty ones."""

    def __init__(self, model: OpenModel, record: Callable[[Writing], None] = log_writing) -> None:
        self._model = model
        self._record = record

    def fill(self, brief: Brief, slots: Sequence[Slot], language: str) -> dict[str, str]:
        """Words for the slots the model wrote well; empty when it failed or is the embedded one."""
        writing = self._write(brief, slots, language)
        self._record(writing)
        return dict(writing.slots)

    def _write(self, brief: Brief, slots: Sequence[Slot], language: str) -> Writing:
        if not slots:
            return Writing({}, skipped="no_slots", model=self._model.name)
        if self._model.embedded:
            return Writing({}, skipped="embedded_model", model=self._model.name)
        if not _CODE.fullmatch(language):
            return Writing({}, skipped="unknown_language", model=self._model.name)
        prompt = load_prompt("write")
        turns = prompt.render({"brief": brief, "slots": slots, "language": LANGUAGES.get(language, language)})
        ask = self._ask
        said = self._model.connection.calls.call(lambda: ask.words(slots, turns))
        if isinstance(said, Failure):
            return Writing({}, failure=said, model=self._model.name, prompt_version=prompt.version)
        return self._checked(said.value.words, slots, prompt, said.value.tokens_in, said.value.tokens_out)

    def _checked(
        self, words: Mapping[str, str], slots: Sequence[Slot], prompt: Prompt, tokens_in: int, tokens_out: int
    ) -> Writing:
        wrong = {slot.name: problems(words[slot.name], limit=slot.limit) for slot in slots}
        return Writing(
            slots={name: words[name].strip() for name, found in wrong.items() if not found},
            left_out={name: found for name, found in wrong.items() if found},
            model=self._model.name,
            prompt_version=prompt.version,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
        )

    @cached_property
    def _ask(self) -> "SlotAsk":
        from agents.slot_ask import SlotAsk  # noqa: PLC0415 - LangChain: on first use only

        return SlotAsk(self._model.connection.chat, self._model.structured)
