"""Rules and parts of rules that no act can ever meet."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.lint.finding import Finding, Listed, Surroundings, entries_of
from policies.lint.scope import Scope, meet, scope_of, scope_of_entry
from policies.policy import Policy
from policies.rules import AnyRule
from policies.rules.allow_tools import AllowTools, Bound
from policies.rules.expires import Expires
from policies.rules.holdout import Holdout
from policies.rules.kill_switch import KillSwitch
from policies.rules.on_model_failure import OnModelFailure
from policies.rules.risk_review import RiskReview
from policies.rules.rule import Narrowed

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def never_matching(policy: Policy, around: Surroundings) -> Iterator[Finding]:
    """Every one of a policy, in the order of its rules; what is switched off is left alone."""
    entries = entries_of(policy.rules)
    if not entries:
        what = "no allow_tools is in force, so everything is denied, whatever this says"
        yield _found(policy.rules[0], ("id",), what, "add one, or set its mode to enforce")
        return
    for rule in policy.rules:
        if rule.mode == "off" or (isinstance(rule, KillSwitch) and not rule.engaged):
            continue
        if isinstance(rule, Narrowed) and rule.when is not None:
            yield from _when(rule, entries)
        yield from _of_kind(rule, entries, around)


def _of_kind(rule: AnyRule, entries: tuple[Listed, ...], around: Surroundings) -> Iterator[Finding]:
    match rule:
        case AllowTools():
            yield from _entries(rule, around)
        case OnModelFailure():
            yield from _playbook(rule, entries)
        case Expires():
            yield from _waits(rule, entries)
        case Holdout(share=0):
            yield _found(rule, ("share",), "holds out nobody", "raise share, or remove the rule")
        case RiskReview() if _asks_nothing(rule):
            yield _found(rule, ("id",), "nothing that it could ask about is switched on", "switch something on")


def _is_spelt_right(language: str) -> bool:
    """An import spells languages as BCP 47 does, and takes nothing else: en, pt-BR, zh-Hant."""
    usual = {2: str.upper, 4: str.title}
    parts = language.split("-")[1:]
    return bool(LANGUAGE.fullmatch(language)) and all(one == usual.get(len(one), str.lower)(one) for one in parts)


def _when(rule: Narrowed, entries: tuple[Listed, ...]) -> Iterator[Finding]:
    when = rule.when
    if when is None:
        return
    listed = {tool for one in entries for tool in one.entry.tools}
    unlisted = [(index, tool) for index, tool in enumerate(when.tools or ()) if tool not in listed]
    for index, tool in unlisted:
        what = f"no allow_tools in force lists {tool}, so it never runs and this is never about it"
        yield _found(rule, ("when", "tools", index), what, "list the tool, or take it from here")
    for index, language in enumerate(when.languages or ()):
        if not _is_spelt_right(language):
            what = f"no contact's language is written {language!r}"
            yield _found(rule, ("when", "languages", index), what, "write a tag such as en or pt-BR")
    if isinstance(rule, AllowTools) or len(unlisted) == len(when.tools or (None,)):
        return
    scope = scope_of(when)
    if not any(meet(scope, scope_of_entry(one)) for one in entries):
        what = f"no act that allow_tools lists is like this ({when.describe()})"
        yield _found(rule, ("when",), what, "change when, or remove the rule")


def _entries(rule: AllowTools, around: Surroundings) -> Iterator[Finding]:
    for index, entry in enumerate(rule.allow):
        if scope_of_entry(Listed(rule, index, entry)).empty:
            what = "the entry's tools or drops are none of those that `when` of its rule names"
            yield _found(rule, ("allow", index), what, "change one of the two")
        for name, bound in entry.arguments.items():
            for tool in entry.tools:
                if problem := _unmeetable(bound, around.parameters.get(tool, {}).get(name)):
                    place = ("allow", index, "arguments", name)
                    yield _found(rule, place, f"{name} of {tool} {problem}", "change the bound")


def _unmeetable(bound: Bound, schema: Mapping[str, Any] | None) -> str | None:
    """Why no value of an argument meets a bound; None when one does, or nobody knows."""
    match (schema or {}).get("type"):
        case "integer" | "number" as kind:
            if bound.one_of is not None or bound.within_days is not None:
                return "is a number, so this never fits"
            return _out_of_reach(bound, schema or {}, whole=kind == "integer")
        case "string":
            is_moment = (schema or {}).get("format") == "date-time"
            if bound.within_days is not None:
                return None if is_moment else "is a word and no moment, so this never fits"
            if bound.one_of is None:
                return "is no number, so this never fits"
            pattern = (schema or {}).get("pattern")
            fits = not pattern or any(_looks_like(pattern, word) for word in bound.one_of)
            return None if fits else f"never looks like {' or '.join(bound.one_of)}"
    return None


def _looks_like(pattern: str, word: str) -> bool:
    try:
        return re.search(pattern, word) is not None
    except re.error:  # a tool of somebody else's, with a pattern of another dialect
        return True


def _out_of_reach(bound: Bound, schema: Mapping[str, Any], *, whole: bool) -> str | None:
    low, high = bound.bounds()
    least, most = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    if low > most or high < least:
        return f"is {least:g} to {most:g}, so this never fits"
    low, high = max(low, least), min(high, most)
    if whole and low > float("-inf") and high < float("inf") and int(high // 1) < low:
        return "is a whole number, and there is none in between"
    return None


def _playbook(rule: OnModelFailure, entries: tuple[Listed, ...]) -> Iterator[Finding]:
    for drop, tool in (rule.playbook or {}).items():
        wanted = Scope(tools=frozenset({tool}), drops=frozenset({drop}))
        if not any(meet(wanted, scope_of_entry(one)) for one in entries):
            what = f"no allow_tools in force lists {tool} for {drop}, so what the playbook names is denied"
            yield _found(rule, ("playbook", drop), what, "name another tool, or list this one for it")


def _waits(rule: Expires, entries: Iterable[Listed]) -> Iterator[Finding]:
    listed = {tool for one in entries for tool in one.entry.tools}
    for tool in rule.tools:
        if tool not in listed:
            what = f"no allow_tools in force lists {tool}, so nothing of it ever waits"
            yield _found(rule, ("tools", tool), what, "list the tool, or take it from here")


def _asks_nothing(rule: RiskReview) -> bool:
    """Whether every condition is off; conditions are all the rule's keys but those that every rule has."""
    own = set(RiskReview.model_fields) - set(Narrowed.model_fields)
    return all(getattr(rule, name) is None or getattr(rule, name) is False for name in own - {"kind"})


def _found(rule: Any, inside: tuple[str | int, ...], what: str, fix: str) -> Finding:
    return Finding("never matches", rule.id, inside, what, fix)
