"""A policy: rules made ready to judge, named by a hash of what they say."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

from policies.counter import Counter
from policies.facts import Facts, MissingFactError
from policies.rules import AnyRule
from policies.rules.allow_tools import AllowTools
from policies.rules.budget import Budget
from policies.rules.expires import Expires
from policies.rules.holdout import Holdout
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.rule import Compiled, Judge, NextOpen, Rule
from policies.verdict import Decision, RuleResult, Said, result_of
from policies.zones import UnknownZoneError

FORMAT_VERSION = 1
THEN = ("drop", "propose_again", "escalate")
R = TypeVar("R", bound=Rule)
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class ModelFailurePlan:
    """What to do when the model gave no usable choice. `tool` is the playbook's, if it names one."""

    then: Literal["review", "playbook", "skip"]
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class ExpiryPlan:
    """How long a proposal may wait, and what then; an escalated one waits until `last` and is dropped.

    Both are counted from the moment it was put before a person.
    """

    after: timedelta
    then: Literal["drop", "escalate", "propose_again"]
    last: timedelta

    def end(self, asked_at: datetime, *, escalated: bool = False) -> datetime:
        """When the wait is over, or over for good."""
        return asked_at + (self.last if escalated else self.after)


@dataclass(frozen=True)
class Policy:
    """Rules in the order of their ids: the order in the files means nothing.

    `judges` are, rule by rule, what judges and what a failure of it says; `quick` what judges alone.
    `deferring` holds the rules in force that may defer, by their place in `rules`, `allowing` the
    places of those that may allow.
    `seeds` are what the holdouts in it draw by. `hash` is over the parsed rules, so that comments,
    order and the way of writing do not change it.
    """

    rules: tuple[AnyRule, ...]
    hash: str
    source: Path | None
    author: str | None
    seeds: tuple[str, ...]
    judges: tuple[tuple[Judge, Callable[[Exception], Said]], ...] = field(repr=False, compare=False)
    quick: tuple[Judge, ...] = field(repr=False, compare=False)
    deferring: dict[int, NextOpen] = field(repr=False, compare=False)
    allowing: tuple[int, ...] = field(repr=False, compare=False)
    counting: tuple[Callable[[Facts], Iterable[Counter]], ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, rules: Iterable[AnyRule], source: Path | None = None, author: str | None = None) -> "Policy":
        """Compile rules whose ids are unique. `source` is where they were read from, `author` who says so."""
        ordered = tuple(sorted(rules, key=lambda rule: rule.id))
        compiled = {rule.id: rule.compile() for rule in ordered}
        if len(compiled) < len(ordered):
            raise ValueError("two rules have the same id")
        in_force = [(index, rule) for index, rule in enumerate(ordered) if rule.mode == "enforce"]
        opening = {index: compiled[rule.id].next_open for index, rule in in_force}
        return cls(
            rules=ordered,
            hash=policy_hash(ordered),
            source=source,
            author=author,
            seeds=tuple(sorted({rule.seed for rule in ordered if isinstance(rule, Holdout)})),
            judges=tuple((one.judge, one.failed) for one in compiled.values()),
            quick=tuple(one.judge for one in compiled.values()),
            deferring={index: next_open for index, next_open in opening.items() if next_open},
            allowing=tuple(index for index, rule in in_force if isinstance(rule, AllowTools)),
            counting=tuple(one.counters for one in compiled.values() if one.counters),
        )

    def counters(self, facts: Facts) -> tuple[Counter, ...]:
        """What the database must count before `evaluate` can judge this act; each question once."""
        found: dict[str, Counter] = {}
        for counters in self.counting:
            # On a missing fact the rule meets the same want when it judges, and takes its strictest effect.
            with suppress(MissingFactError, UnknownZoneError, OverflowError):
                for one in counters(facts):
                    found[one.name] = one
        return tuple(found.values())

    def held_out(self, draws: Mapping[str, float]) -> bool:
        """Whether an account, by its draw for each of `seeds`, is watched and never contacted."""
        return any(draws[rule.seed] < rule.share for rule in self._in_force(Holdout))

    def over_budget(self, facts: Facts) -> tuple[RuleResult, ...]:
        """The budgets in force that forbid another question to the model; `facts` with its counts."""
        budgets = (rule.compile() for rule in self._in_force(Budget))
        said = (_said(one, facts) for one in budgets)
        return tuple(result_of(one) for one in said if one[0].decision is Decision.DENY)

    def on_model_failure(self, drop: str) -> ModelFailurePlan:
        """The most cautious of the rules in force; without one, nothing is done."""
        plans = [_plan(rule, drop) for rule in self._in_force(OnModelFailure)]
        caution = ("skip", "review", "playbook")
        return min(plans, key=lambda plan: caution.index(plan.then), default=ModelFailurePlan("skip"))

    def expiry(self, tool: str) -> ExpiryPlan | None:
        """The shortest wait of the rules in force; None: a proposal of this tool may wait for ever.

        No escalation outlives the first rule that denies what is older.
        """
        rules = list(self._in_force(Expires))
        if not rules:
            return None
        first = min(rules, key=lambda rule: (rule.after(tool), THEN.index(rule.then_of(tool))))
        last = min(rule.after(tool) + rule.longer(tool) for rule in rules)
        return ExpiryPlan(first.after(tool), first.then_of(tool), last)

    def _in_force(self, kind: type[R]) -> Iterator[R]:
        return (rule for rule in self.rules if isinstance(rule, kind) and rule.mode == "enforce")


def _said(compiled: Compiled, facts: Facts) -> Said:
    try:
        return compiled.judge(facts)
    except Exception as error:  # noqa: BLE001 - as in `evaluate`
        return compiled.failed(error)


def policy_hash(rules: Iterable[AnyRule]) -> str:
    """A hash of what rules, in the order of their ids, say."""
    return hashlib.sha256(_text(rules).encode()).hexdigest()


def policy_text(policy: Policy) -> str:
    """What a policy says as canonical JSON: its hash is the SHA-256 of this."""
    return _text(policy.rules)


def _text(rules: Iterable[AnyRule]) -> str:
    """As `winback.canonical` writes plain values; judging does without that module, which holds a clock."""
    plain = [rule.model_dump(mode="json", by_alias=True, exclude_none=True) for rule in rules]
    return ENCODER.encode({"version": FORMAT_VERSION, "rules": plain})


def _plan(rule: OnModelFailure, drop: str) -> ModelFailurePlan:
    tool = next((tool for kind, tool in (rule.playbook or {}).items() if kind == drop), None)
    if rule.then == "playbook" and tool is None:
        return ModelFailurePlan("skip")
    return ModelFailurePlan(rule.then, tool)
