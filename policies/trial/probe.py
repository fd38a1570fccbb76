"""Sample acts on both sides of every line that some policies draw: for comparing what policies do.

Deterministic: the same policies always give the same acts. They show differences; that they show none
is no proof, so nothing is concluded from them alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import get_args

from policies.evaluate import evaluate
from policies.facts import Facts, Scalar
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.allow_tools import AllowTools, Bound, Entry
from policies.rules.fields import DropName
from policies.trial.case import UNDRAWN, act_of
from policies.trial.probe_lines import NOON, Change, dimensions
from policies.verdict import Verdict

PROBES = 5_000
ONE_BY_ONE = 3_500
UNLISTED = "a_tool_that_nobody_lists"
Probe = tuple[Facts, tuple[Change, ...]]


def probes(*policies: Policy) -> tuple[Facts, ...]:
    """At most 5,000 acts: what the policies list, changed in each way that a rule looks at, alone and mixed."""
    listed, unlisted = _bases(_rules(policies))
    ways = [one for one in dimensions(_rules(policies)) if one]
    single = [change for way in ways for change in way]
    pairs = [(base, (change,)) for change in single for base in listed]
    step = max(1, -(-len(pairs) // ONE_BY_ONE))
    chosen: list[Probe] = [(base, ()) for base in listed + unlisted]
    chosen += pairs[::step] + (_each_once(listed, single) if step > 1 else [])
    chosen += _mixed(listed * 4 + unlisted, ways, PROBES - len(chosen))
    return tuple(_answered(_changed(base, changes), policies) for base, changes in chosen[:PROBES])


def verdicts(policy: Policy, acts: Sequence[Facts]) -> tuple[Verdict, ...]:
    """What a policy says of each act."""
    return tuple(evaluate(policy, act) for act in acts)


def without(policy: Policy, *rules: str) -> Policy:
    """The same policy without some of its rules."""
    return Policy.of((one for one in policy.rules if one.id not in rules), source=policy.source)


def _rules(policies: Iterable[Policy]) -> list[AnyRule]:
    """Each rule that is evaluated, once, however many of the policies hold it."""
    found = {rule.model_dump_json(): rule for policy in policies for rule in policy.rules if rule.mode != "off"}
    return list(found.values())


def _each_once(bases: Sequence[Facts], single: Sequence[Change]) -> list[Probe]:
    """Where the pairs are too many to take all: still every change on some act."""
    return [(bases[index % len(bases)], (change,)) for index, change in enumerate(single)]


def _mixed(bases: Sequence[Facts], ways: Sequence[Sequence[Change]], count: int) -> Iterator[Probe]:
    random = Random(20260304)  # noqa: S311  a fixed sequence is what is wanted
    for _ in range(count):
        taken = [way for way in ways if random.random() < 0.25]
        yield random.choice(bases), tuple(random.choice(way) for way in taken)


def _changed(facts: Facts, changes: Iterable[Change]) -> Facts:
    for change in changes:
        facts = change(facts)
    return facts


def _answered(facts: Facts, policies: Iterable[Policy]) -> Facts:
    """With every question of the policies answered: by 0, and high draws, where no change said more."""
    counts = {one.name: 0.0 for policy in policies for one in policy.counters(facts)}
    draws = {seed: UNDRAWN for policy in policies for seed in policy.seeds}
    return replace(facts, counts={**counts, **facts.counts}, draws={**draws, **facts.draws})


def _bases(rules: Iterable[AnyRule]) -> tuple[list[Facts], list[Facts]]:
    """An act for each tool and kind of drop, within the bounds of each entry that lists both; and the others."""
    entries = [entry for rule in rules if isinstance(rule, AllowTools) for entry in rule.allow]
    listed, unlisted = [], []
    for tool in (*sorted({tool for entry in entries for tool in entry.tools}), UNLISTED):
        of_tool = [entry for entry in entries if tool in entry.tools]
        named = {name: bound for entry in of_tool for name, bound in entry.arguments.items()}
        for drop in get_args(DropName):
            fitting = [entry for entry in of_tool if drop in (entry.drops or (drop,))]
            listed += [_base(tool, drop, named, entry) for entry in fitting[:3]]
            unlisted += [] if fitting else [_base(tool, drop, named, None)]
    return listed or unlisted, unlisted


def _base(tool: str, drop: str, named: Mapping[str, Bound], entry: Entry | None) -> Facts:
    bounds = {**named, **(entry.arguments if entry else {})}
    action = {
        "tool": tool,
        "catalogue_id": entry.catalogue[0] if entry and entry.catalogue else "something",
        "arguments": {name: _within(bound) for name, bound in bounds.items()},
    }
    return act_of({"action": action, "drop": {"kind": drop}})


def _within(bound: Bound) -> Scalar:
    if bound.one_of:
        return bound.one_of[0]
    low, high = (bound.within_days or bound).bounds()
    if bound.within_days is None:
        return high if high != float("inf") else low
    days = low + 1 if high == float("inf") else (max(low, 0) + high) / 2
    return (NOON + timedelta(days=days)).isoformat()
