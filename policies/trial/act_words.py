"""An act in words, and as the changes to the sound act that a case file would hold."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from policies.facts import Facts
from policies.plain import facts_to_plain
from policies.trial.case import UNDRAWN, act_of

TOLD_APART = (
    "history",
    "happenings",
    "counts",
    "draws",
    "now",
    "moment",
    "approved_by",
    "proposed_at",
    "run_started_at",
)
"""What `told` says in words of its own."""


def changes_of(act: Facts) -> dict[str, Any]:
    """The `facts` of a case file that is about this act; what is 0 or drawn high need not be said."""
    found = _changes(facts_to_plain(act_of({})), facts_to_plain(act))
    found["counts"] = {name: number for name, number in act.counts.items() if number}
    found["draws"] = {seed: draw for seed, draw in act.draws.items() if draw != UNDRAWN}
    return {key: value for key, value in found.items() if value != {} or key not in ("counts", "draws")}


def told(act: Facts) -> str:
    """One line: what it is, and how else it differs from the sound act."""
    changes = changes_of(act)
    rest = {key: value for key, value in changes.items() if key not in TOLD_APART}
    skipped = ("action.tool", "drop.kind", "action.catalogue_id")
    parts = [f"{name} {_text(value)}" for name, value in _flat(rest) if name not in skipped]
    return "; ".join(
        [f"{act.action.tool} for {act.drop.kind}", *_when(act, changes), *parts, *_past(act, changes)]
    )


def _when(act: Facts, changes: Mapping[str, Any]) -> Iterator[str]:
    if "now" in changes:
        yield f"on {act.now:%a %Y-%m-%d %H:%M} UTC"
    if act.moment == "act":
        waited = f", proposed {_ago(act.now - act.proposed_at)}" if act.proposed_at else ""
        yield f"about to be carried out{waited}, approved by {len(act.approved_by) or 'nobody'}"


def _past(act: Facts, changes: Mapping[str, Any]) -> Iterator[str]:
    if not act.history and not act.account.contacted_long_ago:
        yield "never contacted before"
    elif act.history and "history" in changes:
        ago = _ago(act.now - act.history[0].at)
        given = sum(one.value for one in act.history)
        many = "an earlier contact" if len(act.history) == 1 else f"{len(act.history)} earlier contacts, the last"
        yield f"{many} {ago}" + (f", worth {given:g}" if given else "")
    for one in act.happenings:
        code = f" ({one.code})" if one.code else ""
        yield f"a {one.kind}{code} {_ago(act.now - one.at)}"
    for name, number in sorted(changes.get("counts", {}).items()):
        yield f"{name}: {number:g}"
    for seed, draw in sorted(changes.get("draws", {}).items()):
        yield f"drawn {draw:g} for {seed}"


def _ago(past: timedelta) -> str:
    hours = past.total_seconds() / 3600
    number, unit = (hours / 24, "day") if hours >= 48 else (hours, "hour")
    return f"{number:.4g} {unit}{'' if number == 1 else 's'} ago"


def _changes(base: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in other.items():
        old = base.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            if inner := _changes(old, value):
                found[key] = inner
            elif old and not value:
                found[key] = {}
        elif old != value:
            found[key] = value
    return found


def _flat(node: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _text(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
    return str(value)
