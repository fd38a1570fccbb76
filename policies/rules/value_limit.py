"""`value_limit`: how much goodwill may be given away: at once, to one account, in all, by one reviewer."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import fsum, inf
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from policies.counter import Counter, question
from policies.facts import Facts
from policies.rules.fields import Number, Part
from policies.rules.frequency_cap import count_of
from policies.rules.rule import OF_ACCOUNT, Judge, Narrowed, Say
from policies.rules.window import WINDOWS, Window, counted, narrowing
from policies.telling import Wording
from policies.verdict import Decision, Said

Spent = Callable[[Facts], float]

CENT = 0.005
"""Sums of floats that differ by less are the same amount."""


class Limit(Part):
    """A sum of goodwill in a window, the act under judgement included."""

    max: Number = Field(description="In the company's currency; 0 means nothing at all.")
    window: Window

    def describe(self) -> str:
        return f"{self.max:g} in {self.window.says()}"


class ValueLimit(Narrowed):
    """The value of an act is its goodwill: days of a trial times the price of a day."""

    kind: Literal["value_limit"]
    single: Number | None = Field(None, description="Most that one act may give.")
    per_account: Limit | None = Field(None, description="Most that one account may get in a window.")
    total: Limit | None = Field(None, description="Most that all accounts together may get in a window.")

    per_reviewer: Limit | None = Field(None, description="Most that one person may approve in a window.")

    words: ClassVar[Mapping[str, Wording]] = {
        "no_value": "gives nothing away",
        "no_sum": "what it gives is no sum of money",
        "within": "gives {value}, which is within the limits",
        "over_single": "gives {value}, and one act may give {max}",
        "over_account": "gives {value} on top of {spent} in {window}, and one account may get {max}",
        "over_total": "gives {value} on top of {spent} in {window}, and {max} may be given in all",
        "over_reviewer": "gives {value} on top of the {spent} that {reviewer} approved in {window}, "
        "and one person may approve {max}",
    }
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"window": WINDOWS}

    @model_validator(mode="after")
    def _says_something(self) -> "ValueLimit":
        if all(one is None for one in (self.single, self.per_account, self.total, self.per_reviewer)):
            raise ValueError("give single, per_account, total or per_reviewer")
        return self

    def describe(self) -> str:
        parts = [] if self.single is None else [f"at once {self.single:g}"]
        parts += [] if self.per_account is None else [f"to one account {self.per_account.describe()}"]
        parts += [] if self.total is None else [f"in all {self.total.describe()}"]
        parts += [] if self.per_reviewer is None else [f"approved by one person {self.per_reviewer.describe()}"]
        if self.per_account is None and self.total is None and self.per_reviewer is None:
            return f"goodwill at most: {parts[0]}{self.about()}"
        fixed = OF_ACCOUNT if self.total is None and self.per_reviewer is None else ()
        return f"goodwill at most: {'; '.join(parts)}{self.about_counting(*fixed)}"

    def judge(self, say: Say) -> Judge:
        single = self.single
        limits = tuple(self._limits())
        nothing, within = say.plain(None, "no_value"), say.form(None, "within", "value")
        no_sum = say.plain(Decision.DENY, "no_sum")
        over_single = say.form(Decision.DENY, "over_single", "value", "max")
        over = {code: say.form(Decision.DENY, code, "value", "spent", "max", "window") for code, *_ in limits}
        over_reviewer = self._over_reviewer(say)

        def judge(facts: Facts) -> Said:
            value = facts.action.value
            if value == 0:
                return nothing
            if not 0 < value < inf:
                return no_sum
            said: Said = (within, (value,), None)
            if single is not None and not value <= single + CENT:
                said = (over_single, (value, single), None)
            for code, most, window, spent_in in limits:
                spent = spent_in(facts)
                if not spent + value <= most + CENT:
                    said = (over[code], (value, spent, most, window), None)
            return (over_reviewer(facts, value) if over_reviewer else None) or said

        return judge

    def _over_reviewer(self, say: Say) -> Callable[[Facts, float], Said | None] | None:
        """The first of those who approved the act for whom it is too much."""
        limit = self.per_reviewer
        if limit is None:
            return None
        over = say.form(Decision.DENY, "over_reviewer", "value", "spent", "max", "window", "reviewer")
        name, most, window = self._naming(limit), limit.max, limit.window.describe()

        def over_reviewer(facts: Facts, value: float) -> Said | None:
            for reviewer in _approvers(facts):
                spent = count_of(facts, name(reviewer))
                if not spent + value <= most + CENT:
                    return over, (value, spent, most, window, reviewer), None
            return None

        return over_reviewer

    def counters(self) -> Callable[[Facts], Iterable[Counter]] | None:
        if self.total is None and self.per_reviewer is None:
            return None
        in_all = self._asking(self.total) if self.total else None
        by_one = self._asking(self.per_reviewer) if self.per_reviewer else None

        def counters(facts: Facts) -> Iterable[Counter]:
            if facts.action.value == 0:
                return
            if in_all is not None:
                yield in_all(facts, None)
            if by_one is not None:
                for reviewer in _approvers(facts):
                    yield by_one(facts, reviewer)

        return counters

    def _asking(self, limit: Limit) -> Callable[[Facts, str | None], Counter]:
        since, name, (tools, channels) = limit.window.since(), self._naming(limit), narrowing(self.when)

        def asking(facts: Facts, by: str | None) -> Counter:
            return Counter(name(by), "value", since(facts), tools=tools, channels=channels, approved_by=by)

        return asking

    def _naming(self, limit: Limit) -> Callable[[str | None], str]:
        """The name of the question, by reviewer."""
        key, (tools, channels) = limit.window.key, narrowing(self.when)
        return cache(lambda by: question("value", key, tools=tools, channels=channels, approved_by=by or ""))

    def _limits(self) -> list[tuple[str, float, str, Spent]]:
        limits: list[tuple[str, float, str, Spent]] = []
        if self.per_account is not None:
            one = self.per_account
            limits.append(("over_account", one.max, one.window.describe(), self._spent(one)))
        if self.total is not None:
            two, name = self.total, self._naming(self.total)(None)
            limits.append(("over_total", two.max, two.window.describe(), lambda facts: count_of(facts, name)))
        return limits

    def _spent(self, limit: Limit) -> Spent:
        since, counts = limit.window.since(), counted(self.when)

        def spent(facts: Facts) -> float:
            start = since(facts)
            past = (one for one in facts.history if one.at >= start)
            return fsum(one.value for one in past if counts is None or counts(one))

        return spent


def _approvers(facts: Facts) -> tuple[str, ...]:
    """Who approved this act; nobody has while it is being proposed."""
    return facts.approved_by if facts.moment == "act" else ()
