"""What a person does about an effect of which nobody knew whether it was sent, or that was given up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tools.channels.channel import MaybeSent
from winback.decisions.answer import answer_commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.models import Effect
from winback.store.types import GRANT, MESSAGE, TAKE_BACK, CaseState, EffectState
from workers.acted import contacted
from workers.services import Services
from workers.trial import begin, end_of, waiting

OPEN_ENDS = (EffectState.UNKNOWN, EffectState.FAILED)


def settle(
    services: Services, effect_id: int, *, sent: bool, by: str, receipt: Mapping[str, str] | None = None
) -> None:
    """Write down that it was sent, or that it was not; then an agent may look at the case again.

    `receipt` is what the receiver answered where it was asked. Where a person says of a grant that failed that it
    was sent, its days count from here; what waited for it looks at it at once.

    Raises:
        InputError: there is no such effect.
        ConflictError: nothing is open about it.
    """
    now = services.clock.now()
    with services.store.write("settle") as session:
        effect = _open_end(session, effect_id)
        body = {**_named(effect, by), "sent": sent}
        if effect.part == GRANT:
            if sent and receipt is None:
                begin(effect, now)
            for one in waiting(session, effect):
                one.due_at = now
        if sent:
            effect.state, effect.receipt, effect.done_at = (
                EffectState.DONE,
                {**(receipt or {}), "settled_by": by},
                now,
            )
            # A failed one has no intent any more; it was due when it was tried last.
            effect.intent_at = effect.intent_at or effect.due_at
            body["receipt_commitment"] = answer_commitment(session, effect.contact_id, effect.receipt)
        else:
            effect.state, effect.intent_at = EffectState.LAPSED, None
        session.flush()
        after = {**contacted(effect, effect.intent_at), "next_at": None} if sent else {"next_at": now}
        advance(session, effect.case_id, EntryKind.SETTLED, now, body, allowed=tuple(CaseState), **after)


def ask_receiver(services: Services, effect_id: int, by: str) -> bool:
    """Ask the receiver whether it has it: True settles it as sent, False leaves it to the person.

    Raises:
        InputError: there is no such effect.
        ConflictError: nothing is open about it, or its receiver cannot tell.
    """
    with services.store.read() as session:
        effect = _open_end(session, effect_id)
    way = services.way(effect.medium)
    if effect.channel != way.name:
        raise ConflictError(
            f"it went over the channel {effect.channel}, which is no longer in use", fix="ask by other means"
        )
    try:
        found = way.lookup(effect.key)
    except MaybeSent as problem:
        raise ConflictError(f"the receiver cannot tell: {problem}", fix="ask by other means") from None
    if found is not None:
        settle(services, effect_id, sent=True, by=by, receipt=found.to_plain())
    return found is not None


def send_again(services: Services, effect_id: int, by: str) -> None:
    """Let a worker try once more what certainly did not go, or what a receiver that refuses repeats may have.

    The policy judges a message again before it goes.

    Raises:
        InputError: there is no such effect.
        ConflictError: nothing is open about it, it may have arrived where a repeat would arrive too, its case
            has gone on, or it is a grant that nothing would take back.
    """
    now = services.clock.now()
    with services.store.write("send_again") as session:
        effect = _open_end(session, effect_id)
        if effect.part == GRANT:
            _check_ends(session, effect, now)
        if effect.state == EffectState.UNKNOWN:
            _check_keyed(services, effect)
            effect.state, effect.lease_owner, effect.lease_until = EffectState.IN_FLIGHT, None, now
        else:
            effect.state, effect.lease_owner, effect.lease_until = EffectState.PENDING, None, None
        effect.due_at, effect.attempts = now, 0
        session.flush()
        body = _named(effect, by)
        if effect.part == MESSAGE:
            advance(
                session, effect.case_id, EntryKind.SENT_AGAIN, now, body, allowed=(CaseState.WATCHING,),
                state=CaseState.ACTING, next_at=None,
            )  # fmt: skip
        else:
            advance(session, effect.case_id, EntryKind.SENT_AGAIN, now, body, allowed=tuple(CaseState))


def _named(effect: Effect, by: str) -> dict[str, Any]:
    """How the log names it, and who did something about it."""
    part = {} if effect.part == MESSAGE else {"part": effect.part}
    return {"effect": effect.key, "action_hash": effect.action_hash, "by": by, **part}


def may_be_asked(services: Services, effect: Effect) -> bool:
    """Whether the receiver of one whose end is open can tell anything of it."""
    way = services.way(effect.medium)
    return effect.state in OPEN_ENDS and way.can_tell and way.name == effect.channel


def may_be_sent_again(services: Services, effect: Effect) -> bool:
    """Whether `send_again` could do it, as far as the effect goes."""
    if effect.state == EffectState.UNKNOWN:
        way = services.way(effect.medium)
        return way.capability == "keyed" and way.name == effect.channel
    return effect.state == EffectState.FAILED


def _check_keyed(services: Services, effect: Effect) -> None:
    if not may_be_sent_again(services, effect):
        raise ConflictError(
            "it may have arrived, and its receiver would take a repeat for another",
            fix="find out whether it arrived, and settle it",
        )


def _check_ends(session: Session, grant: Effect, now: datetime) -> None:
    """What is granted again must end. One in doubt may have arrived with the end that was told, and keeps it."""
    if grant.state == EffectState.UNKNOWN and end_of(grant, now) <= now:
        raise ConflictError("its days are over by now", fix="find out whether it arrived, and settle it")
    if TAKE_BACK not in {one.part for one in waiting(session, grant)}:
        raise ConflictError("nothing would take it back any more", fix="settle it, and offer the trial anew")


def _open_end(session: Session, effect_id: int) -> Effect:
    effect = session.get(Effect, effect_id, with_for_update=True, populate_existing=True)
    if effect is None:
        raise InputError(f"there is no effect {effect_id}", fix="see 'winback queue list'")
    if effect.state not in OPEN_ENDS:
        raise ConflictError(f"effect {effect_id} is {effect.state}: nothing is open about it", fix="see the log")
    return effect
