"""Taking an effect in hand: what became of an earlier try, the policy on fresh facts, and the intent.

All of it is one transaction; nothing has been sent when it ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from policies.verdict import Decision
from tools.channels.channel import MaybeSent, Parcel, Receipt
from winback.decisions.answer import answer_commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import InputError
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.types import CaseState, EffectState
from winback.usage.drop import drop_from_plain
from workers.compose import agent_of, message_of, option_of, parcel_of, words_problems
from workers.decide import Judged, action_facts, approvers, judged, queue
from workers.facts import Facing, Subject
from workers.owner import is_dead
from workers.policy_watch import watch_policies
from workers.services import Services
from workers.situation import busy_times, situation_of

ACTING = (CaseState.ACTING,)
FROZEN = "the worker that was sending it does not answer and may still send it"


@dataclass(frozen=True)
class Acted:
    """What became of one effect in one attempt."""

    effect_id: int
    case_id: int
    tool: str
    kind: EntryKind


@dataclass(frozen=True)
class Claim:
    """An effect this worker may carry out now, and the epoch it must still hold to say how it went.

    `doubtful`: an earlier worker may still be at it, so that not even a refusal proves that nothing went.
    """

    effect: Effect
    parcel: Parcel
    doubtful: bool


@dataclass(frozen=True)
class Earlier:
    """What is known of an effect whose worker died or lost its lease in mid-call.

    `receipt` when the receiver has it; `doubt` says why nobody can know; with neither, it did not arrive.
    """

    receipt: Receipt | None = None
    doubt: str | None = None


def claim(services: Services, effect_id: int) -> Claim | Acted | None:
    """One transaction: fresh facts, the verdict, and then the intent, a deferral, a lapse or a question."""
    watch_policies(services)
    now = services.clock.now()
    with services.store.read() as session:
        seen = session.get(Effect, effect_id)
        if seen is None:
            return None
        key = session.get_one(Account, seen.account_id).key
    back = services.recovery.is_back(key, now)
    earlier = _ask(services, seen) if seen.state == EffectState.IN_FLIGHT else None
    with services.store.write() as session:
        # One worker judges at a time: of two that count under a cap, the second must see the first's intent.
        services.store.lock(session, "act")
        effect = session.get(Effect, effect_id, with_for_update=True, populate_existing=True)
        if effect is None or (effect.state, effect.epoch) != (seen.state, seen.epoch):
            return None
        if earlier is not None:
            if not abandoned(effect.lease_owner, effect.lease_until, now):
                return None
            if earlier.receipt is not None:
                return _found(session, effect, earlier.receipt, now)
            if earlier.doubt is not None:
                return unknown(session, effect, now, earlier.doubt)
        elif effect.state != EffectState.PENDING or effect.due_at > now:
            return None
        return _judge(session, services, effect, back, now)


def abandoned(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Whether a lease binds no more: it has ended, or its owner has."""
    return (until is not None and until <= now) or is_dead(owner)


def _ask(services: Services, effect: Effect) -> Earlier:
    """Whether an effect that was begun has arrived; asked before any row is locked."""
    if effect.channel != services.channel.name:
        return Earlier(doubt=f"it was begun over the channel {effect.channel}, which is no longer in use")
    if services.channel.capability == "blind":
        return Earlier(doubt="the worker that was sending it died")
    try:
        receipt = services.channel.lookup(effect.key)
    except MaybeSent as problem:
        return Earlier(doubt=str(problem))
    if receipt is None and not is_dead(effect.lease_owner) and services.channel.capability != "keyed":
        return Earlier(doubt="the worker that was sending it does not answer and may still send it")
    return Earlier(receipt=receipt)


def _found(session: Session, effect: Effect, receipt: Receipt, now: datetime) -> Acted:
    """The receiver has it: what the dead worker could not write down is written down."""
    plain = receipt.to_plain()
    effect.state, effect.receipt, effect.done_at, effect.problem = EffectState.DONE, plain, now, ""
    effect.epoch += 1
    session.flush()
    log_done(session, effect, plain, now)
    return acted(effect, EntryKind.DONE)


def _judge(session: Session, services: Services, effect: Effect, back: bool, now: datetime) -> Claim | Acted:
    case = session.get_one(Case, effect.case_id)
    proposal = session.get_one(Proposal, effect.proposal_id)
    account = session.get_one(Account, effect.account_id)
    contact = session.get_one(Contact, effect.contact_id)
    subject = Subject(account=account, contact=contact, drop=drop_from_plain(case.drop), recovered=back)
    if (gone := _no_longer(session, services, case, proposal, subject, now)) is not None:
        body = {"action_hash": proposal.action_hash, "tool": effect.tool, "reason": gone}
        return _lapse(session, effect, body, now, now)
    zone = services.settings.company.zone
    facing = Facing(session, services.judging, subject, now, zone, leaving_out=effect.id)
    facts = facing.facts(
        action_facts(proposal, words_problems(message_of(proposal))),
        agent_of(proposal),
        moment="act",
        proposed_at=effect.proposed_at,
        approved_by=approvers(effect),
    )
    found = judged(services, proposal, facts)
    verdict = found.verdict
    if verdict.decision is Decision.DENY:
        return _lapse(session, effect, found.body, now, now + services.again, found.evidence)
    if verdict.decision is Decision.REVIEW:
        if _may_still_go(effect):
            return unknown(session, effect, now, FROZEN)
        effect.state, effect.intent_at = EffectState.LAPSED, None
        session.flush()
        queue(session, services.policy, proposal, found, ACTING, now)
        return acted(effect, EntryKind.QUEUED)
    if verdict.not_before is not None and verdict.not_before > now:
        return _defer(session, effect, verdict.not_before, found, now)
    return _intend(session, services, effect, proposal, found, now)


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


def _lapse(
    session: Session,
    effect: Effect,
    body: dict[str, Any],
    now: datetime,
    again: datetime,
    evidence: bytes | None = None,
) -> Acted:
    """Nothing is sent; an agent may look at the case again at `again`."""
    if _may_still_go(effect):
        return unknown(session, effect, now, FROZEN)
    effect.state, effect.intent_at = EffectState.LAPSED, None
    effect.problem = str(body.get("reason", "the policy refused it at the moment of acting"))
    session.flush()
    advance(
        session, effect.case_id, EntryKind.LAPSED, now, {**body, "effect": effect.key}, evidence=evidence,
        allowed=ACTING, state=CaseState.WATCHING, next_at=again,
    )  # fmt: skip
    return acted(effect, EntryKind.LAPSED)


def _may_still_go(effect: Effect) -> bool:
    """A worker that only lost its lease may wake up and send: then nobody can say that nothing was sent."""
    return effect.state == EffectState.IN_FLIGHT and not is_dead(effect.lease_owner)


def _defer(session: Session, effect: Effect, until: datetime, found: Judged, now: datetime) -> Acted:
    if _may_still_go(effect):
        return unknown(session, effect, now, FROZEN)
    effect.state, effect.intent_at, effect.due_at = EffectState.PENDING, None, until
    session.flush()
    entry = {**found.body, "effect": effect.key, "until": until}
    advance(session, effect.case_id, EntryKind.DEFERRED, now, entry, allowed=ACTING, evidence=found.evidence)
    return acted(effect, EntryKind.DEFERRED)


def _intend(
    session: Session, services: Services, effect: Effect, proposal: Proposal, found: Judged, now: datetime
) -> Claim:
    parcel = parcel_of(session, services, effect, proposal, now)
    doubtful = _may_still_go(effect)
    effect.state, effect.channel = EffectState.IN_FLIGHT, services.channel.name
    effect.epoch += 1
    effect.attempts += 1
    effect.intent_at = now
    effect.lease_owner = services.owner
    effect.lease_until = now + timedelta(seconds=services.settings.worker.lease_seconds)
    session.flush()
    entry = {**found.body, "effect": effect.key, "epoch": effect.epoch, "channel": effect.channel}
    advance(session, effect.case_id, EntryKind.INTENT, now, entry, allowed=ACTING, evidence=found.evidence)
    return Claim(effect, parcel, doubtful)


def acted(effect: Effect, kind: EntryKind) -> Acted:
    """The word on one effect."""
    return Acted(effect.id or 0, effect.case_id, effect.tool, kind)


def log_done(session: Session, effect: Effect, receipt: dict[str, str], now: datetime) -> None:
    """The entry of an effect that is done, with its case taken on."""
    said = answer_commitment(session, effect.contact_id, receipt)
    body = {"effect": effect.key, "action_hash": effect.action_hash, "receipt_commitment": said}
    advance(
        session, effect.case_id, EntryKind.DONE, now, body,
        allowed=ACTING, state=CaseState.WATCHING, contacted_at=now, next_at=None,
    )  # fmt: skip


def unknown(session: Session, effect: Effect, now: datetime, problem: str) -> Acted:
    """Nobody can say whether it went: a person looks, nothing tries it again."""
    effect.state = EffectState.UNKNOWN
    effect.problem = f"may have been sent: {problem}"
    session.flush()
    body = {"effect": effect.key, "action_hash": effect.action_hash}
    advance(
        session, effect.case_id, EntryKind.MAY_HAVE_BEEN_SENT, now, body,
        allowed=ACTING, state=CaseState.WATCHING, contacted_at=now, next_at=None,
    )  # fmt: skip
    return acted(effect, EntryKind.MAY_HAVE_BEEN_SENT)
