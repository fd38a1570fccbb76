"""A policy: rules made ready to judge, named by a hash of what they say."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from policies.counter import Counter
from policies.facts import Facts, MissingFactError
from policies.rules import AnyRule
from policies.rules.expires import Expires
from policies.rules.holdout import Holdout
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.rule import Judge, NextOpen
from policies.zones import UnknownZoneError
from winback.canonical import content_hash

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelFailurePlan:
    """What to do when the model gave no usable choice. `tool` is the playbook's, if it names one."""

    then: Literal["review", "playbook", "skip"]
    tool: str | None = None


@dataclass(frozen=True)
class Policy:
    """Rules in the order of their ids: the order in the files means nothing.

    `deferring` holds the rules in force that may defer, by their place in `rules`. `hash` is over
    the parsed rules, so that comments, order and the way of writing do not change it.
    """

    rules: tuple[AnyRule, ...]
    hash: str
    source: Path | None
    judges: tuple[Judge, ...] = field(repr=False, compare=False)
    deferring: dict[int, NextOpen] = field(repr=False, compare=False)
    counting: tuple[Callable[[Facts], Counter | None], ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, rules: Iterable[AnyRule], source: Path | None = None) -> "Policy":
        """Compile rules whose ids are unique. `source` is where they were read from."""
        ordered = tuple(sorted(rules, key=lambda rule: rule.id))
        compiled = {rule.id: rule.compile() for rule in ordered}
        if len(compiled) < len(ordered):
            raise ValueError("two rules have the same id")
        return cls(
            rules=ordered,
            hash=policy_hash(ordered),
            source=source,
            judges=tuple(one.judge for one in compiled.values()),
            deferring={
                index: one.next_open
                for index, one in enumerate(compiled.values())
                if one.next_open and ordered[index].mode == "enforce"
            },
            counting=tuple(one.counter for one in compiled.values() if one.counter),
        )

    def counters(self, facts: Facts) -> tuple[Counter, ...]:
        """What the database must count before `evaluate` can judge this act."""
        found = []
        for counter in self.counting:
            try:
                one = counter(facts)
            except (MissingFactError, UnknownZoneError):
                continue  # the rule meets the same want when it judges, and takes its strictest effect
            if one is not None:
                found.append(one)
        return tuple(found)

    def held_out(self, unit_key: str) -> bool:
        """Whether an account, by its `AccountFacts.unit_key`, is watched and never contacted."""
        return any(
            rule.holds()(unit_key) for rule in self.rules if isinstance(rule, Holdout) and rule.mode == "enforce"
        )

    def on_model_failure(self, drop: str) -> ModelFailurePlan:
        """The most cautious of the rules in force; without one, nothing is done."""
        plans = [
            _plan(rule, drop) for rule in self.rules if isinstance(rule, OnModelFailure) and rule.mode == "enforce"
        ]
        caution = ("skip", "review", "playbook")
        return min(plans, key=lambda plan: caution.index(plan.then), default=ModelFailurePlan("skip"))

    def expires_after(self, tool: str) -> timedelta | None:
        """How long a proposal of this tool may wait; None: for ever."""
        waits = [rule.after(tool) for rule in self.rules if isinstance(rule, Expires) and rule.mode == "enforce"]
        return min(waits, default=None)


def policy_hash(rules: Iterable[AnyRule]) -> str:
    """A hash of what rules, in the order of their ids, say."""
    plain = [rule.model_dump(mode="json", by_alias=True, exclude_none=True) for rule in rules]
    return content_hash({"version": FORMAT_VERSION, "rules": plain})


def _plan(rule: OnModelFailure, drop: str) -> ModelFailurePlan:
    tool = next((tool for kind, tool in (rule.playbook or {}).items() if kind == drop), None)
    if rule.then == "playbook" and tool is None:
        return ModelFailurePlan("skip")
    return ModelFailurePlan(rule.then, tool)
