"""What judging the log again found: what would change, and what happened to those cases afterwards."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from policies.facts import Moment
from policies.replay import Change

SAMPLES = 5
"""Cases named for each kind of change."""
NAMED = 100
"""Entries of which something is said one by one; the rest is counted."""
Group: TypeAlias = tuple[Moment, Change]


@dataclass(slots=True)
class Tally:
    """Decisions that would change in one way. `happened` counts, by word, what became of their cases."""

    count: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    cases: list[int] = field(default_factory=list)

    def add(self, case: int | None, happened: Iterable[str]) -> None:
        self.count += 1
        for word in happened:
            self.happened[word] += 1
        if case is not None and len(self.cases) < SAMPLES and case not in self.cases:
            self.cases.append(case)

    def merge(self, other: "Tally") -> None:
        self.count += other.count
        self.happened += other.happened
        self.cases = list(dict.fromkeys([*self.cases, *other.cases]))[:SAMPLES]


@dataclass(slots=True)
class Named:
    """Some entries by name, and how many there are."""

    count: int = 0
    some: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.some) < NAMED:
            self.some.append(name)

    def merge(self, other: "Named") -> None:
        self.count += other.count
        self.some = [*self.some, *other.some][:NAMED]


@dataclass(slots=True)
class Findings:
    """Counts over a stretch of the log; those of several stretches add up.

    `rules` counts the rules that made each change. Not `exact` are decisions for which a count or a draw
    is not known any more. `reproduced` and `differing` are decisions of the very same policy, `other`
    those of another shadow. `pruned` have no evidence any more, `altered` another one than was logged,
    and `unknown` one in a form that this version does not know.
    """

    tallies: dict[Group, Tally] = field(default_factory=dict)
    rules: Counter[tuple[Change, str]] = field(default_factory=Counter)
    inexact: int = 0
    reproduced: int = 0
    differing: Named = field(default_factory=Named)
    other: int = 0
    pruned: int = 0
    altered: Named = field(default_factory=Named)
    unknown: Named = field(default_factory=Named)

    @property
    def decisions(self) -> int:
        """How many were judged again."""
        return sum(one.count for one in self.tallies.values())

    def tally(self, group: Group) -> Tally:
        if group not in self.tallies:
            self.tallies[group] = Tally()
        return self.tallies[group]

    def merge(self, other: "Findings") -> None:
        """Add what a later stretch of the log found."""
        for group, tally in other.tallies.items():
            self.tally(group).merge(tally)
        self.rules += other.rules
        self.inexact += other.inexact
        self.reproduced += other.reproduced
        self.other += other.other
        self.pruned += other.pruned
        self.differing.merge(other.differing)
        self.altered.merge(other.altered)
        self.unknown.merge(other.unknown)
