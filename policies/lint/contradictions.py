"""Rules that cannot both be meant: one lets an act through, another never does, or two say different things."""

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

from policies.lint.finding import Finding, Listed, Surroundings, entries_of, in_force
from policies.lint.scope import Scope, entries_meet, holds, meet, scope_of, scope_of_entry
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.expires import Expires
from policies.rules.fields import WEEKDAYS
from policies.rules.frequency_cap import FrequencyCap
from policies.rules.holdout import Holdout
from policies.rules.kill_switch import KillSwitch
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.opening import Opening
from policies.rules.quiet_hours import QuietHours
from policies.rules.rule import Narrowed
from policies.rules.value_limit import ValueLimit
from policies.rules.working_days import WorkingDays

DAY = 24 * 60


def contradictory(policy: Policy, around: Surroundings) -> Iterator[Finding]:
    """Every one of a policy, in the order of its rules."""
    rules, entries = in_force(policy.rules), entries_of(policy.rules)
    for rule in rules:
        yield from _denies_for_good(rule, entries, around)
    yield from _never_open(rules, entries, around)
    yield from _different_words(rules)
    for one, other in combinations(entries, 2):
        yield from _auto_and_review(one, other)


def _denies_for_good(rule: AnyRule, entries: Iterable[Listed], around: Surroundings) -> Iterator[Finding]:
    """A rule that denies every act of a tool which an entry lists."""
    inside, says, fix = _denial(rule)
    if not says:
        return
    wide = scope_of(rule.when, around.channels) if isinstance(rule, Narrowed) else Scope()
    denied = [
        (listed, tool)
        for listed in entries
        for tool in dict.fromkeys(listed.entry.tools)
        if not isinstance(rule, ValueLimit) or tool in around.costly
        if not (scope := scope_of_entry(listed, tool)).empty and holds(wide, scope)
    ]
    for name, tools in _by_rule_or_entry(denied, entries).items():
        what = f"{says}, so nothing of {', '.join(tools)} that {name} lists ever runs"
        yield Finding("contradiction", rule.id, (inside,), what, fix)


def _by_rule_or_entry(denied: list[tuple[Listed, str]], entries: Iterable[Listed]) -> dict[str, list[str]]:
    """Tools by the rule that lists them, or by the entry where other entries of the rule still let them run."""
    found: dict[str, list[str]] = {}
    for listed, tool in denied:
        others = [one for one in entries if one.rule is listed.rule and tool in one.entry.tools]
        name = listed.rule.id if all((one, tool) in denied for one in others) else listed.name
        tools = found.setdefault(name, [])
        tools += [] if tool in tools else [tool]
    return found


def _denial(rule: AnyRule) -> tuple[str, str, str]:
    """The key that denies everything the rule is about, in words, and what to do; empty words when none does."""
    match rule:
        case KillSwitch(engaged=True):
            return "engaged", "the switch is engaged", "set engaged to false, or narrow it with when"
        case FrequencyCap(max=0):
            return "max", "at most 0 contacts may be", "raise max, or take the tools from allow_tools"
        case Holdout(share=1):
            return "share", "every account is held out", "lower share"
        case ValueLimit(single=0):
            return "single", "at most 0 may be given at once", "raise single, or take the tools from allow_tools"
        case ValueLimit(per_account=limit) if limit is not None and limit.max == 0:
            return "per_account", "at most 0 may be given to an account", "raise per_account.max"
        case ValueLimit(total=limit) if limit is not None and limit.max == 0:
            return "total", "at most 0 may be given in all", "raise total.max"
    return "", "", ""


def _never_open(rules: Iterable[AnyRule], entries: Iterable[Listed], around: Surroundings) -> Iterator[Finding]:
    """Hours and days that, taken together, leave no moment of the week for an act that an entry lists."""
    opening: list[Opening] = [rule for rule in rules if isinstance(rule, Opening)]
    told: set[tuple[str, ...]] = set()
    for listed in entries:
        scope = scope_of_entry(listed)
        about = [rule for rule in opening if holds(scope_of(rule.when, around.channels), scope)]
        if scope.empty or _open_minutes(about):
            continue
        needed = _needed(about)
        names = tuple(rule.id for rule in needed)
        if names not in told:
            told.add(names)
            what = f"{' and '.join(names)} leave no open moment, so nothing that {listed.name} lists ever runs"
            inside = "days" if isinstance(needed[-1], WorkingDays) else "from"
            yield Finding("contradiction", names[-1], (inside,), what, "leave some hours of some day open")


def _needed(rules: list[Opening]) -> list[Opening]:
    """The rules without which some moment would be open."""
    kept = list(rules)
    for rule in rules:
        fewer = [one for one in kept if one is not rule]
        if not _open_minutes(fewer):
            kept = fewer
    return kept


def _open_minutes(rules: Iterable[Opening]) -> bool:
    """Whether some minute of some weekday is open under all; all go by the recipient's one clock."""
    minutes, days = set(range(DAY)), set(WEEKDAYS)
    for rule in rules:
        if isinstance(rule, WorkingDays):
            days &= set(rule.days)
        elif isinstance(rule, QuietHours):
            minutes &= open_minutes(rule)
    return bool(minutes and days)


def open_minutes(rule: QuietHours) -> set[int]:
    """The minutes of a day that are not quiet."""
    first, last = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (rule.from_, rule.to))
    return set(range(last, first)) if first > last else set(range(DAY)) - set(range(first, last))


def _different_words(rules: Iterable[AnyRule]) -> Iterator[Finding]:
    """Two rules for what can only be done in one way."""
    failures = [rule for rule in rules if isinstance(rule, OnModelFailure)]
    for one, other in pairwise(failures):
        if (one.then, one.playbook) != (other.then, other.playbook):
            what = f"says what to do when the model fails, and {one.id} says something else"
            yield Finding("contradiction", other.id, ("then",), what, "keep one of them; the more cautious holds")
    for early, late in pairwise(rule for rule in rules if isinstance(rule, Expires)):
        yield from _different_ends(early, late)


def _different_ends(early: Expires, late: Expires) -> Iterator[Finding]:
    """What becomes of any proposal, else of one tool's."""
    fix = "let both say the same; the shorter wait holds"
    for tool in ("", *dict.fromkeys((*early.tools, *late.tools))):
        one, other = (rule.then_of(tool).replace("_", " ") for rule in (early, late))
        if one != other:
            whose = f" of {tool}" if tool else ""
            what = f"what waited too long{whose} is to {other}, and {early.id} says to {one} it"
            yield Finding(
                "contradiction", late.id, ("tools", tool) if tool in late.tools else ("then",), what, fix
            )
            return


def _auto_and_review(one: Listed, other: Listed) -> Iterator[Finding]:
    """Two entries that fit the same acts: `auto` in one of them means nothing there."""
    if one.entry.mode == other.entry.mode:
        return
    auto, review = (one, other) if one.entry.mode == "auto" else (other, one)
    tools = [
        tool
        for tool in dict.fromkeys(auto.entry.tools)
        if tool in review.entry.tools and meet(scope_of_entry(auto, tool), scope_of_entry(review, tool))
    ]
    if tools and entries_meet(auto.entry, review.entry):
        names = ", ".join(tools)
        what = f"{names} may run by itself here, and {review.name} wants a person for some of the same acts"
        fix = "give them drops, catalogue or arguments that do not overlap; review holds"
        yield Finding("contradiction", auto.rule.id, ("allow", auto.index, "mode"), what, fix)
