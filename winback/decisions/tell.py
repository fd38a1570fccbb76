"""An entry of the decision log in a few words, for a person."""

from collections.abc import Callable, Mapping
from typing import Any

from winback.decisions.kind import EntryKind

Body = Mapping[str, Any]
SHOWN = 12
"""Digits of a hash that are shown."""


def tell(body: Body) -> str:
    """What one entry says; an entry of an unknown kind (a newer Winback wrote it) says only its kind."""
    words = WORDS.get(body["kind"])
    return words(body) if words else str(body["kind"])


def _opened(body: Body) -> str:
    return f"{body['drop_kind']} since {body['onset']}: {body['reason']}"


def _judged(body: Body) -> str:
    rules = body["rules"]
    return f"{body['tool']} {body['action_hash'][:SHOWN]}" + (f" by {', '.join(rules)}" if rules else "")


def _lapsed(body: Body) -> str:
    return f"{body['tool']} {body['action_hash'][:SHOWN]}: {body['reason']}" if "reason" in body else _judged(body)


def _nothing_allowed(body: Body) -> str:
    return f"{body['options']} options, all denied by {', '.join(body['rules'])}"


def _reason(body: Body) -> str:
    return str(body["reason"]).replace("_", " ")


def _nothing_to_offer(body: Body) -> str:
    return f"{_reason(body)}: {', '.join(body['unwanted'])}" if "unwanted" in body else _reason(body)


def _reviewed(body: Body) -> str:
    code = f" ({body['code']})" if "code" in body else ""
    return f"item {body['review']} {body['action_hash'][:SHOWN]} by {body['by']}{code}"


def _effect(body: Body) -> str:
    part = f"{str(body['part']).replace('_', ' ')} of " if "part" in body else ""
    return f"{part}effect {body['effect'][:SHOWN]}"


def _answered(body: Body) -> str:
    return f"contact {body['contact']}, {body['question']}: {body['value']}, to effect {body['effect'][:SHOWN]}"


def _preferred(body: Body) -> str:
    return f"contact {body['contact']}: by {', '.join(body['channels']) or 'no channel'}, in {body['language']}"


def _closed(body: Body) -> str:
    return f"{body['outcome']}" + (", withdrew what waited" if body["lapsed"] else "")


def _policy_changed(body: Body) -> str:
    before = f", before {body['before'][:SHOWN]}" if body["before"] else ""
    return f"{body['role']} is {body['hash'][:SHOWN]}{before}, by {body['author']} from {body['source']}"


def _policy_refused(body: Body) -> str:
    kept = f", {body['in_force'][:SHOWN]} stays" if body["in_force"] else ""
    return f"{body['role']} by {body['author']}: {body['reason']}{kept}"


def _switch(body: Body) -> str:
    what = f"{body['scope']} {body['name']}".strip()
    return f"switch {body['switch']}, {what}, by {body['by']}: {body['reason']}"


def _erased(body: Body) -> str:
    counts = ", ".join(f"{number} {name}" for name, number in sorted(body["counts"].items()))
    return f"contact {body['contact']}" + (f": {counts}" if counts else "")


def _waited(body: Body) -> str:
    by = f", by {body['by']}" if "by" in body else ""
    return f"item {body['review']}, waited since {body['waited_since'][:16]}{by}"


def _undone(body: Body) -> str:
    return f"{_reviewed(body)}: was {str(body['undid']).replace('_', ' ')}, waits again"


def _planted(body: Body) -> str:
    what = "found" if body["caught"] else "missed"
    return f"item {body['item']} with a known fault, {body['fault'].replace('_', ' ')}: {what} by {body['by']}"


WORDS: Mapping[str, Callable[[Body], str]] = {
    EntryKind.IMPORTED: lambda body: f"{body['what']}: {body['rows']} rows, {body['bad']} bad",
    EntryKind.ALARMS_HELD: _reason,
    EntryKind.CASE_OPENED: _opened,
    EntryKind.HELD_OUT: lambda _body: "drawn for the holdout: watched, never contacted",
    EntryKind.NOTHING_TO_OFFER: _nothing_to_offer,
    EntryKind.NOTHING_ALLOWED: _nothing_allowed,
    EntryKind.NOTHING_CHOSEN: lambda body: str(body["why"]).replace("_", " "),
    EntryKind.MODEL_FAILED: lambda body: f"{body['code']}, then {body['then']}",
    EntryKind.ALLOWED: _judged,
    EntryKind.QUEUED: _judged,
    EntryKind.DENIED: _judged,
    EntryKind.FIRST_APPROVED: _reviewed,
    EntryKind.APPROVED: _reviewed,
    EntryKind.EDITED: _reviewed,
    EntryKind.REJECTED: _reviewed,
    EntryKind.SNOOZED: _reviewed,
    EntryKind.EXPIRED: _waited,
    EntryKind.LAPSED: _lapsed,
    EntryKind.DEFERRED: lambda body: f"until {body['until'][:16]} UTC",
    EntryKind.INTENT: _effect,
    EntryKind.DONE: _effect,
    EntryKind.NOT_SENT: lambda body: f"{_effect(body)}, again at {body['again_at'][:16]} UTC",
    EntryKind.OUTCOME_UNKNOWN: lambda body: f"{_effect(body)}: asked again at {body['again_at'][:16]} UTC",
    EntryKind.MAY_HAVE_BEEN_SENT: lambda body: f"{_effect(body)}: a person must look",
    EntryKind.FAILED: lambda body: f"{_effect(body)}: a person must look",
    EntryKind.SETTLED: lambda body: f"{_effect(body)}: {body['by']} says {'sent' if body['sent'] else 'not sent'}",
    EntryKind.SENT_AGAIN: lambda body: f"{_effect(body)}: {body['by']} has it tried again",
    EntryKind.ANSWERED: _answered,
    EntryKind.PREFERRED: _preferred,
    EntryKind.CLOSED: _closed,
    EntryKind.UNSUBSCRIBED: lambda body: f"contact {body['contact']}",
    EntryKind.POLICY_CHANGED: _policy_changed,
    EntryKind.POLICY_REFUSED: _policy_refused,
    EntryKind.SWITCH_ENGAGED: _switch,
    EntryKind.SWITCH_RELEASED: _switch,
    EntryKind.ESCALATED: _waited,
    EntryKind.UNDONE: _undone,
    EntryKind.HANDED: lambda body: f"{_reviewed(body)}, to {body['to']}",
    EntryKind.LIFTED: lambda body: f"{_reviewed(body)}: nothing is held back by it any more",
    EntryKind.PLANTED: _planted,
    EntryKind.RECORDED: lambda body: f"{str(body['what']).replace('_', ' ')}, interaction {body['interaction']}",
    EntryKind.ERASED: _erased,
}
