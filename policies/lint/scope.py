"""Which acts a rule is about, compared exactly: whether one scope holds another, or meets it."""

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import get_args

from policies.facts import Audience
from policies.lint.finding import Listed
from policies.rules.allow_tools import Bound, Entry
from policies.rules.fields import Range
from policies.rules.when import When

Words = frozenset[str]
WORDS = ("drops", "plans", "tags", "regions", "languages", "tools", "channels", "audience")
AUDIENCES = frozenset(get_args(Audience))
BRANCHING = ("regions", "languages")
"""Words that hold their own parts: DE holds DE-BY, hi holds hi-IN."""
MAY_BE_UNKNOWN = ("plans", "regions", "value")
"""Facts that may be missing: a rule that asks for one takes its strictest effect then."""


@dataclass(frozen=True)
class Scope:
    """Acts, by what each must be; None: whatever it is."""

    drops: Words | None = None
    plans: Words | None = None
    tags: Words | None = None
    regions: Words | None = None
    languages: Words | None = None
    tools: Words | None = None
    channels: Words | None = None
    value: Range | None = None
    audience: Words | None = None

    @property
    def empty(self) -> bool:
        """No act is like this."""
        return any(getattr(self, name) == frozenset() for name in WORDS)


def scope_of(when: When | None, channels: Set[str] | None = None) -> Scope:
    """The acts that `when` names; all the channels that there are (`channels`) are the same as any."""
    if when is None:
        return Scope()
    named = {name: frozenset(found) if (found := getattr(when, name)) else None for name in WORDS}
    if channels and named["channels"] and named["channels"] >= channels:
        named["channels"] = None
    if named["audience"] == AUDIENCES:
        named["audience"] = None
    return Scope(**named, value=when.value)


def scope_of_entry(listed: Listed, tool: str | None = None) -> Scope:
    """The acts that an entry lists; with `tool`, those of this tool alone."""
    own, entry = scope_of(listed.rule.when), listed.entry
    tools: Words = frozenset(entry.tools)
    drops: Words | None = frozenset(entry.drops) if entry.drops else None
    if own.tools is not None:
        tools &= own.tools
    if own.drops is not None:
        drops = own.drops if drops is None else drops & own.drops
    return replace(own, drops=drops, tools=tools & {tool} if tool else tools, channels=None)


def holds(wide: Scope, narrow: Scope) -> bool:
    """Whether every act of `narrow` is one of `wide`."""
    if any(
        (branches := getattr(wide, name)) is not None and not _holds_branches(branches, getattr(narrow, name))
        for name in BRANCHING
    ):
        return False
    names = [name for name in WORDS if name not in BRANCHING]
    words = all(_holds(getattr(wide, name), getattr(narrow, name)) for name in names)
    return words and range_holds(wide.value, narrow.value)


def holds_the_unknown(wide: Scope, narrow: Scope) -> bool:
    """`holds`, and wherever `narrow` cannot tell for want of a fact, `wide` cannot tell either."""
    asked = [name for name in MAY_BE_UNKNOWN if getattr(narrow, name) is not None]
    return holds(wide, narrow) and all(getattr(wide, name) is not None for name in asked)


def meet(one: Scope, other: Scope) -> bool:
    """Whether an act can be of both. An account can carry any tags at once."""
    if one.empty or other.empty:
        return False
    for name in ("drops", "plans", "tools", "channels", "audience"):
        first, second = getattr(one, name), getattr(other, name)
        if first is not None and second is not None and not first & second:
            return False
    for name in BRANCHING:
        first, second = getattr(one, name), getattr(other, name)
        if first is not None and second is not None and not _meet_branches(first, second):
            return False
    return ranges_meet(one.value, other.value)


def range_holds(wide: Range | None, narrow: Range | None) -> bool:
    """Both ends belong to a range; None: any number."""
    if wide is None:
        return True
    if narrow is None:
        return False
    (low, high), (first, last) = wide.bounds(), narrow.bounds()
    return low <= first and last <= high


def ranges_meet(one: Range | None, other: Range | None) -> bool:
    """Whether a number lies in both."""
    if one is None or other is None:
        return True
    (low, high), (first, last) = one.bounds(), other.bounds()
    return max(low, first) <= min(high, last)


def entry_holds(wide: Entry, narrow: Entry) -> bool:
    """Whether all that one entry offers another offers too, tools and drops aside."""
    if wide.catalogue and not (narrow.catalogue and set(narrow.catalogue) <= set(wide.catalogue)):
        return False
    if wide.arguments.keys() - narrow.arguments.keys():
        return False
    return all(_bound_holds(bound, narrow.arguments[name]) for name, bound in wide.arguments.items())


def entries_meet(one: Entry, other: Entry) -> bool:
    """Whether both can offer the same thing, tools and drops aside."""
    if one.catalogue and other.catalogue and not set(one.catalogue) & set(other.catalogue):
        return False
    return all(
        _bounds_meet(bound, other.arguments[name])
        for name, bound in one.arguments.items()
        if name in other.arguments
    )


def _bound_holds(wide: Bound, narrow: Bound) -> bool:
    if wide.one_of is not None:
        return narrow.one_of is not None and set(narrow.one_of) <= set(wide.one_of)
    if wide.within_days is not None:
        return narrow.within_days is not None and range_holds(wide.within_days, narrow.within_days)
    return narrow.one_of is None and narrow.within_days is None and range_holds(wide, narrow)


def _bounds_meet(one: Bound, other: Bound) -> bool:
    if one.one_of is not None and other.one_of is not None:
        return bool(set(one.one_of) & set(other.one_of))
    if one.within_days is not None and other.within_days is not None:
        return ranges_meet(one.within_days, other.within_days)
    plain = all(bound.one_of is None and bound.within_days is None for bound in (one, other))
    return plain and ranges_meet(one, other)


def _holds(wide: Words | None, narrow: Words | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)


def _holds_branches(wide: Words, narrow: Words | None) -> bool:
    return narrow is not None and all(one in wide or one.partition("-")[0] in wide for one in narrow)


def _meet_branches(one: Words, other: Words) -> bool:
    return any(
        first == second or first.partition("-")[0] == second or second.partition("-")[0] == first
        for first in one
        for second in other
    )
