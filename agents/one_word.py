"""Choosing with the embedded model: one word for the tool, constrained by a grammar.

A model this small names the same tool every time when it is asked for JSON. Shown examples, always in the
same order, and left to complete one word, it tells the kinds of drop apart most of the time, not always.
It may say `nothing`, and is told nothing of it: shown an example it took the wrong tool four times as often,
told what it means it left the account's manager in the dark, and neither made it say so where it was right.
"""

import json
import math
from collections.abc import Collection, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from agents.brief import Brief
from agents.calling import invoke
from agents.failure import BadAnswer, OverLength
from agents.picked import Picked
from agents.typed_ask import messages, tokens
from prompts.load import Prompt, load_prompt
from tools.tool import Option

NOTHING = "nothing"
"""The word for doing nothing; no tool has it."""
WORD_TOKENS = 12
ALTERNATIVES = 20


class OneWordChooser:
    """The model picks the tool or nothing; within the tool the best-fitting option is taken."""

    def __init__(self, chat: BaseChatModel, prompt: Prompt | None = None) -> None:
        self._chat = chat
        self._prompt = prompt or load_prompt("choose_word")

    @property
    def prompt_version(self) -> str:
        return self._prompt.version

    def pick(self, brief: Brief, options: Sequence[Option]) -> Picked:
        tools = words_for([option.tool for option in options])
        words = (*tools, NOTHING)
        turns = self._prompt.render({"brief": brief})
        chat = self._chat.bind(
            max_tokens=WORD_TOKENS,
            logprobs=True,
            top_logprobs=ALTERNATIVES,
            extra_body={"grammar": grammar(words)},
        )
        said = invoke(chat, messages(turns))
        word = _word(said, turns[-1].text)
        if word not in words:
            raise _no_word(said)
        sure = confidence(said, word, words)
        if word == NOTHING:
            return Picked(None, "not_said", sure, *tokens(said))
        best = max((o for o in options if o.tool == tools[word]), key=lambda option: option.fit)
        return Picked(best, "not_said", sure, *tokens(said))


def words_for(tools: Sequence[str]) -> dict[str, str]:
    """A word for each tool: the last part of its name, or all of it where that would not be unique.

    Raises:
        ValueError: a tool has the name that stands for doing nothing.
    """
    unique = list(dict.fromkeys(tools))
    if NOTHING in unique:
        raise ValueError(f"no tool may be called {NOTHING}")
    short = [tool.rsplit("_", 1)[-1] for tool in unique]
    return {
        (word if word and word != NOTHING and short.count(word) == 1 else tool): tool
        for word, tool in zip(short, unique, strict=True)
    }


def grammar(words: Collection[str]) -> str:
    """A GBNF grammar of exactly these words, each as it follows `Help:`."""
    return "root ::= " + " | ".join(json.dumps(f" {word}") for word in words)


def confidence(said: AIMessage, word: str, words: Collection[str]) -> float | None:
    """The word's share of the probability that its first token and those of the other words have.

    None where the endpoint tells no probabilities, or where the word is not among the likely ones.
    """
    likely = _likely(said)
    mass = {one: sum(p for token, p in likely.items() if one.startswith(token)) for one in words}
    if not mass.get(word):
        return None
    return round(mass[word] / sum(mass.values()), 4)


def _likely(said: AIMessage) -> dict[str, float]:
    told: Any = said.response_metadata.get("logprobs")
    content = told.get("content") if isinstance(told, dict) else None
    if not content:
        return {}
    likely: dict[str, float] = {}
    for one in content[0].get("top_logprobs", ()):
        if token := str(one["token"]).strip():
            likely[token] = likely.get(token, 0.0) + math.exp(one["logprob"])
    return likely


def _word(said: AIMessage, lead: str) -> str:
    """The word; llama.cpp repeats the words the answer was to begin with."""
    return str(said.text).strip().removeprefix(lead).strip()


def _no_word(said: AIMessage) -> Exception:
    if said.response_metadata.get("finish_reason") == "length":
        return OverLength()
    return BadAnswer("the model answered with none of the words it may use")
