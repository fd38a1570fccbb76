"""Holding a proposal against the policy and writing down what follows: an effect, a review, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, select

from policies.evaluate import evaluate
from policies.facts import ActionFacts, Facts
from policies.plain import facts_to_plain, verdict_to_plain
from policies.policy import Policy
from policies.verdict import Decision, Verdict
from winback.decisions.action import effect_key
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.store.models import Effect, Proposal, Review
from winback.store.types import CaseState, EffectState
from workers.compose import agent_of
from workers.facts import MEDIUM, Facing, Subject
from workers.services import Services

# Made once, as in `workers.situation`.
EFFECT = select(Effect).where(Effect.key == bindparam("key")).with_for_update()
SAME = select(Proposal).where(Proposal.case_id == bindparam("case"), Proposal.action_hash == bindparam("hash"))


@dataclass(frozen=True)
class Decided:
    """A stored proposal, what the policy says of it, and what the log will keep of that."""

    proposal: Proposal
    verdict: Verdict
    body: dict[str, Any]
    new: bool

    @property
    def decision(self) -> Decision:
        return self.verdict.decision


def judge(
    session: Session,
    services: Services,
    subject: Subject,
    proposal: Proposal,
    problems: tuple[str, ...],
    run: Mapping[str, Any],
) -> Decided:
    """Hold a proposal against the policy, on fresh facts, and store it. `run` says how it was made."""
    policy = services.policy
    facing = Facing(session, policy, subject, proposal.created_at, services.settings.company.zone)
    facts = facing.facts(action_facts(proposal, problems), agent_of(proposal), moment="propose")
    verdict = evaluate(policy, facts)
    kept = _keep(session, proposal)
    return Decided(kept, verdict, {**judged(kept, facts, verdict), "run": dict(run)}, new=kept is proposal)


def settle(
    session: Session, services: Services, decided: Decided, *, allowed: tuple[CaseState, ...], now: datetime
) -> None:
    """Take the case where the verdict says: an effect, a place in the queue, or nothing until `again`."""
    proposal, verdict, body = decided.proposal, decided.verdict, decided.body
    match verdict.decision:
        case Decision.ALLOW:
            effect = make_effect(
                session, proposal, services.channel.name, now, due_at=verdict.not_before or now, new=decided.new
            )
            state = CaseState.ACTING if effect else CaseState.WATCHING
            advance(
                session, proposal.case_id, EntryKind.ALLOWED, now,
                {**body, "effect": effect.key if effect else None},
                allowed=allowed, state=state, next_at=None,
            )  # fmt: skip
        case Decision.REVIEW:
            queue(session, services.policy, proposal, verdict, body, allowed, now)
        case Decision.DENY:
            advance(
                session, proposal.case_id, EntryKind.DENIED, now, body,
                allowed=allowed, state=CaseState.WATCHING, next_at=now + services.again,
            )  # fmt: skip


def action_facts(proposal: Proposal, problems: tuple[str, ...]) -> ActionFacts:
    """The act under judgement, as the policy sees it."""
    return ActionFacts(
        tool=proposal.tool,
        channel=MEDIUM,
        catalogue_id=proposal.catalogue_id,
        arguments=proposal.arguments,
        value=proposal.value,
        message_problems=problems,
    )


def judged(proposal: Proposal, facts: Facts, verdict: Verdict) -> dict[str, Any]:
    """What the log keeps of a judgement: enough to make it again and get the same answer."""
    return {
        "action_hash": proposal.action_hash,
        "tool": proposal.tool,
        "policy": verdict.policy_hash,
        "facts": facts_to_plain(facts),
        "verdict": verdict_to_plain(verdict),
    }


def queue(
    session: Session,
    policy: Policy,
    proposal: Proposal,
    verdict: Verdict,
    body: dict[str, Any],
    allowed: tuple[CaseState, ...],
    now: datetime,
) -> Review:
    """Put a proposal before a person."""
    wait = policy.expires_after(proposal.tool)
    review = Review(
        case_id=proposal.case_id,
        proposal_id=proposal.id or 0,
        action_hash=proposal.action_hash,
        verdict=verdict_to_plain(verdict),
        asked_at=now,
        expires_at=now + wait if wait is not None else None,
    )
    session.add(review)
    session.flush()
    advance(
        session, proposal.case_id, EntryKind.QUEUED, now, {**body, "review": review.id},
        allowed=allowed, state=CaseState.IN_REVIEW, next_at=None,
    )  # fmt: skip
    return review


def make_effect(
    session: Session,
    proposal: Proposal,
    channel: str,
    proposed_at: datetime,
    *,
    due_at: datetime,
    approved_by: str | None = None,
    new: bool = False,
) -> Effect | None:
    """The row that will act; None when this very act was already done, or may have been, in this case."""
    key = effect_key(proposal.case_id, proposal.action_hash)
    # A proposal that was stored in this very transaction cannot have been acted on.
    earlier = None if new else session.exec(EFFECT, params={"key": key}).first()
    if earlier is not None:
        return _revive(session, earlier, proposed_at, due_at, approved_by)
    effect = Effect(
        key=key,
        case_id=proposal.case_id,
        proposal_id=proposal.id or 0,
        action_hash=proposal.action_hash,
        account_id=proposal.account_id,
        contact_id=proposal.contact_id,
        tool=proposal.tool,
        catalogue_id=proposal.catalogue_id,
        channel=channel,
        value=proposal.value,
        state=EffectState.PENDING,
        approved_by=approved_by,
        proposed_at=proposed_at,
        due_at=due_at,
    )
    session.add(effect)
    return effect


def _revive(
    session: Session, effect: Effect, proposed_at: datetime, due_at: datetime, approved_by: str | None
) -> Effect | None:
    if effect.state not in (EffectState.LAPSED, EffectState.FAILED):
        return None
    effect.state, effect.problem, effect.attempts = EffectState.PENDING, "", 0
    effect.proposed_at, effect.due_at, effect.approved_by = proposed_at, due_at, approved_by
    session.flush()
    return effect


def _keep(session: Session, proposal: Proposal) -> Proposal:
    """Store a proposal once: the same act suggested again in the same case is the same row."""
    same = session.exec(SAME, params={"case": proposal.case_id, "hash": proposal.action_hash}).first()
    if same is not None:
        return same
    session.add(proposal)
    session.flush()
    return proposal
