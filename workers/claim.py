"""Taking an effect in hand: what became of an earlier try, the policy on fresh facts, and the intent.

All of it is one transaction; nothing has been sent when it ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from policies.verdict import Decision
from tools.channels.channel import MaybeSent, Parcel, Receipt
from winback.decisions.action import action_hash
from winback.decisions.kind import EntryKind
from winback.decisions.steps import Steps
from winback.errors import InputError
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.types import MESSAGE, CaseState, EffectState
from winback.usage.drop import drop_from_plain
from workers.acted import ACTING, Acted, acted, log_done, step, unknown
from workers.compose import agent_of, following_parcel, message_of, option_of, parcel_of, words_problems
from workers.decide import action_facts, approvers, judged, queue
from workers.facts import Facing, Subject
from workers.follow_up import NotYet, Pointless, Ready, standing
from workers.gather import Gathered, gather
from workers.owner import is_dead
from workers.policy_watch import watch_policies
from workers.services import Services
from workers.situation import busy_times, situation_of

FROZEN = "the worker that was sending it does not answer and may still send it"


@dataclass(frozen=True)
class Claim:
    """An effect this worker may carry out now, and the epoch it must still hold to say how it went.

    `doubtful`: an earlier worker may still be at it, so that not even a refusal proves that nothing went.
    `policy` is the hash of the one that judged it.
    """

    effect: Effect
    parcel: Parcel
    doubtful: bool
    policy: str


@dataclass(frozen=True)
class Earlier:
    """What is known of an effect whose worker died or lost its lease in mid-call, or got no answer.

    `receipt` when the receiver has it; `doubt` says why nobody can know. `uncertain`: it may have
    arrived or still arrive, and only a receiver that refuses repeats may be sent it again. With none of
    these it did not arrive.
    """

    receipt: Receipt | None = None
    doubt: str | None = None
    uncertain: bool = False


def claim(services: Services, effect_id: int) -> Claim | Acted | None:
    """One transaction: fresh facts, the verdict, and then the intent, a deferral, a lapse or a question."""
    watch_policies(services)
    now = services.clock.now()
    with services.store.read() as session:
        seen = session.get(Effect, effect_id)
        if seen is None:
            return None
        key = session.get_one(Account, seen.account_id).key
    if seen.state == EffectState.PENDING and services.breaker(seen.medium).closed_until() is not None:
        return None
    back = seen.part == MESSAGE and services.recovery.is_back(key, now)
    earlier = _ask(services, seen) if seen.state == EffectState.IN_FLIGHT else None
    with services.store.write("claim") as session:
        # One worker judges at a time: of two that count under a cap, the second must see the first's intent.
        services.store.lock(session, "act")
        # Asking the receiver and waiting for the lock take time, in which a switch may have been thrown.
        watch_policies(services, session)
        effect = session.get(Effect, effect_id, with_for_update=True, populate_existing=True)
        if effect is None or (effect.state, effect.epoch) != (seen.state, seen.epoch):
            return None
        steps = Steps(session)
        if earlier is not None:
            if not abandoned(effect.lease_owner, effect.lease_until, now):
                return None
            if earlier.receipt is not None or earlier.doubt is not None:
                return _known(steps, effect, earlier, now)
        elif effect.state != EffectState.PENDING or effect.due_at > now:
            return None
        gathered = gather(session, [effect], now, leaving_out=effect.id)
        hand = Hand(steps, services, effect, now, gathered, uncertain=earlier is not None and earlier.uncertain)
        done = _decide(hand, back)
        steps.flush()
        return done


def claim_all(services: Services, effect_ids: Sequence[int]) -> list[Claim | Acted]:
    """The same for several effects that nobody has in hand, each of another account, in one transaction.

    What is left out (somebody else has it, its channel rests) stays due.

    Raises:
        ConflictError: one of their cases has moved on: then nothing was changed.
    """
    watch_policies(services)
    now = services.clock.now()
    with services.store.read() as session:
        query = select(Effect.id, Effect.medium, Effect.part, Account.key).join(Account)
        seen = session.exec(query.where(col(Effect.id).in_(effect_ids))).all()
    rests = {medium for medium in {one[1] for one in seen} if services.breaker(medium).closed_until() is not None}
    back = {one: part == MESSAGE and services.recovery.is_back(key, now) for one, _, part, key in seen}
    wanted = [one for one, medium, *_ in seen if medium not in rests]
    with services.store.write("claim_all") as session:
        services.store.lock(session, "act")
        watch_policies(services, session)
        effects = session.exec(
            select(Effect)
            .where(col(Effect.id).in_(wanted), Effect.state == EffectState.PENDING, col(Effect.due_at) <= now)
            .order_by(col(Effect.id))
            .with_for_update(skip_locked=True)
        ).all()
        steps = Steps(session)
        steps.lock([one.case_id for one in effects])
        gathered = gather(session, effects, now)
        hands = [Hand(steps, services, one, now, gathered, uncertain=False) for one in effects]
        done = [_decide(one, back[one.effect.id]) for one in hands]
        steps.flush()
        return done


def _decide(hand: "Hand", back: bool) -> Claim | Acted:
    return _judge(hand, back) if hand.effect.part == MESSAGE else _follow(hand)


def abandoned(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Whether a lease binds no more: it has ended, or its owner has."""
    return (until is not None and until <= now) or (owner is not None and is_dead(owner))


def _ask(services: Services, effect: Effect) -> Earlier:
    """Whether an effect that was begun has arrived; asked before any row is locked."""
    channel, gone = services.way(effect.medium), is_dead(effect.lease_owner)
    if effect.channel != channel.name:
        return Earlier(doubt=f"it was begun over the channel {effect.channel}, which is no longer in use")
    if channel.capability == "blind":
        return Earlier(doubt="the worker that was sending it died")
    keyed = channel.capability == "keyed"
    try:
        receipt = channel.lookup(effect.key)
    except MaybeSent as problem:
        return Earlier(uncertain=True) if keyed else Earlier(doubt=str(problem))
    if receipt is None and not gone:
        return Earlier(uncertain=True) if keyed else Earlier(doubt=FROZEN)
    return Earlier(receipt=receipt)


@dataclass(frozen=True)
class Hand:
    """An effect in hand, locked. `uncertain`: an earlier try of it may have arrived, or may still arrive."""

    steps: Steps
    services: Services
    effect: Effect
    now: datetime
    gathered: Gathered
    uncertain: bool

    @property
    def session(self) -> Session:
        return self.steps.session

    def lapse(self, body: dict[str, Any], again: datetime, evidence: bytes | None = None) -> Acted:
        """Nothing is sent; an agent may look at the case again at `again`."""
        effect = self.effect
        if self.uncertain:
            return unknown(self.steps, effect, self.now, FROZEN)
        effect.state, effect.intent_at = EffectState.LAPSED, None
        effect.problem = str(body.get("reason", "the policy refused it at the moment of acting"))
        return step(
            self.steps, effect, EntryKind.LAPSED, self.now, body, evidence=evidence,
            state=CaseState.WATCHING, next_at=again,
        )  # fmt: skip

    def defer(self, until: datetime, body: dict[str, Any], evidence: bytes | None = None) -> Acted:
        """Nothing is sent now; it is due again at `until`."""
        effect = self.effect
        if self.uncertain:
            return unknown(self.steps, effect, self.now, FROZEN)
        effect.state, effect.intent_at, effect.due_at = EffectState.PENDING, None, until
        entry = {**body, "until": until}
        return step(self.steps, effect, EntryKind.DEFERRED, self.now, entry, evidence=evidence)

    def intend(self, parcel: Parcel, body: dict[str, Any], evidence: bytes | None = None) -> Claim:
        """The intent, under a lease: from here on it may have been sent."""
        effect, services = self.effect, self.services
        effect.state, effect.channel = EffectState.IN_FLIGHT, services.way(effect.medium).name
        effect.epoch += 1
        effect.attempts += 1
        effect.intent_at = self.now
        effect.lease_owner = services.owner
        effect.lease_until = self.now + timedelta(seconds=services.settings.worker.lease_seconds)
        self.gathered.counted.intended(effect, self.now)
        entry = {**body, "epoch": effect.epoch, "channel": effect.channel}
        step(self.steps, effect, EntryKind.INTENT, self.now, entry, evidence=evidence)
        return Claim(effect, parcel, self.uncertain, services.policy.hash)


def _known(steps: Steps, effect: Effect, earlier: Earlier, now: datetime) -> Acted:
    """What became of an earlier try is known, or known to be unknowable: it is written down."""
    if earlier.receipt is None:
        done = unknown(steps, effect, now, str(earlier.doubt))
    else:
        plain = earlier.receipt.to_plain()
        effect.state, effect.receipt, effect.done_at, effect.problem = EffectState.DONE, plain, now, ""
        effect.epoch += 1
        done = log_done(steps, effect, steps.session.get_one(Contact, effect.contact_id).salt, plain, now)
    steps.flush()
    return done


def _judge(hand: Hand, back: bool) -> Claim | Acted:
    session, services, effect, now = hand.session, hand.services, hand.effect, hand.now
    case = session.get_one(Case, effect.case_id)
    proposal = session.get_one(Proposal, effect.proposal_id)
    account = session.get_one(Account, effect.account_id)
    contact = session.get_one(Contact, effect.contact_id)
    subject = Subject(account=account, contact=contact, drop=drop_from_plain(case.drop), recovered=back)
    if (gone := _no_longer(session, services, case, proposal, subject, now)) is not None:
        body = {"action_hash": proposal.action_hash, "tool": effect.tool, "reason": gone}
        return hand.lapse(body, now)
    zone = services.settings.company.zone
    gathered = hand.gathered
    facing = Facing(
        session, services.judging, subject, now, zone, past=gathered.pasts[effect.account_id],
        wanted=gathered.wanted[effect.contact_id], counted=gathered.counted,
        long_ago=effect.account_id in gathered.long_ago,
    )  # fmt: skip
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
        return hand.lapse(found.body, now + services.again, found.evidence)
    if verdict.decision is Decision.REVIEW:
        if hand.uncertain:
            return unknown(hand.steps, effect, now, FROZEN)
        effect.state, effect.intent_at = EffectState.LAPSED, None
        session.flush()
        queue(session, services.policy, proposal, found, ACTING, now)
        return acted(effect, EntryKind.QUEUED)
    if verdict.not_before is not None and verdict.not_before > now:
        return hand.defer(verdict.not_before, found.body, found.evidence)
    return hand.intend(parcel_of(session, services, effect, proposal, now), found.body, found.evidence)


def _no_longer(
    session: Session, services: Services, case: Case, proposal: Proposal, subject: Subject, now: datetime
) -> str | None:
    """Why what was proposed cannot be had any more (a slot gone by, a plan left); None when it can."""
    if subject.contact is None:
        return "the contact is gone"
    if action_hash(proposal, subject.contact.salt) != proposal.action_hash:
        return "it is not what was proposed any more"
    # Only what takes somebody's time must be held against what others took.
    busy = busy_times(session, case, now) if proposal.busy_host else ()
    situation = situation_of(services, subject.account, subject.contact, subject.drop, now, busy=busy)
    try:
        option_of(services, proposal, situation)
    except (InputError, ValidationError) as error:
        return error.what if isinstance(error, InputError) else "its arguments no longer fit the tool"
    return None


def _follow(hand: Hand) -> Claim | Acted:
    """What follows from an answer is not judged by the policy again: it was promised. A kill switch holds it."""
    session, services, effect, now = hand.session, hand.services, hand.effect, hand.now
    body: dict[str, Any] = {"tool": effect.tool}
    match standing(session, services, effect, now):
        case Pointless(reason):
            return hand.lapse({**body, "reason": reason}, now)
        case NotYet(until, reason):
            return hand.defer(until, {**body, "reason": reason})
        case Ready():
            return hand.intend(following_parcel(session, services, effect), body)
