"""Taking an effect in hand: what became of an earlier try, the policy on fresh facts, and the intent.

All of it is one transaction; nothing has been sent when it ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from policies.verdict import Decision
from tools.channels.channel import MaybeSent, Receipt
from winback.decisions.action import action_hash
from winback.decisions.kind import EntryKind
from winback.decisions.steps import Steps
from winback.errors import InputError
from winback.store.among import among
from winback.store.models import Case, Contact, Effect, Proposal
from winback.store.types import MESSAGE, EffectState
from winback.usage.drop import drop_from_plain
from workers.acted import ACTING, Acted, acted, log_done, unknown
from workers.compose import agent_of, following_parcel, message_of, option_of, parcel_of, words_problems
from workers.decide import action_facts, approvers, judged, queue
from workers.due import Due
from workers.facts import Facing, Subject
from workers.follow_up import NotYet, Pointless, Ready, standing
from workers.gather import gather, gather_steady
from workers.hand import FROZEN, Claim, Hand, intents_of
from workers.owner import abandoned, is_dead
from workers.policy_watch import watch_policies
from workers.retry import receiver_of
from workers.services import Services
from workers.situation import busy_times, situation_of
from workers.trial import take_terms


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
    if (
        seen.state == EffectState.PENDING
        and services.breaker(receiver_of(seen.medium, seen.payload)).closed_until() is not None
    ):
        return None
    back = services.recovery.back(now)
    earlier = _ask(services, seen) if seen.state == EffectState.IN_FLIGHT else None
    with services.store.write("claim") as session:
        effect = session.get(Effect, effect_id, with_for_update=True, populate_existing=True)
        if effect is None or (effect.state, effect.epoch) != (seen.state, seen.epoch):
            return None
        if earlier is None and (effect.state != EffectState.PENDING or effect.due_at > now):
            return None
        if earlier is not None and not abandoned(effect.lease_owner, effect.lease_until, now):
            return None
        known = earlier is not None and (earlier.receipt is not None or earlier.doubt is not None)
        if earlier is not None and known:
            return _known(Steps(session), effect, earlier, now)
        found = _decide_all(services, session, [effect], now, back, begun=earlier)
        return found[0]


def claim_all(services: Services, due: Sequence[Due]) -> tuple[list[Claim | Acted], int]:
    """The same for as many of these as may be taken at once, each of another account, in one transaction.

    Also says how many of them, from the first on, that settles: what is passed over (somebody else has it, its
    channel rests) stays due.

    Raises:
        ConflictError: one of their cases has moved on: then nothing was changed.
    """
    watch_policies(services)
    now = services.clock.now()
    back = services.recovery.back(now)
    rests = {one for one in {each.receiver for each in due} if services.breaker(one).closed_until() is not None}
    wanted, most = [one.id for one in due if one.receiver not in rests], services.pace.most()
    with services.store.write("claim_all") as session:
        effects = session.exec(
            select(Effect)
            .where(among(Effect.id, wanted), Effect.state == EffectState.PENDING, col(Effect.due_at) <= now)
            .order_by(col(Effect.due_at), col(Effect.id))
            .limit(most)
            .with_for_update(skip_locked=True)
        ).all()
        through = len(due) if len(effects) < most else 1 + [one.id for one in due].index(effects[-1].id or 0)
        return (_decide_all(services, session, effects, now, back) if effects else []), through


def _decide_all(
    services: Services,
    session: Session,
    effects: Sequence[Effect],
    now: datetime,
    back: frozenset[str],
    begun: Earlier | None = None,
) -> list[Claim | Acted]:
    """What becomes of effects whose rows are locked. `begun`: an earlier try of the only one."""
    steps = Steps(session)
    steps.lock([one.case_id for one in effects])
    steady = gather_steady(session, effects)
    # One worker judges at a time: of two that count under a cap, the second must see the first's intent.
    services.store.lock(session, "act")
    # Asking the receiver and waiting for the lock take time, in which a switch may have been thrown.
    watch_policies(services, session)
    leaving_out = effects[0].id if len(effects) == 1 else None
    gathered = gather(session, effects, now, steady, leaving_out=leaving_out)
    intents = intents_of(services, now)
    uncertain = begun is not None and begun.uncertain
    hands = [Hand(steps, services, one, now, gathered, intents, uncertain) for one in effects]
    done = [_judge(one, back) if one.effect.part == MESSAGE else _follow(one) for one in hands]
    intents.flush(session)
    steps.flush()
    return done


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


def _judge(hand: Hand, back: frozenset[str]) -> Claim | Acted:
    session, services, effect, now = hand.session, hand.services, hand.effect, hand.now
    gathered = hand.gathered
    case, proposal = gathered.steady.cases[effect.case_id], gathered.steady.proposals[effect.proposal_id]
    account, contact = gathered.steady.accounts[effect.account_id], gathered.contacts[effect.contact_id]
    drop = drop_from_plain(case.drop)
    subject = Subject(account=account, contact=contact, drop=drop, recovered=account.key in back)
    if (gone := _no_longer(session, services, case, proposal, subject, now)) is not None:
        body = {"action_hash": proposal.action_hash, "tool": effect.tool, "reason": gone}
        return hand.lapse(body, now)
    zone = services.settings.company.zone
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
    parcel = parcel_of(services, effect, proposal, (account, contact, drop), now)
    return hand.intend(parcel, found.body, found.evidence)


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
            take_terms(session, services, effect, now)
            return hand.intend(following_parcel(session, services, effect), body)
