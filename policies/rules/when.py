"""`when`: the acts a rule is about. Every key that is given must hold; within a list, one of it."""

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Annotated

from pydantic import Field, model_validator

from policies.facts import Audience, Facts, MissingFactError
from policies.rules.fields import DropName, Part, Range, Region, Words, listed
from policies.rules.reference import Reference

Test = Callable[[Facts], bool]


class When(Part):
    """A fact that is needed and unknown makes the rule take its strictest effect."""

    drops: Annotated[tuple[DropName, ...], Field(min_length=1)] | None = Field(None, description="Kinds of drop.")
    plans: Words | None = Field(None, description="Plans of the account.")
    tags: Words | None = Field(None, description="The account carries at least one of these tags.")
    regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = Field(
        None, description="Regions of the account; a country holds its parts: DE holds DE-BY."
    )
    languages: Words | None = Field(
        None, description="Languages of the contact; a language holds its kinds: hi holds hi-IN."
    )
    value: Range | None = Field(None, description="Value per month of the account.")
    tools: Words | None = Field(None, description="Tools, by their exact name.")
    channels: Words | None = Field(None, description="Channels.")
    audience: Annotated[tuple[Audience, ...], Field(min_length=1)] | None = Field(
        None, description="Who gets it: customer, colleague."
    )

    @model_validator(mode="after")
    def _says_something(self) -> "When":
        if not self.model_fields_set:
            raise ValueError("is empty; name what it is about or leave it out")
        return self

    def describe(self) -> str:
        names = ("drops", "plans", "tags", "regions", "languages", "tools", "channels", "audience")
        parts = [f"{name}: {listed(found)}" for name in names if (found := getattr(self, name))]
        if self.value:
            parts.append(f"value per month {self.value.describe()}")
        return "; ".join(parts)

    def references(self, place: tuple[str | int, ...] = ("when",)) -> Iterable[Reference]:
        for index, name in enumerate(self.tools or ()):
            yield Reference((*place, "tools", index), "tool", name)
        for index, name in enumerate(self.channels or ()):
            yield Reference((*place, "channels", index), "channel", name)

    def compile(self) -> Test:
        """Whether an act is one of these; raises MissingFactError when that cannot be known."""
        tests = self._tests()
        if len(tests) == 1:
            return tests[0]
        return lambda facts: all([test(facts) for test in tests])  # noqa: C419 - each must see its fact

    def _tests(self) -> tuple[Test, ...]:
        tests: list[Test] = []
        if self.drops is not None:
            tests.append(_of_drop(frozenset(self.drops)))
        if self.plans is not None:
            tests.append(_of_plan(frozenset(self.plans)))
        if self.tags is not None:
            tests.append(_of_tags(frozenset(self.tags)))
        if self.regions is not None:
            tests.append(_of_region(frozenset(self.regions)))
        if self.languages is not None:
            tests.append(_of_language(frozenset(self.languages)))
        if self.value is not None:
            tests.append(_of_value(*self.value.bounds()))
        if self.tools is not None:
            tests.append(_of_tool(frozenset(self.tools)))
        if self.channels is not None:
            tests.append(_of_channel(frozenset(self.channels)))
        if self.audience is not None:
            tests.append(_of_audience(frozenset(self.audience)))
        return tuple(tests)


def _of_drop(drops: frozenset[str]) -> Test:
    return lambda facts: facts.drop.kind in drops


def _of_tool(tools: frozenset[str]) -> Test:
    return lambda facts: facts.action.tool in tools


def _of_channel(channels: frozenset[str]) -> Test:
    return lambda facts: facts.action.channel in channels


def _of_audience(audience: frozenset[str]) -> Test:
    return lambda facts: facts.action.audience in audience


def _of_tags(tags: frozenset[str]) -> Test:
    return lambda facts: not tags.isdisjoint(facts.account.tags)


def _of_plan(plans: frozenset[str]) -> Test:
    def test(facts: Facts) -> bool:
        if (plan := facts.account.plan) is None:
            raise MissingFactError("account.plan")
        return plan in plans

    return test


def _of_region(regions: frozenset[str]) -> Test:
    def test(facts: Facts) -> bool:
        if (region := facts.account.region) is None:
            raise MissingFactError("account.region")
        return _among(region, regions)

    return test


def _of_language(languages: frozenset[str]) -> Test:
    def test(facts: Facts) -> bool:
        if facts.contact is None:
            raise MissingFactError("contact.language")
        return _among(facts.contact.language, languages)

    return test


def _among(code: str, codes: frozenset[str]) -> bool:
    """As it is, or by its first part."""
    return code in codes or code.partition("-")[0] in codes


def _of_value(low: float, high: float) -> Test:
    def test(facts: Facts) -> bool:
        value = facts.account.value_per_month
        if value is None or not isfinite(value):
            raise MissingFactError("account.value_per_month")
        return low <= value <= high

    return test
