"""Choosing with a capable model: one typed answer over tools and options."""

from collections.abc import Sequence

from agents.answer_schema import NoAction, Selection, keyed, selection_type, shape_of
from agents.brief import Brief
from agents.picked import Picked
from agents.typed_ask import TypedAsk
from prompts.load import Prompt, Turn, load_prompt
from prompts.message import clean
from tools.tool import Option

MAX_LABEL = 120


class StructuredChooser:
    """The model picks the tool, the option, a reason from a list, and says how sure it is."""

    def __init__(self, ask: TypedAsk, prompt: Prompt | None = None) -> None:
        self._ask = ask
        self._prompt = prompt or load_prompt("select")

    @property
    def prompt_version(self) -> str:
        return self._prompt.version

    def pick(self, brief: Brief, options: Sequence[Option]) -> Picked:
        by_key = keyed(options)
        answer_type: type[Selection] = selection_type(shape_of(by_key))
        said = self._ask.ask(answer_type, select_turns(self._prompt, brief, options))
        action, sure = said.answer.action, said.answer.confidence
        if isinstance(action, NoAction):
            return Picked(None, action.reason, sure, said.tokens_in, said.tokens_out)
        chosen = by_key[action.tool, action.option]
        return Picked(chosen, action.why, sure, said.tokens_in, said.tokens_out)


def select_turns(prompt: Prompt, brief: Brief, options: Sequence[Option]) -> tuple[Turn, ...]:
    """What is put before the model for these options."""
    lines = [
        {"tool": tool, "key": key, "label": clean(option.hint, MAX_LABEL)}
        for (tool, key), option in keyed(options).items()
    ]
    return prompt.render({"brief": brief, "options": lines})
