"""Rules and entries that change nothing, because others in force say at least as much.

A finding is made by an exact comparison; then it is held against sample acts, and dropped should
taking the rule away change a single verdict: whatever the comparison overlooked, no finding is wrong for it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import permutations

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.lint.finding import Finding, Listed, entries_of, in_force
from policies.lint.scope import entry_holds, holds_the_unknown, scope_of_entry
from policies.lint.tighter import as_tight
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.opening import Opening
from policies.trial.probe import probes, verdicts
from policies.verdict import Decision, Verdict

Word = tuple[Decision, int, datetime | None]


def pointless_rules(policy: Policy) -> Iterator[Finding]:
    """Every one of a policy, in the order of its rules."""
    found = [*_rules(policy), *_entries(policy)]
    if not found or not entries_of(policy.rules):  # where nothing is allowed, nothing changes anything
        return
    acts = probes(policy)
    for finding, without in found:
        if not _changes_something(finding.rule, policy, without, acts):
            yield finding


def _changes_something(name: str, policy: Policy, without: Policy, acts: Sequence[Facts]) -> bool:
    """Whether an act is judged otherwise without the rule: of some others it has nothing to say."""
    (rule,) = (one for one in policy.rules if one.id == name)
    if isinstance(rule, Opening):  # what it says of later moments counts too
        return any(_word(evaluate(policy, act)) != _word(evaluate(without, act)) for act in acts)
    words = (verdict.said[0] for verdict in verdicts(Policy.of([rule]), acts))
    touched = [act for act, (form, *_) in zip(acts, words, strict=True) if form.decision is not None]
    before, after = _at_once(policy), _at_once(without)
    return any(_word(evaluate(before, act)) != _word(evaluate(after, act)) for act in touched)


def _at_once(policy: Policy) -> Policy:
    """Without the rules that let acts wait: no other rule changes how long, and looking for it takes long."""
    return Policy.of(rule for rule in policy.rules if not isinstance(rule, Opening))


def _word(verdict: Verdict) -> Word:
    """What a rule may change: how many must approve counts only while they have not."""
    people = verdict.people if verdict.decision is Decision.REVIEW else 0
    return verdict.decision, people, verdict.not_before


def _rules(policy: Policy) -> Iterator[tuple[Finding, Policy]]:
    told: set[str] = set()
    for rule, other in permutations(in_force(policy.rules), 2):
        if rule.id in told or other.id in told or not (why := as_tight(other, rule)):
            continue
        if as_tight(rule, other) and rule.id < other.id:
            continue  # of two that say the same, the second is the one too many
        told.add(rule.id)
        fix = f"remove it, or change it to say more than {other.id}"
        rest = [one for one in policy.rules if one.id != rule.id]
        yield (
            Finding("pointless", rule.id, ("id",), f"changes nothing, because {other.id} {why}", fix),
            Policy.of(rest),
        )


def _entries(policy: Policy) -> Iterator[tuple[Finding, Policy]]:
    told: list[Listed] = []
    for narrow, wide in permutations(entries_of(policy.rules), 2):
        if narrow in told or wide in told or not _inside(narrow, wide):
            continue
        first = (narrow.rule.id, narrow.index) < (wide.rule.id, wide.index)
        if first and _inside(wide, narrow):
            continue
        told.append(narrow)
        what = f"the entry changes nothing, because {wide.name} lists all of it in the same way"
        inside = ("allow", narrow.index)
        rest = _without(policy, narrow)
        yield Finding("pointless", narrow.rule.id, inside, what, "remove one of the two"), rest


def _inside(narrow: Listed, wide: Listed) -> bool:
    same_mode = narrow.entry.mode == wide.entry.mode
    inner, outer = scope_of_entry(narrow), scope_of_entry(wide)
    return (
        same_mode and not inner.empty and holds_the_unknown(outer, inner) and entry_holds(wide.entry, narrow.entry)
    )


def _without(policy: Policy, listed: Listed) -> Policy:
    """The policy without one entry; without its rule, if that was its only one."""
    rest: list[AnyRule] = [one for one in policy.rules if one.id != listed.rule.id]
    kept = tuple(one for index, one in enumerate(listed.rule.allow) if index != listed.index)
    return Policy.of([*rest, listed.rule.model_copy(update={"allow": kept})] if kept else rest)
