"""A chat model that answers from a script: for tests, benchmarks, and trying a policy without a model."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field

from agents.breaker import Breaker
from agents.calling import Caller
from agents.connection import Connection
from agents.meter import Meter
from agents.metered import Metered
from agents.model import OpenModel, Structured
from winback.clock import Clock

TOKENS_IN = 100
TOKENS_OUT = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: what was said, and what form of answer the caller wanted."""

    messages: tuple[BaseMessage, ...]
    wanted: dict[str, Any]

    @property
    def text(self) -> str:
        return "\n".join(str(message.text) for message in self.messages)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of the answer that was asked for, if one was."""
        schema: dict[str, Any] | None = None
        if "response_format" in self.wanted:
            schema = self.wanted["response_format"]["json_schema"]["schema"]
        elif tools := self.wanted.get("tools"):
            schema = tools[0].args_schema
        return schema


Answer: TypeAlias = str | dict[str, Any] | Exception | Callable[[Asked], str | dict[str, Any]]


class ScriptedModel(BaseChatModel):
    """Gives the answers in order; the last one again and again where `repeat` is set.

    A dict is given in the form that was asked for, an exception is raised, a function is called with the
    question. A question after the last answer is a RuntimeError.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    answers: list[Any]
    repeat: bool = False
    asked: list[Asked] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=list(tools), **kwargs) if tools else self.bind(**kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        asked = Asked(tuple(messages), kwargs)
        self.asked.append(asked)
        answer = self._next()
        if isinstance(answer, Exception):
            raise answer
        said = answer(asked) if callable(answer) else answer
        return ChatResult(generations=[ChatGeneration(message=_message(said, asked))])

    def _next(self) -> Answer:
        number = len(self.asked) - 1
        if number >= len(self.answers) and not (self.repeat and self.answers):
            raise RuntimeError(f"the script has {len(self.answers)} answers and was asked {number + 1} times")
        answer: Answer = self.answers[min(number, len(self.answers) - 1)]
        return answer


def scripted(
    answers: Sequence[Answer],
    clock: Clock,
    *,
    repeat: bool = False,
    attempts: int = 1,
    embedded: bool = False,
    structured: Structured = "json_schema",
    sleep: Callable[[float], None] = lambda _seconds: None,
) -> OpenModel:
    """An open model that answers from a script, with the real retries and circuit breaker around it."""
    calls = Caller(Breaker(clock), attempts=attempts, place="scripted", sleep=sleep)

    def connect(meter: Meter) -> Connection:
        chat = ScriptedModel(answers=list(answers), repeat=repeat, callbacks=[Metered(meter)])
        return Connection(chat=chat, calls=calls)

    return OpenModel("scripted", connect, embedded=embedded, structured=structured)


def first_option(asked: Asked) -> str | dict[str, Any]:
    """An answer that is always allowed: the first option, the first word, or plain words for every slot."""
    schema = asked.schema
    if schema is None:
        grammar = asked.wanted.get("extra_body", {}).get("grammar", "")
        words = re.findall(r'"([^"]+)"', grammar)
        return words[0] if words else "ready"
    if (action := schema.get("$defs", {}).get("Action0")) is None:
        return dict.fromkeys(schema["properties"], "We are glad to help")
    first = {name: field["enum"][0] for name, field in action["properties"].items()}
    return {"confidence": 0.8, "action": first}


def _message(said: str | dict[str, Any], asked: Asked) -> AIMessage:
    usage: Any = {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT, "total_tokens": TOKENS_IN + TOKENS_OUT}
    if isinstance(said, dict) and (tools := asked.wanted.get("tools")):
        call = {"name": tools[0].name, "args": said, "id": f"call-{len(asked.messages)}", "type": "tool_call"}
        return AIMessage(content="", tool_calls=[call], usage_metadata=usage)
    content = json.dumps(said, ensure_ascii=False) if isinstance(said, dict) else said
    return AIMessage(content=content, usage_metadata=usage)
