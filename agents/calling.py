"""Asking the model: retries by class of error, a circuit breaker around them, and no tracing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import openai
from langchain_core.runnables import Runnable
from langsmith import tracing_context
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from agents.breaker import Breaker
from agents.choice import Failure
from agents.failure import MODEL_ERRORS, BadAnswer, diagnose, failure_of

T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 20.0
_backoff = wait_exponential_jitter(
    multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=FIRST_WAIT_SECONDS
)


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    value: T
    attempts: int


class Caller:
    """`place` (host and port) and the key are known here only to make safe error lines."""

    def __init__(
        self,
        breaker: Breaker,
        *,
        attempts: int,
        place: str,
        secret: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._breaker = breaker
        self._attempts = attempts
        self._place = place
        self._secret = secret
        self._sleep = sleep

    def call(self, ask: Callable[[], T]) -> Answered[T] | Failure:
        """Ask, again where it can help; the breaker hears how it ended."""
        if (refusal := self._breaker.refusal()) is not None:
            return refusal
        outcome = self._try(ask, self._attempts)
        self._breaker.note(outcome if isinstance(outcome, Failure) else None)
        return outcome

    def once(self, ask: Callable[[], T]) -> Answered[T] | Failure:
        """Ask one time, whatever the breaker thinks."""
        return self._try(ask, 1)

    def _try(self, ask: Callable[[], T], attempts: int) -> Answered[T] | Failure:
        retrying = Retrying(
            stop=stop_after_attempt(attempts),
            wait=_wait,
            retry=retry_if_exception(lambda e: isinstance(e, MODEL_ERRORS) and diagnose(e).again),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            with tracing_context(enabled=False):
                value = retrying(ask)
        except MODEL_ERRORS as error:
            failure = failure_of(error, self._place, self._secret)
            return replace(failure, attempts=_attempt(retrying))
        return Answered(value, _attempt(retrying))


def invoke(model: Runnable[Any, Any], question: Any, **config: Any) -> Any:
    """`model.invoke`, with what an endpoint's garbage makes the client library stumble over as BadAnswer."""
    try:
        return model.invoke(question, config or None)  # type: ignore[arg-type]  # keys of RunnableConfig
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        if isinstance(error, MODEL_ERRORS):
            raise
        raise BadAnswer(f"what came back is not an answer of a chat model ({type(error).__name__})") from error


def _attempt(retrying: Retrying) -> int:
    return int(retrying.statistics["attempt_number"])


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, openai.APIStatusError):
        told = error.response.headers.get("retry-after", "")
        if told.isdecimal():
            return min(float(told), LONGEST_WAIT_SECONDS)
    return _backoff(state)
