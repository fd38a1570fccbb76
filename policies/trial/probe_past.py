"""Pasts of an account around the edges of the windows that rules look back through."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from policies.facts import Facts, Happening, HappeningKind, MissingFactError, PastContact
from policies.rejection import REACHES, WITHOUT_CODE, Reach
from policies.rules import AnyRule
from policies.rules.cooldown_after import HAPPENINGS, CooldownAfter
from policies.rules.frequency_cap import FrequencyCap
from policies.rules.preferences import Preferences
from policies.rules.value_limit import ValueLimit
from policies.rules.when import When
from policies.rules.window import Window
from policies.zones import UnknownZoneError

Change = Callable[[Facts], Facts]
MOST, SPACED = 12, 14
"""Contacts in one past: a cap above this is met by counting to it no further; and days between two contacts."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
YEARS = timedelta(days=3650)
SAME, OTHER = 7, 8


def past(rules: Iterable[AnyRule]) -> list[Change]:
    """No contact ever; as many as a cap allows, and one fewer, inside, on the edge and outside its window."""
    changes: list[Change] = [lambda facts: replace(facts, history=())]
    for rule in rules:
        if isinstance(rule, FrequencyCap) and rule.scope in ("account", "contact"):
            counts = sorted({min(MOST, max(0, rule.max + by)) for by in (-1, 0)})
            for who in (SAME, OTHER):
                changes += [_contacts(rule.window, rule.when, count, who) for count in counts if count]
            changes += [_one(rule.window, rule.when, by, rule.max) for by in (timedelta(), SECOND)]
        elif isinstance(rule, ValueLimit) and rule.per_account is not None:
            limit = rule.per_account
            changes += [_gave(limit.window, rule.when, limit.max, by) for by in (0.0, 0.01)]
            changes += [_gave(limit.window, rule.when, limit.max, 0.01, outside=True)]
    return changes


def happened(rules: Iterable[AnyRule]) -> list[Change]:
    """What came back from the account, around the end of the time that a rule waits after it."""
    changes: list[Change] = []
    for rule in rules:
        if isinstance(rule, Preferences):
            spaced = timedelta(days=SPACED)
            changes += [_spaced(age, who) for age in (spaced, spaced - SECOND) for who in (SAME, OTHER, None)]
        if not isinstance(rule, CooldownAfter):
            continue
        length = timedelta(days=rule.days or 0)
        kinds = [HAPPENINGS[what] for what in rule.what if what in HAPPENINGS]
        changes += [
            _happening(kind, age, who)
            for kind in kinds
            for age in (length, length + SECOND)
            for who in (SAME, OTHER, None)
        ]
        if "rejected" in kinds:
            changes += [change for code, reach in REACHES.items() for change in _rejections(code, reach)]
            changes += [_happening("rejected", age, SAME) for age in _around(WITHOUT_CODE)]
        if "refusal" in kinds:
            changes += [_happening("refusal", length, SAME, offer) for offer in ("another", None)]
        if "ticket" in kinds:
            changes += [_ticket(age) for age in (length, length + SECOND)]
        if "contact" in rule.what:
            changes += [_contacted(age, who) for age in (length, length + SECOND) for who in (SAME, OTHER, None)]
    return changes


def _happening(kind: HappeningKind, age: timedelta, who: int | None, offer: str | None = "") -> Change:
    """`offer` "": the one of the act."""

    def change(facts: Facts) -> Facts:
        named = facts.action.catalogue_id if offer == "" else offer
        return replace(facts, happenings=(Happening(kind, facts.now - age, who, facts.action.tool, named),))

    return change


def _around(reach: Reach) -> tuple[timedelta, ...]:
    """As long ago as still counts, and a second more; for one that lasts for ever, years."""
    return (YEARS,) if reach.days is None else (timedelta(days=reach.days), timedelta(days=reach.days) + SECOND)


def _rejections(code: Any, reach: Reach) -> list[Change]:
    """Of this very act around the end of its time, and lately of one for somebody else, another offer and tool."""

    def rejected(age: timedelta, who: int = SAME, tool: str = "", offer: str = "") -> Change:
        def change(facts: Facts) -> Facts:
            tools, offers = tool or facts.action.tool, offer or facts.action.catalogue_id
            one = Happening("rejected", facts.now - age, who, tools, offers, code=code)
            return replace(facts, happenings=(one,))

        return change

    others = (rejected(DAY, OTHER), rejected(DAY, offer="another"), rejected(DAY, tool="another"))
    return [*(rejected(age) for age in _around(reach)), *others]


def _ticket(age: timedelta) -> Change:
    """One that was closed so long ago, a day after it was opened."""

    def change(facts: Facts) -> Facts:
        closed = facts.now - age
        return replace(facts, happenings=(Happening("ticket", closed - DAY, SAME, closed_at=closed),))

    return change


def _contacted(age: timedelta, who: int | None) -> Change:
    def change(facts: Facts) -> Facts:
        one = PastContact(facts.now - age, who, facts.action.tool, facts.action.channel)
        return replace(facts, history=(one,))

    return change


def _spaced(age: timedelta, who: int | None) -> Change:
    """A contact so long ago, of somebody who wants `SPACED` days between two."""

    def change(facts: Facts) -> Facts:
        if facts.contact is None:
            return facts
        return replace(_contacted(age, who)(facts), contact=replace(facts.contact, days_between=SPACED))

    return change


def _like(facts: Facts, when: When | None) -> tuple[str, str]:
    """A tool and a channel that the rule counts: the act's own, if it does."""
    tools, channels = (when.tools, when.channels) if when else (None, None)
    tool = facts.action.tool if not tools or facts.action.tool in tools else tools[0]
    channel = facts.action.channel if not channels or facts.action.channel in channels else channels[0]
    return tool, channel


def _contacts(window: Window, when: When | None, count: int, who: int) -> Change:
    """So many contacts, evenly over the window, the oldest on its edge."""

    def change(facts: Facts) -> Facts:
        start = since(window, facts)
        if start is None:
            return facts
        (tool, channel), length = _like(facts, when), facts.now - start
        made = [PastContact(start + length * step / count, who, tool, channel) for step in range(count)]
        return replace(facts, history=tuple(reversed(made)))

    return change


def _one(window: Window, when: When | None, before: timedelta, count: int) -> Change:
    """As many contacts as are allowed, all at once, on the edge of the window or a second before it."""

    def change(facts: Facts) -> Facts:
        start = since(window, facts)
        if start is None:
            return facts
        tool, channel = _like(facts, when)
        return replace(
            facts, history=(PastContact(start - before, SAME, tool, channel),) * min(MOST, max(1, count))
        )

    return change


def _gave(window: Window, when: When | None, most: float, more: float, *, outside: bool = False) -> Change:
    """An earlier gift that, with this act's own, comes to the limit or a cent over it."""

    def change(facts: Facts) -> Facts:
        start = since(window, facts)
        if start is None:
            return facts
        tool, channel = _like(facts, when)
        given = max(0.0, most - facts.action.value + more)
        return replace(facts, history=(PastContact(start - SECOND * outside, SAME, tool, channel, given),))

    return change


def since(window: Window, facts: Facts) -> datetime | None:
    """Where a window begins; None when nobody knows."""
    try:
        return window.since()(facts)
    except (MissingFactError, UnknownZoneError):
        return None
