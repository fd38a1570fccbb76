"""What a person found out about an effect of which nobody knew whether it was sent, or that was given up."""

from typing import Any

from winback.decisions.answer import answer_commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.models import Effect
from winback.store.types import CaseState, EffectState
from workers.acted import contacted
from workers.services import Services

OPEN_ENDS = (EffectState.UNKNOWN, EffectState.FAILED)


def settle(services: Services, effect_id: int, *, sent: bool, by: str) -> None:
    """Write down that it was sent, or that it was not; then an agent may look at the case again.

    Raises:
        InputError: there is no such effect.
        ConflictError: nothing is open about it.
    """
    now = services.clock.now()
    with services.store.write("settle") as session:
        effect = session.get(Effect, effect_id, with_for_update=True, populate_existing=True)
        if effect is None:
            raise InputError(f"there is no effect {effect_id}", fix="see 'winback queue list'")
        if effect.state not in OPEN_ENDS:
            raise ConflictError(
                f"effect {effect_id} is {effect.state}: nothing is open about it", fix="see the log"
            )
        body: dict[str, Any] = {"effect": effect.key, "action_hash": effect.action_hash, "by": by, "sent": sent}
        if sent:
            effect.state, effect.receipt, effect.done_at = EffectState.DONE, {"settled_by": by}, now
            # A failed one has no intent any more; it was due when it was tried last.
            effect.intent_at = effect.intent_at or effect.due_at
            body["receipt_commitment"] = answer_commitment(session, effect.contact_id, effect.receipt)
        else:
            effect.state, effect.intent_at = EffectState.LAPSED, None
        session.flush()
        after = {**contacted(effect, effect.intent_at), "next_at": None} if sent else {"next_at": now}
        advance(session, effect.case_id, EntryKind.SETTLED, now, body, allowed=tuple(CaseState), **after)
