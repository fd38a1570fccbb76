"""Carrying out effects: intent committed before the call, the policy asked once more, completion under a fence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from policies.evaluate import evaluate
from policies.verdict import Decision
from tools.channels.channel import MaybeSent, NotSent, Parcel, Receipt
from winback.canonical import content_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.types import CaseState, EffectState
from winback.usage.drop import drop_from_plain
from workers.compose import agent_of, option_of, parcel_of
from workers.decide import action_facts, judged, queue
from workers.facts import Facing, Subject
from workers.owner import is_dead
from workers.services import Services
from workers.situation import busy_times, situation_of

log = structlog.get_logger(__name__)

ACTING = (CaseState.ACTING,)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True)
class Acted:
    """What became of one effect in one attempt."""

    effect_id: int
    case_id: int
    tool: str
    kind: EntryKind


@dataclass(frozen=True)
class Claim:
    """An effect this worker may carry out now, and the epoch it must still hold to say how it went."""

    effect: Effect
    parcel: Parcel


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
        if (result := act(services, effect_id)) is not None:
            done.append(result)
        progress(number, len(due))
    return done


def act(services: Services, effect_id: int) -> Acted | None:
    """Judge one due effect again and carry it out; None when another worker has it."""
    try:
        claimed = _claim(services, effect_id)
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
        if effect_id is not None and (state == EffectState.PENDING or _abandoned(owner, until, now))
    ]


def _abandoned(owner: str | None, until: datetime | None, now: datetime) -> bool:
    return (until is not None and until <= now) or is_dead(owner)


def _claim(services: Services, effect_id: int) -> Claim | Acted | None:
    """One transaction: fresh facts, the verdict, and then the intent, a deferral, a lapse or a question."""
    now = services.clock.now()
    with services.store.read() as session:
        key = session.exec(select(Account.key).join(Effect).where(Effect.id == effect_id)).first()
    back = key is not None and services.recovery.is_back(key, now)
    with services.store.write() as session:
        effect = session.get(Effect, effect_id, with_for_update=True, populate_existing=True)
        if effect is None:
            return None
        if effect.state == EffectState.IN_FLIGHT:
            if not _abandoned(effect.lease_owner, effect.lease_until, now):
                return None
            if services.channel.capability == "blind":
                return _unknown(session, effect, now, "the worker that was sending it died")
        elif effect.state != EffectState.PENDING or effect.due_at > now:
            return None
        return _judge(session, services, effect, back, now)


def _judge(session: Session, services: Services, effect: Effect, back: bool, now: datetime) -> Claim | Acted:
    case = session.get_one(Case, effect.case_id)
    proposal = session.get_one(Proposal, effect.proposal_id)
    account = session.get_one(Account, effect.account_id)
    contact = session.get_one(Contact, effect.contact_id)
    subject = Subject(account=account, contact=contact, drop=drop_from_plain(case.drop), recovered=back)
    # An intent that was already committed is finished, not judged anew: it may have happened.
    if effect.state == EffectState.IN_FLIGHT:
        return _intend(session, services, effect, proposal, {"again": True}, now)
    if (gone := _no_longer(session, services, case, proposal, subject, now)) is not None:
        return _lapse(
            session, effect, {"action_hash": proposal.action_hash, "tool": effect.tool, "reason": gone}, now, now
        )
    policy = services.policy
    facing = Facing(session, policy, subject, now, services.settings.company.zone, leaving_out=effect.id)
    facts = facing.facts(
        action_facts(proposal, ()),
        agent_of(proposal),
        moment="act",
        proposed_at=effect.proposed_at,
        approved_by=effect.approved_by,
    )
    verdict = evaluate(policy, facts)
    body = judged(proposal, facts, verdict)
    if verdict.decision is Decision.DENY:
        return _lapse(session, effect, body, now, now + services.again)
    if verdict.decision is Decision.REVIEW:
        effect.state = EffectState.LAPSED
        session.flush()
        queue(session, policy, proposal, verdict, body, ACTING, now)
        return _acted(effect, EntryKind.QUEUED)
    if verdict.not_before is not None and verdict.not_before > now:
        return _defer(session, effect, verdict.not_before, body, now)
    return _intend(session, services, effect, proposal, body, now)


def _acted(effect: Effect, kind: EntryKind) -> Acted:
    return Acted(effect.id or 0, effect.case_id, effect.tool, kind)


def _no_longer(
    session: Session, services: Services, case: Case, proposal: Proposal, subject: Subject, now: datetime
) -> str | None:
    """Why what was proposed cannot be had any more (a slot gone by, a plan left); None when it can."""
    if subject.contact is None:
        return "the contact is gone"
    situation = situation_of(
        services, subject.account, subject.contact, subject.drop, now, busy=busy_times(session, case, now)
    )
    try:
        option_of(services, proposal, situation)
    except (InputError, ValidationError) as error:
        return error.what if isinstance(error, InputError) else "its arguments no longer fit the tool"
    return None


def _lapse(session: Session, effect: Effect, body: dict[str, Any], now: datetime, again: datetime) -> Acted:
    """Nothing is sent; an agent may look at the case again at `again`."""
    effect.state = EffectState.LAPSED
    effect.problem = str(body.get("reason", "the policy refused it at the moment of acting"))
    session.flush()
    advance(
        session, effect.case_id, EntryKind.LAPSED, now, {**body, "effect": effect.key},
        allowed=ACTING, state=CaseState.WATCHING, next_at=again,
    )  # fmt: skip
    return _acted(effect, EntryKind.LAPSED)


def _defer(session: Session, effect: Effect, until: datetime, body: dict[str, Any], now: datetime) -> Acted:
    effect.due_at = until
    session.flush()
    entry = {**body, "effect": effect.key, "until": until}
    advance(session, effect.case_id, EntryKind.DEFERRED, now, entry, allowed=ACTING)
    return _acted(effect, EntryKind.DEFERRED)


def _intend(
    session: Session, services: Services, effect: Effect, proposal: Proposal, body: dict[str, Any], now: datetime
) -> Claim:
    effect.state = EffectState.IN_FLIGHT
    effect.epoch += 1
    effect.attempts += 1
    effect.intent_at = effect.intent_at or now
    effect.lease_owner = services.owner
    effect.lease_until = now + timedelta(seconds=services.settings.worker.lease_seconds)
    session.flush()
    entry = {**body, "effect": effect.key, "epoch": effect.epoch, "channel": effect.channel}
    advance(session, effect.case_id, EntryKind.INTENT, now, entry, allowed=ACTING)
    return Claim(effect, parcel_of(session, services, effect, proposal))


def _carry_out(services: Services, claim: Claim) -> Acted | None:
    effect = claim.effect
    log.debug("effect.intent", effect=effect.key, case=effect.case_id, epoch=effect.epoch)
    try:
        receipt = services.channel.send(claim.parcel)
    except NotSent as problem:
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
        advance(
            session, effect.case_id, EntryKind.DONE, now,
            {"effect": effect.key, "action_hash": effect.action_hash, "receipt_hash": content_hash(plain)},
            allowed=ACTING, state=CaseState.WATCHING, contacted_at=now, next_at=None,
        )  # fmt: skip
    return _acted(effect, EntryKind.DONE)


def _not_sent(services: Services, effect: Effect, problem: NotSent) -> Acted | None:
    """It certainly did not go: try again later, or hand it to a person when trying is pointless."""
    now = services.clock.now()
    final = not problem.retry or effect.attempts >= services.settings.worker.max_attempts
    wait = min(FIRST_WAIT * 2 ** min(effect.attempts - 1, 10), LONGEST_WAIT)
    state = EffectState.FAILED if final else EffectState.PENDING
    kind = EntryKind.FAILED if final else EntryKind.NOT_SENT
    body = {"effect": effect.key, "action_hash": effect.action_hash, "problem_hash": content_hash(str(problem))}
    with services.store.write() as session:
        due = now if final else now + wait
        if not _complete(
            session, effect, state=state, due_at=due, problem=str(problem), intent_at=None, lease_until=None
        ):
            return None
        if final:
            advance(session, effect.case_id, kind, now, body, allowed=ACTING, state=CaseState.WATCHING)
        else:
            advance(session, effect.case_id, kind, now, {**body, "again_at": due}, allowed=ACTING)
    log.warning("effect.not_sent", effect=effect.key, final=final, attempts=effect.attempts)
    return _acted(effect, kind)


def _may_have_been_sent(services: Services, effect: Effect, problem: str) -> Acted | None:
    now = services.clock.now()
    with services.store.write() as session:
        fresh = session.get_one(Effect, effect.id, with_for_update=True, populate_existing=True)
        if fresh.epoch != effect.epoch or fresh.state != EffectState.IN_FLIGHT:
            return None
        return _unknown(session, fresh, now, problem)


def _unknown(session: Session, effect: Effect, now: datetime, problem: str) -> Acted:
    effect.state = EffectState.UNKNOWN
    effect.problem = f"may have been sent: {problem}"
    session.flush()
    body = {"effect": effect.key, "action_hash": effect.action_hash}
    advance(
        session, effect.case_id, EntryKind.MAY_HAVE_BEEN_SENT, now, body,
        allowed=ACTING, state=CaseState.WATCHING, contacted_at=now, next_at=None,
    )  # fmt: skip
    return _acted(effect, EntryKind.MAY_HAVE_BEEN_SENT)


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
