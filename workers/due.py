"""Effects whose time has come, and which of them are taken in hand together."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_
from sqlmodel import col, select

from winback.store.models import Effect
from winback.store.types import EffectState
from workers.owner import abandoned
from workers.retry import receiver_of
from workers.services import Services

CHOICE = 4
"""So many times what it takes a worker is offered: it passes over what others have in hand."""
DUE = ("id", "account_id", "medium", "payload", "state", "lease_owner", "lease_until")


@dataclass(frozen=True, slots=True)
class Due:
    """An effect whose time has come. `begun`: a worker has died over it, or got no answer.

    `receiver` is who would fail by themselves: `workers.retry.receiver_of`.
    """

    id: int
    account: int
    medium: str
    receiver: str
    begun: bool


def due_effects(services: Services) -> list[Due]:
    """Effects whose time has come, and those whose worker has died or lost its lease; oldest first."""
    now = services.clock.now()
    with services.store.read() as session:
        rows = session.exec(
            select(*(col(getattr(Effect, name)) for name in DUE))
            .where(
                or_(
                    and_(col(Effect.state) == EffectState.PENDING, col(Effect.due_at) <= now),
                    col(Effect.state) == EffectState.IN_FLIGHT,
                )
            )
            .order_by(col(Effect.due_at), col(Effect.id))
        ).all()
    return [
        Due(effect_id, account, medium, receiver_of(medium, payload), state == EffectState.IN_FLIGHT)
        for effect_id, account, medium, payload, state, owner, until in rows
        if state == EffectState.PENDING or abandoned(owner, until, now)
    ]


def together(services: Services, due: Sequence[Due]) -> list[Due]:
    """The first of them, as many as may be taken in hand by one transaction, and more to choose from.

    What the receiver refuses a second time may be intended with others: if we die or sleep after it, it is sent
    again. Of one account one at a time: the next is judged by what became of it.
    """
    most = CHOICE * services.pace.most()
    chosen: dict[int, Due] = {}
    for one in due:
        alone = one.begun or services.way(one.medium).capability != "keyed"
        if chosen and (alone or one.account in chosen or len(chosen) >= most):
            break
        chosen[one.account] = one
        if alone:
            break
    return list(chosen.values())
