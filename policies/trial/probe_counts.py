"""Answers to what rules ask the database, around their limits."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from policies.counter import Counter
from policies.facts import Facts, MissingFactError
from policies.rules import AnyRule
from policies.rules.ramp import Ramp
from policies.rules.value_limit import ValueLimit
from policies.zones import UnknownZoneError

Change = Callable[[Facts], Facts]
Asks = Callable[[Facts], Iterable[Counter]]


def counted(rule: AnyRule) -> list[Change]:
    """What the database counts for a rule: at each of its limits, and one fewer, for each question and for all."""
    counters = rule.compile().counters
    if counters is None:
        return []
    limits = sorted({one for one in _numbers(rule.model_dump(exclude={"when"})) if one >= 0})
    which = (*range(6 if isinstance(rule, Ramp) else 1), None)
    changes = [_count(counters, index, limit, by) for limit in limits for by in (-1, 0) for index in which]
    match rule:
        case Ramp():
            return [*changes, _ramped(counters, rule)]
        case ValueLimit(per_reviewer=limit) if limit is not None:
            return changes + [_approved(counters, limit.max, by) for by in (-1, 0)]
    return changes


def _numbers(node: Any) -> Iterator[float]:
    """Every number in a rule, wherever it stands: some are no limits, and counting up to them does no harm."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _numbers(value)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield float(node)


def _count(counters: Asks, index: int | None, limit: float, by: int) -> Change:
    """`by` -1: one fewer, or for amounts as much less as the act itself gives. `index` None: of every question."""

    def change(facts: Facts) -> Facts:
        asked = _asked(counters, facts)
        asked = asked if index is None else asked[index : index + 1]
        less = {one.name: facts.action.value if one.what == "value" else 1.0 for one in asked}
        found = {name: max(0.0, limit + by * step) for name, step in less.items()}
        return replace(facts, counts={**facts.counts, **found})

    return change


def _ramped(counters: Asks, rule: Ramp) -> Change:
    """A ramp that has doubled once, at what it would have allowed before."""

    def change(facts: Facts) -> Facts:
        numbers = (float(rule.start), float(rule.double_after))
        found = {one.name: number for one, number in zip(_asked(counters, facts), numbers, strict=False)}
        return replace(facts, counts={**facts.counts, **found})

    return change


def _approved(counters: Asks, most: float, by: int) -> Change:
    """One person approved, who had approved as much already as the limit, or as much less as this act gives."""
    counting = _count(counters, None, most, by)

    def change(facts: Facts) -> Facts:
        action = replace(facts.action, value=facts.action.value or 10.0)
        proposed = facts.now - timedelta(hours=1)
        return counting(
            replace(facts, action=action, moment="act", approved_by=("Ines", "Omar"), proposed_at=proposed)
        )

    return change


def _asked(counters: Asks, facts: Facts) -> list[Counter]:
    try:
        return list(counters(facts))
    except (MissingFactError, UnknownZoneError, OverflowError):  # the rule says so when it judges
        return []
