"""`allow_tools`: the only kind that can allow. A tool that no rule lists does not run."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from policies.facts import Facts, MissingFactError, Scalar
from policies.rules.fields import DropName, Part, Range, Words, listed
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Narrowed, Say
from policies.telling import Wording
from policies.verdict import Decision, Said

ALLOW, REVIEW = Decision.ALLOW, Decision.REVIEW
DAY = 24 * 60 * 60
Misfit = tuple[int, str, tuple[Scalar | None, ...]]
Fit = Callable[[Facts], Misfit | None]
NOT_LISTED: Misfit = (0, "not_listed", ())
MISFITS: Mapping[str, tuple[str, ...]] = {
    "not_listed": (),
    "other_drop": ("drop",),
    "other_catalogue": ("catalogue_id",),
    "out_of_bounds": ("argument", "value"),
}
"""Why an entry does not fit, and what it saw."""
_how_far = itemgetter(0)


class Bound(Range):
    """What an argument may be: a number from min to max, one of some words, or a moment some days ahead."""

    one_of: Words | None = None
    within_days: Range | None = Field(
        None, description="For a moment: how many days after now, to the second; both ends belong to it."
    )

    def _check(self) -> None:
        other = (self.one_of is not None) + (self.within_days is not None)
        if other == 0:
            super()._check()
        elif other > 1 or self.min is not None or self.max is not None:
            raise ValueError("give one_of, within_days, or min and max, not several of them")

    def describe(self) -> str:
        if self.within_days:
            return f"{self.within_days.describe()} days ahead"
        return listed(self.one_of) if self.one_of else super().describe()

    def test(self) -> Callable[[Scalar, datetime], bool]:
        """Whether a value, as seen at a moment, is within.

        Raises TypeError or ValueError for a value that cannot be compared with the bound.
        """
        if self.one_of is not None:
            words = frozenset(self.one_of)
            return lambda value, _: value in words
        if self.within_days is not None:
            first, last = self.within_days.bounds()
            return lambda value, now: (
                first <= (datetime.fromisoformat(str(value)) - now).total_seconds() / DAY <= last
            )
        low, high = self.bounds()
        return lambda value, _: low <= _number(value) <= high


class Entry(Part):
    """Some tools, for some drops, within some bounds. `auto`: without a person."""

    tools: Words = Field(description="Exact names.")
    mode: Literal["auto", "review"] = Field(description="auto: may run by itself; review: a person decides.")
    drops: Annotated[tuple[DropName, ...], Field(min_length=1)] | None = Field(
        None, description="Kinds of drop it is for; left out, all of them."
    )
    catalogue: Words | None = Field(None, description="Catalogue ids that may be offered; left out, all of them.")
    arguments: dict[str, Bound] = Field(default_factory=dict, description="Bounds on the tool's arguments.")

    def describe(self) -> str:
        parts = [listed(self.tools), "by itself" if self.mode == "auto" else "after review"]
        if self.drops:
            parts.append(f"for {listed(self.drops)}")
        if self.catalogue:
            parts.append(f"offering {listed(self.catalogue)}")
        parts += [f"with {name} {bound.describe()}" for name, bound in sorted(self.arguments.items())]
        return " ".join(parts)

    def fit(self) -> Fit:
        """None when the act fits, else how far it came and what it failed on."""
        drops = frozenset(self.drops) if self.drops else None
        catalogue = frozenset(self.catalogue) if self.catalogue else None
        bounds = tuple((name, bound.test()) for name, bound in sorted(self.arguments.items()))

        def fit(facts: Facts) -> Misfit | None:
            if drops is not None and facts.drop.kind not in drops:
                return (1, "other_drop", (facts.drop.kind,))
            if catalogue is not None and _known(facts.action.catalogue_id) not in catalogue:
                return (2, "other_catalogue", (facts.action.catalogue_id,))
            for name, holds in bounds:
                value = _argument(facts.action.arguments, name)
                if not holds(value, facts.now):
                    return (3, "out_of_bounds", (name, value))
            return None

        return fit

    def references(self, place: tuple[str | int, ...]) -> Iterable[Reference]:
        for index, name in enumerate(self.tools):
            yield Reference((*place, "tools", index), "tool", name)
            for argument, bound in self.arguments.items():
                within = (*place, "arguments", argument)
                yield Reference(within, "argument", argument, tool=name)
                for number, word in enumerate(bound.one_of or ()):
                    at = (*within, "one_of", number)
                    yield Reference(at, "catalogue id", word, tool=name, argument=argument)
        for index, name in enumerate(self.catalogue or ()):
            yield Reference((*place, "catalogue", index), "catalogue id", name)


class AllowTools(Narrowed):
    """Where several entries fit the same act, the stricter one holds."""

    kind: Literal["allow_tools"]
    allow: Annotated[tuple[Entry, ...], Field(min_length=1)]

    words: ClassVar[Mapping[str, Wording]] = {
        "allowed": "{tool} may do this by itself",
        "review": "{tool} may do this after a person has looked",
        "not_listed": "does not list {tool}",
        "other_drop": "lists {tool}, but not for a drop of kind {drop}",
        "other_catalogue": "lists {tool}, but not with {catalogue_id}",
        "out_of_bounds": "lists {tool}, but not with {argument} = {value}",
    }

    def describe(self) -> str:
        return "; ".join(entry.describe() for entry in self.allow) + self.about()

    def references(self) -> Iterable[Reference]:
        yield from super().references()
        for index, entry in enumerate(self.allow):
            yield from entry.references(("allow", index))

    def judge(self, say: Say) -> Judge:
        by_tool: dict[str, list[tuple[Fit, bool]]] = {}
        for entry in self.allow:
            for tool in dict.fromkeys(entry.tools):
                by_tool.setdefault(tool, []).append((entry.fit(), entry.mode == "review"))
        allowed = {tool: say.plain(ALLOW, "allowed", tool=tool) for tool in by_tool}
        review = {tool: say.plain(REVIEW, "review", tool=tool) for tool in by_tool}
        misfit = {code: say.form(None, code, "tool", *names) for code, names in MISFITS.items()}

        def judge(facts: Facts) -> Said:
            tool = facts.action.tool
            best, said = NOT_LISTED, None
            for fit, needs_review in by_tool.get(tool, ()):
                found = fit(facts)
                if found is not None:
                    best = max(best, found, key=_how_far)
                elif needs_review:
                    said = review[tool]
                elif said is None:
                    said = allowed[tool]
            if said is not None:
                return said
            _, code, values = best
            return misfit[code], (tool, *values), None

        return judge


def _known(catalogue_id: str | None) -> str:
    if catalogue_id is None:
        raise MissingFactError("action.catalogue_id")
    return catalogue_id


def _argument(arguments: Mapping[str, Scalar], name: str) -> Scalar:
    if name not in arguments:
        raise MissingFactError(f"action.arguments.{name}")
    return arguments[name]


def _number(value: Scalar) -> float:
    if isinstance(value, str | bool):
        raise TypeError(f"{value!r} is not a number")
    return value
