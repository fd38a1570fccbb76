"""What became of an effect, written down: its entry in the log, and the case that waits for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from winback.canonical import commitment
from winback.decisions.kind import EntryKind
from winback.decisions.steps import Steps
from winback.store.models import Effect
from winback.store.types import CUSTOMER, MESSAGE, CaseState, EffectState

ACTING = (CaseState.ACTING,)
ANY = tuple(CaseState)


@dataclass(frozen=True)
class Acted:
    """What became of one effect in one attempt."""

    effect_id: int
    case_id: int
    tool: str
    kind: EntryKind


def acted(effect: Effect, kind: EntryKind) -> Acted:
    """The word on one effect."""
    return Acted(effect.id or 0, effect.case_id, effect.tool, kind)


def step(
    steps: Steps,
    effect: Effect,
    kind: EntryKind,
    now: datetime,
    body: dict[str, Any],
    *,
    evidence: bytes | None = None,
    **changes: Any,
) -> Acted:
    """One entry. The case waits for its message alone: what follows from an answer changes nothing of it."""
    told = {**body, "effect": effect.key}
    if effect.part == MESSAGE:
        steps.take(effect.case_id, kind, now, told, allowed=ACTING, evidence=evidence, **changes)
    else:
        told = {**told, "action_hash": effect.action_hash, "part": effect.part}
        steps.take(effect.case_id, kind, now, told, allowed=ANY, evidence=evidence)
    return acted(effect, kind)


def log_done(steps: Steps, effect: Effect, salt: str, receipt: dict[str, str], now: datetime) -> Acted:
    """The entry of an effect that is done, with its case taken on. `salt` is the contact's."""
    body = {"action_hash": effect.action_hash, "receipt_commitment": commitment(salt, receipt)}
    return step(
        steps, effect, EntryKind.DONE, now, body, state=CaseState.WATCHING, next_at=None, **contacted(effect, now)
    )


def unknown(steps: Steps, effect: Effect, now: datetime, problem: str) -> Acted:
    """Nobody can say whether it went: a person looks, nothing tries it again."""
    effect.state = EffectState.UNKNOWN
    effect.problem = f"may have been sent: {problem}"
    return step(
        steps, effect, EntryKind.MAY_HAVE_BEEN_SENT, now, {"action_hash": effect.action_hash},
        state=CaseState.WATCHING, next_at=None, **contacted(effect, now),
    )  # fmt: skip


def contacted(effect: Effect, at: datetime | None) -> dict[str, Any]:
    """What the case learns of it: word to a colleague contacts no customer."""
    return {"contacted_at": at} if effect.audience == CUSTOMER else {}
