"""What a change of a policy means: rule by rule in words, and by what the two say of thousands of acts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from policies.facts import Facts
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.opening import Opening
from policies.trial.act_words import told
from policies.trial.diff_fields import changed_fields
from policies.trial.probe import probes, verdicts
from policies.verdict import WEIGHT, Decision, Verdict

What = Literal["added", "removed", "changed", "renamed"]
Effect = Literal["stricter", "looser", "both", "none found"]
SAMPLES = 3
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RuleChange:
    """`fields` are the keys that changed, as `max: 2 -> 1`; `effect` is what this change alone does."""

    rule: str
    what: What
    fields: tuple[str, ...]
    says: str
    effect: Effect


@dataclass(frozen=True)
class Sample:
    """One act of which the two policies say different things."""

    act: Facts
    old: Verdict
    new: Verdict


@dataclass(frozen=True)
class Moved:
    """Acts whose verdict changed in one way, such as `allow` to `deny`."""

    old: str
    new: str
    acts: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Difference:
    """`looked_at` is how many acts both policies were held against."""

    same: bool
    changes: tuple[RuleChange, ...] = ()
    moved: tuple[Moved, ...] = ()
    looked_at: int = 0


def difference(old: Policy, new: Policy) -> Difference:
    """The same hash means the same, whatever the files look like."""
    if old.hash == new.hash:
        return Difference(same=True)
    acts = probes(old, new)
    before, after = verdicts(old, acts), verdicts(new, acts)
    steps = [_with_effect(one, old, new, acts, before, after) for one in _changes(old, new)]
    return Difference(
        same=False, changes=tuple(steps), moved=tuple(_moved(acts, before, after)), looked_at=len(acts)
    )


@dataclass(frozen=True)
class _Step:
    """One rule before and after; None: it is not there."""

    what: What
    old: AnyRule | None
    new: AnyRule | None

    def done(self, policy: Policy) -> Policy:
        return _replaced(policy, self.old, self.new)

    def undone(self, policy: Policy) -> Policy:
        return _replaced(policy, self.new, self.old)


def _replaced(policy: Policy, out: AnyRule | None, into: AnyRule | None) -> Policy:
    gone = {one.id for one in (out, into) if one is not None}
    kept = [rule for rule in policy.rules if rule.id not in gone]
    return Policy.of([*kept, into] if into is not None else kept)


def _changes(old: Policy, new: Policy) -> list[_Step]:
    before, after = ({rule.id: rule for rule in one.rules} for one in (old, new))
    steps = [
        _Step("changed", before[name], after[name])
        for name in before
        if name in after and before[name] != after[name]
    ]
    come = [rule for name, rule in after.items() if name not in before]
    for rule in (rule for name, rule in before.items() if name not in after):
        twin = next((one for one in come if _content(one) == _content(rule)), None)
        steps.append(_Step("removed", rule, None) if twin is None else _Step("renamed", rule, twin))
        come = [one for one in come if one is not twin]
    return steps + [_Step("added", None, rule) for rule in come]


def _content(rule: AnyRule) -> str:
    return rule.model_dump_json(exclude={"id"}, by_alias=True)


def _with_effect(
    step: _Step,
    old: Policy,
    new: Policy,
    acts: Sequence[Facts],
    before: Sequence[Verdict],
    after: Sequence[Verdict],
) -> RuleChange:
    """The effect of one change is what it does to the old policy, or what undoing it does to the new one."""
    rule = step.new or step.old
    assert rule is not None  # noqa: S101  a step has one or the other
    signs: set[int] = set()
    if touched := [] if step.what == "renamed" else _touched(step, acts):
        some = [acts[index] for index in touched]
        done, undone = verdicts(step.done(old), some), verdicts(step.undone(new), some)
        signs |= {_sign(before[index], one) for index, one in zip(touched, done, strict=True)}
        signs |= {_sign(one, after[index]) for index, one in zip(touched, undone, strict=True)}
    fields = changed_fields(step.old, step.new) if step.old and step.new else ()
    name = step.old.id if step.old else rule.id
    return RuleChange(name, step.what, fields, rule.describe(), _effect(signs - {0}))


def _touched(step: _Step, acts: Sequence[Facts]) -> list[int]:
    """The acts of which the rule itself says something else: of all others the verdict stays.

    Of a rule that defers all acts: what it says of later moments counts too.
    """
    if isinstance(step.old or step.new, Opening):
        return list(range(len(acts)))
    old, new = _words(step.old, acts), _words(step.new, acts)
    return [index for index, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]


def _words(rule: AnyRule | None, acts: Sequence[Facts]) -> list[Any]:
    """What a rule's word on each act comes to in a verdict; None where it comes to nothing."""
    if rule is None or rule.mode != "enforce":
        return [None] * len(acts)
    alone = Policy.of([rule])
    heads = ((one.said[0][0], one.said[0][2]) for one in verdicts(alone, acts))
    return [(form.decision, form.people, moment) if form.decision or moment else None for form, moment in heads]


def _effect(signs: set[int]) -> Effect:
    if len(signs) == 2:
        return "both"
    return "none found" if not signs else "stricter" if 1 in signs else "looser"


def _sign(old: Verdict, new: Verdict) -> int:
    """1 when the new verdict is stricter: it forbids or asks more, wants more people, or waits longer."""
    first, second = _strictness(old), _strictness(new)
    return (second > first) - (second < first)


def _strictness(verdict: Verdict) -> tuple[int, int, datetime]:
    people = verdict.people if verdict.decision is Decision.REVIEW else 0
    return WEIGHT[verdict.decision], people, verdict.not_before or EARLIEST


def _moved(acts: Sequence[Facts], before: Iterable[Verdict], after: Iterable[Verdict]) -> list[Moved]:
    found: dict[tuple[str, str], list[Sample]] = {}
    for act, old, new in zip(acts, before, after, strict=True):
        if _sign(old, new):
            found.setdefault((_name(old), _name(new)), []).append(Sample(act, old, new))
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    return [Moved(old, new, len(samples), _telling(samples)) for (old, new), samples in ordered]


def _name(verdict: Verdict) -> str:
    """`allow`, `review`, `review by 2`, `deny`; with `later` when it waits."""
    people = f" by {verdict.people}" if verdict.decision is Decision.REVIEW and verdict.people > 1 else ""
    return f"{verdict.decision.value}{people}{', later' if verdict.not_before else ''}"


def _telling(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """The plainest of them, decided by as many different rules as there are."""
    plain_first = sorted({told(one.act): one for one in samples}.values(), key=lambda one: len(told(one.act)))
    by_rules = {(*one.old.deciding, *one.new.deciding): one for one in reversed(plain_first)}
    different = sorted(by_rules.values(), key=plain_first.index)[:SAMPLES]
    return tuple(different + [one for one in plain_first if one not in different][: SAMPLES - len(different)])
