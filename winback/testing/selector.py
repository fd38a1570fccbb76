"""A selector that answers at once, with what it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agents.brief import Brief
from agents.choice import Choice, Outcome, Run
from tools.tool import Option

Answer = Callable[[Brief, Sequence[Option]], Outcome]


def first_option(_brief: Brief, options: Sequence[Option]) -> Outcome:
    """The best-fitting of the options, with full confidence."""
    return Choice(option=options[0], confidence=1.0, why="teaches_what_fell", run=run_of("scripted"))


def run_of(name: str) -> Run:
    """How an answer that cost nothing came about."""
    return Run(model=name, embedded=False, prompt_version="scripted", milliseconds=0.0)


@dataclass
class ScriptedSelector:
    """Keeps what it was asked in `asked`."""

    answer: Answer = first_option
    name: str = "scripted"
    embedded: bool = False
    asked: list[tuple[Brief, tuple[Option, ...]]] = field(default_factory=list)

    def choose(self, brief: Brief, options: Sequence[Option]) -> Outcome:
        self.asked.append((brief, tuple(options)))
        return self.answer(brief, options)
