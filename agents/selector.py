"""The selector: a brief and what policy could allow now, in; a choice, nothing or a failure, out."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import cast

from agents.brief import Brief
from agents.choice import Choice, ChoiceReason, Failure, Nothing, NothingReason, Outcome, Run
from agents.model import OpenModel
from agents.picked import Chooser, Picked
from tools.tool import Option


class Selector:
    """Proposes; it never acts, waits or writes."""

    def __init__(self, model: OpenModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def embedded(self) -> bool:
        return self._model.embedded

    def choose(self, brief: Brief, options: Sequence[Option]) -> Outcome:
        """One of the options, nothing, or why the model gave no usable answer.

        Raises:
            SetupError: no model is configured, and the embedded one cannot be started.
        """
        if not options:
            return Nothing(None, "no_options", Run(model=self.name, embedded=self.embedded, prompt_version=""))
        chooser, calls = self._chooser, self._model.connection.calls
        started = time.perf_counter()
        outcome = calls.call(lambda: chooser.pick(brief, options))
        run = Run(
            model=self.name,
            embedded=self.embedded,
            prompt_version=chooser.prompt_version,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
            attempts=outcome.attempts,
        )
        if isinstance(outcome, Failure):
            return replace(outcome, run=run)
        picked = outcome.value
        return _outcome(picked, replace(run, tokens_in=picked.tokens_in, tokens_out=picked.tokens_out))

    @cached_property
    def _chooser(self) -> Chooser:
        from agents.choosers import chooser_for  # noqa: PLC0415 - LangChain: on first use only

        return chooser_for(self._model)


def _outcome(picked: Picked, run: Run) -> Outcome:
    if picked.option is None:
        return Nothing(picked.confidence, cast("NothingReason", picked.why), run)
    return Choice(picked.option, picked.confidence, cast("ChoiceReason", picked.why), run)
