"""What the linter says: true of the policy as it is written, with a place and what to do."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from policies.rules import AnyRule
from policies.rules.allow_tools import AllowTools, Entry

Severity = Literal["contradiction", "never matches", "pointless", "look again", "never fired"]
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """A rule that does not do what its author must have meant. `inside` is the place in the rule."""

    severity: Severity
    rule: str
    inside: Place
    what: str
    fix: str


@dataclass(frozen=True)
class Surroundings:
    """What is known of the tools around a policy; what is not given is not looked at.

    `parameters` are the JSON schemas of each tool's arguments, `costly` the tools whose every act gives
    goodwill away, `channels` all that there are, `plans` those of the catalogue, `today` the day it is for
    the operator. `asked`: a page asks people how often they want to hear from us.
    """

    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    costly: Set[str] = frozenset()
    channels: Set[str] | None = None
    plans: Set[str] = frozenset()
    today: date | None = None
    asked: bool = False


@dataclass(frozen=True)
class Listed:
    """An entry of a rule in force that may allow, and its place in the rule."""

    rule: AllowTools
    index: int
    entry: Entry

    @property
    def name(self) -> str:
        """`helpful-acts, entry 2`."""
        return f"{self.rule.id}, entry {self.index + 1}" if len(self.rule.allow) > 1 else self.rule.id


def in_force(rules: tuple[AnyRule, ...]) -> tuple[AnyRule, ...]:
    """The rules that count."""
    return tuple(rule for rule in rules if rule.mode == "enforce")


def entries_of(rules: tuple[AnyRule, ...]) -> tuple[Listed, ...]:
    """Every entry that may allow something."""
    return tuple(
        Listed(rule, index, entry)
        for rule in in_force(rules)
        if isinstance(rule, AllowTools)
        for index, entry in enumerate(rule.allow)
    )
