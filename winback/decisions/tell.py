"""An entry of the decision log in a few words, for a person.

`say` gives for our English words those of another language; `str` is English.
"""

from collections.abc import Callable, Mapping
from typing import Any

from winback.decisions.kind import EntryKind

Body = Mapping[str, Any]
Say = Callable[[str], str]
Teller = Callable[[Body, Say], str]
SHOWN = 12
"""Digits of a hash that are shown."""


def tell(body: Body, say: Say = str) -> str:
    """What one entry says; an entry of an unknown kind (a newer Winback wrote it) says only its kind."""
    words = WORDS.get(body["kind"])
    return words(body, say) if words else str(body["kind"])


def _code(word: Any, say: Say) -> str:
    """A word of a closed set; of another version, it stays as it is."""
    plain = str(word).replace("_", " ")
    return say(plain) if plain else ""


def named(code: str, say: Say) -> str:
    """A code that stands in English as it is written in the log; in another language it has words."""
    plain = code.replace("_", " ")
    told = say(plain) if plain else ""
    return code if told == plain else told


def _imported(body: Body, say: Say) -> str:
    return say("{what}: {rows} rows, {bad} bad").format(what=body["what"], rows=body["rows"], bad=body["bad"])


def _opened(body: Body, say: Say) -> str:
    words = say("{drop} since {onset}: {reason}")
    return words.format(drop=named(body["drop_kind"], say), onset=body["onset"], reason=body["reason"])


def _held_out(_body: Body, say: Say) -> str:
    return say("drawn for the holdout: watched, never contacted")


def _act(body: Body) -> str:
    return f"{body['tool']} {body['action_hash'][:SHOWN]}"


def _judged(body: Body, say: Say) -> str:
    act, rules = _act(body), body["rules"]
    return say("{act} by {rules}").format(act=act, rules=", ".join(rules)) if rules else act


def _lapsed(body: Body, say: Say) -> str:
    return f"{_act(body)}: {body['reason']}" if "reason" in body else _judged(body, say)


def _nothing_allowed(body: Body, say: Say) -> str:
    words = say("{options} options, all denied by {rules}")
    return words.format(options=body["options"], rules=", ".join(body["rules"]))


def _reason(body: Body, say: Say) -> str:
    return _code(body["reason"], say)


def _nothing_to_offer(body: Body, say: Say) -> str:
    reason = _reason(body, say)
    return f"{reason}: {', '.join(body['unwanted'])}" if "unwanted" in body else reason


def _nothing_chosen(body: Body, say: Say) -> str:
    return _code(body["why"], say)


def _model_failed(body: Body, say: Say) -> str:
    return say("{code}, then {then}").format(code=named(body["code"], say), then=named(body["then"], say))


def _reviewed(body: Body, say: Say) -> str:
    code = f" ({named(body['code'], say)})" if "code" in body else ""
    words = say("item {item} {act} by {who}")
    return words.format(item=body["review"], act=body["action_hash"][:SHOWN], who=body["by"]) + code


def _deferred(body: Body, say: Say) -> str:
    return say("until {when} UTC").format(when=body["until"][:16])


def _effect(body: Body, say: Say) -> str:
    effect = say("effect {effect}").format(effect=body["effect"][:SHOWN])
    part = _code(body["part"], say) if "part" in body else ""
    return say("{part} of {effect}").format(part=part, effect=effect) if part else effect


def _not_sent(body: Body, say: Say) -> str:
    return say("{effect}, again at {when} UTC").format(effect=_effect(body, say), when=body["again_at"][:16])


def _unknown(body: Body, say: Say) -> str:
    words = say("{effect}: asked again at {when} UTC")
    return words.format(effect=_effect(body, say), when=body["again_at"][:16])


def _to_look_at(body: Body, say: Say) -> str:
    return say("{effect}: a person must look").format(effect=_effect(body, say))


def _settled(body: Body, say: Say) -> str:
    words = say("{effect}: {who} says sent") if body["sent"] else say("{effect}: {who} says not sent")
    return words.format(effect=_effect(body, say), who=body["by"])


def _sent_again(body: Body, say: Say) -> str:
    return say("{effect}: {who} has it tried again").format(effect=_effect(body, say), who=body["by"])


def _answered(body: Body, say: Say) -> str:
    words = say("contact {number}, {question}: {value}, to effect {effect}")
    return words.format(
        number=body["contact"], question=body["question"], value=body["value"], effect=body["effect"][:SHOWN]
    )


def _preferred(body: Body, say: Say) -> str:
    channels = ", ".join(body["channels"]) or say("no channel")
    words = say("contact {number}: by {channels}, in {language}")
    return words.format(number=body["contact"], channels=channels, language=body["language"])


def _closed(body: Body, say: Say) -> str:
    outcome = _code(body["outcome"], say)
    return say("{outcome}, withdrew what waited").format(outcome=outcome) if body["lapsed"] else outcome


def _contact(body: Body, say: Say) -> str:
    return say("contact {number}").format(number=body["contact"])


def _policy_changed(body: Body, say: Say) -> str:
    words = say("{role} is {hash}, before {before}, by {who} from {source}")
    if not body["before"]:
        words = say("{role} is {hash}, by {who} from {source}")
    before, new = (body["before"] or "")[:SHOWN], body["hash"][:SHOWN]
    return words.format(role=body["role"], hash=new, before=before, who=body["author"], source=body["source"])


def _shadow_ended(body: Body, say: Say) -> str:
    return say("{hash} judges no more, by {who}").format(hash=body["hash"][:SHOWN], who=body["author"])


def _policy_refused(body: Body, say: Say) -> str:
    words = (
        say("{role} by {who}: {reason}, {hash} stays") if body["in_force"] else say("{role} by {who}: {reason}")
    )
    kept = (body["in_force"] or "")[:SHOWN]
    return words.format(role=body["role"], who=body["author"], reason=body["reason"], hash=kept)


def _switch(body: Body, say: Say) -> str:
    what = f"{body['scope']} {body['name']}".strip()
    words = say("switch {number}, {what}, by {who}: {reason}")
    return words.format(number=body["switch"], what=what, who=body["by"], reason=body["reason"])


def _erased(body: Body, say: Say) -> str:
    counts = ", ".join(f"{number} {name}" for name, number in sorted(body["counts"].items()))
    return _contact(body, say) + (f": {counts}" if counts else "")


def _waited(body: Body, say: Say) -> str:
    words = (
        say("item {item}, waited since {when}, by {who}")
        if "by" in body
        else say("item {item}, waited since {when}")
    )
    return words.format(item=body["review"], when=body["waited_since"][:16], who=body.get("by"))


def _undone(body: Body, say: Say) -> str:
    words = say("{item}: was {undone}, waits again")
    return words.format(item=_reviewed(body, say), undone=_code(body["undid"], say))


def _handed(body: Body, say: Say) -> str:
    return say("{item}, to {who}").format(item=_reviewed(body, say), who=body["to"])


def _lifted(body: Body, say: Say) -> str:
    why = f", {body['reason']}" if "reason" in body else ""
    return say("{item}: nothing is held back by it any more").format(item=_reviewed(body, say)) + why


def _planted(body: Body, say: Say) -> str:
    found = say("item {item} with a known fault, {fault}: found by {who}")
    words = found if body["caught"] else say("item {item} with a known fault, {fault}: missed by {who}")
    return words.format(item=body["item"], fault=_code(body["fault"], say), who=body["by"])


def _recorded(body: Body, say: Say) -> str:
    words = say("{what}, interaction {number}")
    return words.format(what=_code(body["what"], say), number=body["interaction"])


WORDS: Mapping[str, Teller] = {
    EntryKind.IMPORTED: _imported,
    EntryKind.ALARMS_HELD: _reason,
    EntryKind.CASE_OPENED: _opened,
    EntryKind.HELD_OUT: _held_out,
    EntryKind.NOTHING_TO_OFFER: _nothing_to_offer,
    EntryKind.NOTHING_ALLOWED: _nothing_allowed,
    EntryKind.NOTHING_CHOSEN: _nothing_chosen,
    EntryKind.MODEL_FAILED: _model_failed,
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
    EntryKind.DEFERRED: _deferred,
    EntryKind.INTENT: _effect,
    EntryKind.DONE: _effect,
    EntryKind.NOT_SENT: _not_sent,
    EntryKind.OUTCOME_UNKNOWN: _unknown,
    EntryKind.MAY_HAVE_BEEN_SENT: _to_look_at,
    EntryKind.FAILED: _to_look_at,
    EntryKind.SETTLED: _settled,
    EntryKind.SENT_AGAIN: _sent_again,
    EntryKind.ANSWERED: _answered,
    EntryKind.PREFERRED: _preferred,
    EntryKind.CLOSED: _closed,
    EntryKind.UNSUBSCRIBED: _contact,
    EntryKind.POLICY_CHANGED: _policy_changed,
    EntryKind.POLICY_REFUSED: _policy_refused,
    EntryKind.SHADOW_ENDED: _shadow_ended,
    EntryKind.SWITCH_ENGAGED: _switch,
    EntryKind.SWITCH_RELEASED: _switch,
    EntryKind.ESCALATED: _waited,
    EntryKind.UNDONE: _undone,
    EntryKind.HANDED: _handed,
    EntryKind.LIFTED: _lifted,
    EntryKind.PLANTED: _planted,
    EntryKind.RECORDED: _recorded,
    EntryKind.ERASED: _erased,
}
"""What a line of the decision log can say."""
