"""`budget`: what the model may cost. Over it, no more questions are put to the model."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from policies.counter import Counter, question
from policies.facts import Facts, MissingFactError
from policies.rules.fields import Number, Part, Whole
from policies.rules.frequency_cap import count_of
from policies.rules.rule import Judge, Rule, Say
from policies.rules.window import Calendar, Since
from policies.telling import Wording
from policies.verdict import Decision, Said

What = Literal["tokens", "money"]
Stretch = Literal["run", "day", "month"]
WHATS: tuple[What, ...] = ("tokens", "money")
STRETCHES: tuple[Stretch, ...] = ("run", "day", "month")


class Stretches(Part):
    """What a budget is for."""

    @model_validator(mode="after")
    def _says_something(self) -> "Stretches":
        if not self.model_fields_set:
            raise ValueError("is empty; give run, day or month, or leave it out")
        return self


class Tokens(Stretches):
    """Tokens sent and answered together; 0 means none at all."""

    run: Whole | None = Field(None, description="In one run of the scheduler.")
    day: Whole | None = Field(None, description="In a calendar day in the operator's zone.")
    month: Whole | None = Field(None, description="In a calendar month in the operator's zone.")


class Money(Stretches):
    """In the company's currency, by the prices in config.yaml; 0 means none at all."""

    run: Number | None = Field(None, description="In one run of the scheduler.")
    day: Number | None = Field(None, description="In a calendar day in the operator's zone.")
    month: Number | None = Field(None, description="In a calendar month in the operator's zone.")


class Budget(Rule):
    """The question that goes over is paid; the next one is not put.

    Then the model counts as failed ("over_budget"), and `on_model_failure` says what happens.
    """

    kind: Literal["budget"]
    tokens: Tokens | None = Field(None, description="Most tokens.")
    money: Money | None = Field(None, description="Most money.")

    words: ClassVar[Mapping[str, Wording]] = {
        "no_model": "no model was asked",
        "within": "the model has cost less than its budget",
        "over": "the model has cost {spent} {what} this {stretch}, and {max} is its budget",
    }
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"what": WHATS, "stretch": STRETCHES}

    @model_validator(mode="after")
    def _says_something(self) -> "Budget":
        if not self._limits():
            raise ValueError("give tokens or money, with run, day or month")
        return self

    def describe(self) -> str:
        parts = [f"{most:,.10g} {what} a {stretch}" for what, stretch, most in self._limits()]
        return f"the model may cost at most {', '.join(parts)}"

    def judge(self, say: Say) -> Judge:
        no_model, within = say.plain(None, "no_model"), say.plain(None, "within")
        over = say.form(Decision.DENY, "over", "spent", "what", "stretch", "max")
        limits = [
            (question(what, _window(stretch)), what, stretch, most) for what, stretch, most in self._limits()
        ]

        def judge(facts: Facts) -> Said:
            if facts.agent.source != "model" or facts.moment == "act":
                return no_model
            for name, what, stretch, most in limits:
                spent = count_of(facts, name)
                if not spent < most:
                    return over, (spent, what, stretch, most), None
            return within

        return judge

    def counters(self) -> Callable[[Facts], Iterable[Counter]]:
        asked = [(question(what, _window(stretch)), what, _since(stretch)) for what, stretch, _ in self._limits()]

        def counters(facts: Facts) -> Iterable[Counter]:
            if facts.agent.source != "model" or facts.moment == "act":
                return ()
            return [Counter(name, what, since(facts)) for name, what, since in asked]

        return counters

    def _limits(self) -> list[tuple[What, Stretch, float]]:
        given: list[tuple[What, Tokens | Money | None]] = [("tokens", self.tokens), ("money", self.money)]
        return [
            (what, stretch, most)
            for what, limits in given
            for stretch in STRETCHES
            if limits is not None and (most := getattr(limits, stretch)) is not None
        ]


def _window(stretch: Stretch) -> str:
    return "in run" if stretch == "run" else Calendar(kind="calendar", unit=stretch, zone="operator").key


def _since(stretch: Stretch) -> Since:
    return _run if stretch == "run" else Calendar(kind="calendar", unit=stretch, zone="operator").since()


def _run(facts: Facts) -> datetime:
    if facts.run_started_at is None:
        raise MissingFactError("run_started_at")
    return facts.run_started_at
