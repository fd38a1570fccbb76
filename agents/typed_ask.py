"""Asking a capable model for an answer of a given type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agents.answer_schema import StrictAnswer
from agents.calling import invoke
from agents.failure import BadAnswer, OverLength
from agents.model import Structured
from prompts.load import Turn

A = TypeVar("A", bound=StrictAnswer)

_MESSAGES: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


@dataclass(frozen=True, slots=True)
class Typed(Generic[A]):
    answer: A
    tokens_in: int
    tokens_out: int


class OneRound(AgentMiddleware):
    """One question, one answer: an agent left to itself would ask again until it is understood."""

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        response = handler(request)
        if response.structured_response is not None:
            return response
        if response.result[-1].response_metadata.get("finish_reason") == "length":
            raise OverLength
        raise BadAnswer("the model did not answer in the form that was asked for")


class TypedAsk:
    """Compiling an agent costs more than running it, so there is one for each answer type."""

    def __init__(self, chat: BaseChatModel, structured: Structured) -> None:
        self._chat = chat
        self._structured = structured
        self._agent = lru_cache(maxsize=256)(self._compile)

    def ask(self, answer_type: type[A], turns: Sequence[Turn]) -> Typed[A]:
        """One call of the model.

        Raises:
            BadAnswer, OverLength, and what the OpenAI client and LangChain raise: see failure.py.
        """
        state = invoke(self._agent(answer_type), {"messages": messages(turns)})
        said = next(message for message in reversed(state["messages"]) if isinstance(message, AIMessage))
        answer: A = state["structured_response"]
        return Typed(answer, *tokens(said))

    def _compile(self, answer_type: type[StrictAnswer]) -> Any:
        strategy: Any
        if self._structured == "json_schema":
            strategy = ProviderStrategy(answer_type, strict=True)
        else:
            strategy = ToolStrategy(answer_type, handle_errors=False)
        return create_agent(self._chat, tools=[], response_format=strategy, middleware=[OneRound()])


def messages(turns: Sequence[Turn]) -> list[BaseMessage]:
    """A prompt's turns as LangChain's messages."""
    return [_MESSAGES[turn.role](content=turn.text) for turn in turns]


def tokens(said: AIMessage) -> tuple[int, int]:
    """Tokens of question and answer, 0 where the endpoint does not tell."""
    usage = said.usage_metadata
    return (usage["input_tokens"], usage["output_tokens"]) if usage else (0, 0)
