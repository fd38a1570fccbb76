"""Carrying out effects: intent committed before the call, the policy asked once more, completion under a fence."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from tools.channels.channel import MaybeSent, NotSent, Receipt
from winback.decisions.answer import answer_commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, SetupError
from winback.store.models import Effect
from winback.store.types import CaseState, EffectState
from workers.claim import ACTING, FROZEN, Acted, Claim, abandoned, acted, claim, log_done, unknown
from workers.services import Services

log = structlog.get_logger(__name__)

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)


def act_all(
    services: Services,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> list[Acted]:
    """Carry out everything that is due, one effect at a time; `stop` is asked between two."""
    due = due_effects(services)
    done: list[Acted] = []
    for number, effect_id in enumerate(due, start=1):
        if stop():
            break
        if (result := _act_apart(services, effect_id)) is not None:
            done.append(result)
        progress(number, len(due))
    return done


def _act_apart(services: Services, effect_id: int) -> Acted | None:
    """One effect that cannot be carried out must not stop the others."""
    try:
        return act(services, effect_id)
    except SetupError:
        raise
    except Exception as error:  # noqa: BLE001  whatever is wrong with it
        log.error("effect.broken", effect=effect_id, reason=type(error).__name__)  # noqa: TRY400  no customer's words
        return None


def act(services: Services, effect_id: int) -> Acted | None:
    """Judge one due effect again and carry it out; None when another worker has it."""
    try:
        claimed = claim(services, effect_id)
    except ConflictError:
        return None
    if not isinstance(claimed, Claim):
        return claimed
    return _carry_out(services, claimed)


def due_effects(services: Services) -> list[int]:
    """Effects whose time has come, and those whose worker has died or lost its lease; oldest first."""
    now = services.clock.now()
    with services.store.read() as session:
        rows = session.exec(
            select(Effect.id, Effect.state, Effect.lease_owner, Effect.lease_until)
            .where(
                or_(
                    and_(col(Effect.state) == EffectState.PENDING, col(Effect.due_at) <= now),
                    col(Effect.state) == EffectState.IN_FLIGHT,
                )
            )
            .order_by(col(Effect.due_at), col(Effect.id))
        ).all()
    return [
        effect_id
        for effect_id, state, owner, until in rows
        if effect_id is not None and (state == EffectState.PENDING or abandoned(owner, until, now))
    ]


def _carry_out(services: Services, claim: Claim) -> Acted | None:
    effect = claim.effect
    log.debug("effect.intent", effect=effect.key, case=effect.case_id, epoch=effect.epoch)
    try:
        receipt = services.channel.send(claim.parcel)
    except NotSent as problem:
        if claim.doubtful:
            return _may_have_been_sent(services, effect, f"{FROZEN}; this time: {problem}")
        return _not_sent(services, effect, problem)
    except MaybeSent as problem:
        return _may_have_been_sent(services, effect, str(problem))
    return _done(services, effect, receipt)


def _done(services: Services, effect: Effect, receipt: Receipt) -> Acted | None:
    now = services.clock.now()
    plain = receipt.to_plain()
    with services.store.write() as session:
        if not _complete(session, effect, state=EffectState.DONE, receipt=plain, done_at=now, problem=""):
            return None
        log_done(session, effect, plain, now)
    return acted(effect, EntryKind.DONE)


def _not_sent(services: Services, effect: Effect, problem: NotSent) -> Acted | None:
    """It certainly did not go: try again later, or hand it to a person when trying is pointless."""
    now = services.clock.now()
    final = not problem.retry or effect.attempts >= services.settings.worker.max_attempts
    wait = min(FIRST_WAIT * 2 ** min(effect.attempts - 1, 10), LONGEST_WAIT)
    state = EffectState.FAILED if final else EffectState.PENDING
    kind = EntryKind.FAILED if final else EntryKind.NOT_SENT
    with services.store.write() as session:
        said = answer_commitment(session, effect.contact_id, str(problem))
        body = {"effect": effect.key, "action_hash": effect.action_hash, "problem_commitment": said}
        due = now if final else now + wait
        if not _complete(
            session, effect, state=state, due_at=due, problem=str(problem), intent_at=None, lease_until=None
        ):
            return None
        if final:
            again = now + services.again
            advance(
                session, effect.case_id, kind, now, body,
                allowed=ACTING, state=CaseState.WATCHING, next_at=again,
            )  # fmt: skip
        else:
            advance(session, effect.case_id, kind, now, {**body, "again_at": due}, allowed=ACTING)
    log.warning("effect.not_sent", effect=effect.key, final=final, attempts=effect.attempts)
    return acted(effect, kind)


def _may_have_been_sent(services: Services, effect: Effect, problem: str) -> Acted | None:
    now = services.clock.now()
    with services.store.write() as session:
        fresh = session.get_one(Effect, effect.id, with_for_update=True, populate_existing=True)
        if fresh.epoch != effect.epoch or fresh.state != EffectState.IN_FLIGHT:
            return None
        return unknown(session, fresh, now, problem)


def _complete(session: Session, effect: Effect, **values: Any) -> bool:
    """Compare and set on the fence: a worker that lost its lease changes nothing."""
    changed = session.connection().execute(
        update(Effect)
        .where(
            col(Effect.id) == effect.id,
            col(Effect.epoch) == effect.epoch,
            col(Effect.state) == EffectState.IN_FLIGHT,
        )
        .values(**values)
    )
    return changed.rowcount == 1
