"""`value_limit`: how much goodwill may be given away: at once, to one account, in all."""

from collections.abc import Callable, Mapping
from math import fsum
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from policies.counter import Counter
from policies.facts import Facts
from policies.rules.fields import Number, Part
from policies.rules.frequency_cap import count_of
from policies.rules.rule import Judge, Narrowed, Say, Wording
from policies.rules.window import Window, counted
from policies.verdict import Decision, RuleResult

Spent = Callable[[Facts], float]

CENT = 0.005
"""Sums of floats that differ by less are the same amount."""


class Limit(Part):
    """A sum of goodwill in a window, the act under judgement included."""

    max: Number = Field(description="In the company's currency; 0 means nothing at all.")
    window: Window

    def describe(self) -> str:
        return f"{self.max:g} in {self.window.describe()}"


class ValueLimit(Narrowed):
    """The value of an act is its goodwill: days of a trial times the price of a day."""

    kind: Literal["value_limit"]
    single: Number | None = Field(None, description="Most that one act may give.")
    per_account: Limit | None = Field(None, description="Most that one account may get in a window.")
    total: Limit | None = Field(None, description="Most that all accounts together may get in a window.")

    words: ClassVar[Mapping[str, Wording]] = {
        "no_value": "gives nothing away",
        "within": "gives {value}, which is within the limits",
        "over_single": "gives {value}, and one act may give {max}",
        "over_account": "gives {value} on top of {spent} in {window}, and one account may get {max}",
        "over_total": "gives {value} on top of {spent} in {window}, and {max} may be given in all",
    }

    @model_validator(mode="after")
    def _says_something(self) -> "ValueLimit":
        if self.single is None and self.per_account is None and self.total is None:
            raise ValueError("give single, per_account or total")
        return self

    def describe(self) -> str:
        parts = [] if self.single is None else [f"at once {self.single:g}"]
        parts += [] if self.per_account is None else [f"to one account {self.per_account.describe()}"]
        parts += [] if self.total is None else [f"in all {self.total.describe()}"]
        return f"goodwill at most: {'; '.join(parts)}{self.about()}"

    def judge(self, say: Say) -> Judge:
        single = self.single
        limits = tuple(self._limits())

        def judge(facts: Facts) -> RuleResult:
            value = facts.action.value
            if value == 0:
                return say(None, "no_value")
            result = say(None, "within", (("value", value),))
            if single is not None and not value <= single + CENT:
                result = say(Decision.DENY, "over_single", (("value", value), ("max", single)))
            for code, most, window, spent_in in limits:
                spent = spent_in(facts)
                if not spent + value <= most + CENT:
                    saw = (("value", value), ("spent", spent), ("max", most), ("window", window))
                    result = say(Decision.DENY, code, saw)
            return result

        return judge

    def counter(self) -> Callable[[Facts], Counter] | None:
        if self.total is None:
            return None
        rule, since = self.id, self.total.window.since()
        tools = self.when.tools or () if self.when else ()
        channels = self.when.channels or () if self.when else ()
        return lambda facts: Counter(rule, since(facts), "value", tools, channels)

    def _limits(self) -> list[tuple[str, float, str, Spent]]:
        limits: list[tuple[str, float, str, Spent]] = []
        if self.per_account is not None:
            one = self.per_account
            limits.append(("over_account", one.max, one.window.describe(), self._spent(one)))
        if self.total is not None:
            one = self.total
            limits.append(("over_total", one.max, one.window.describe(), count_of(self.id)))
        return limits

    def _spent(self, limit: Limit) -> Spent:
        since, counts = limit.window.since(), counted(self.when)

        def spent(facts: Facts) -> float:
            start = since(facts)
            past = (one for one in facts.history if one.at >= start)
            return fsum(one.value for one in past if counts is None or counts(one))

        return spent
