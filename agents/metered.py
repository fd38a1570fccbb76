"""The chat model's side of the meter: a LangChain callback that hears of every answer."""

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatGeneration, LLMResult

from agents.meter import Meter


class Metered(BaseCallbackHandler):
    """Counts what an answer's usage says, also of an answer that was too long to be read."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        for generations in response.generations:
            for one in generations:
                usage = getattr(one.message, "usage_metadata", None) if isinstance(one, ChatGeneration) else None
                if usage:
                    self._meter.count(usage["input_tokens"], usage["output_tokens"])

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        usage = getattr(getattr(error, "completion", None), "usage", None)
        if usage is not None:
            self._meter.count(usage.prompt_tokens or 0, usage.completion_tokens or 0)
