"""Holding a proposal against the policy and writing down what follows: an effect, a review, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, select

from policies.evaluate import evaluate
from policies.facts import ActionFacts, Facts
from policies.plain import record, said_plainly, verdict_to_plain
from policies.policy import Policy
from policies.verdict import Decision, Verdict
from winback.decisions.action import effect_key
from winback.decisions.kind import EntryKind
from winback.decisions.log import NO_KEY, advance
from winback.errors import ConflictError
from winback.store.listed import list_by
from winback.store.models import Account, Contact, Effect, Proposal, Review
from winback.store.types import CUSTOMER, MESSAGE, CaseState, EffectState
from workers.compose import agent_of
from workers.facts import Facing, Subject
from workers.queue_row import mark
from workers.services import Services
from workers.shown import facts_of

# Made once, as in `workers.situation`.
EFFECT = select(Effect).where(Effect.key == bindparam("key")).with_for_update()
SAME = select(Proposal).where(Proposal.case_id == bindparam("case"), Proposal.action_hash == bindparam("hash"))


@dataclass(frozen=True)
class Judged:
    """What the policy says of an act, and what the log keeps of it: a few words, and the evidence."""

    verdict: Verdict
    body: dict[str, Any]
    evidence: bytes

    def saying(self, **more: Any) -> "Judged":
        """The same judgement with more to say."""
        return replace(self, body={**self.body, **more})


@dataclass(frozen=True)
class Decided:
    """A stored proposal and what the policy says of it."""

    proposal: Proposal
    judged: Judged
    new: bool

    @property
    def verdict(self) -> Verdict:
        return self.judged.verdict

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
    run_started_at: datetime | None = None,
) -> Decided:
    """Hold a proposal against the policy, on fresh facts, and store it. `run` says how it was made."""
    now, zone = proposal.created_at, services.settings.company.zone
    subject = replace(subject, contact=still_there(session, proposal.contact_id))
    facing = Facing(session, services.judging, subject, now, zone, run_started_at=run_started_at)
    facts = facing.facts(action_facts(proposal, problems), agent_of(proposal), moment="propose")
    kept = _keep(session, proposal)
    return Decided(kept, judged(services, kept, facts).saying(run=dict(run)), new=kept is proposal)


def still_there(session: Session, contact_id: int) -> Contact:
    """The person as they are now: what was read before the model was asked may be past.

    Raises:
        ConflictError: they were erased meanwhile, and what is about to be stored would name them again.
    """
    contact = session.get_one(Contact, contact_id, with_for_update=NO_KEY, populate_existing=True)
    if contact.erased_at is not None:
        raise ConflictError(f"contact {contact_id} was erased", fix="nothing was stored")
    return contact


def settle(
    session: Session,
    services: Services,
    decided: Decided,
    *,
    allowed: tuple[CaseState, ...],
    now: datetime,
    by: tuple[str, ...] = (),
) -> None:
    """Take the case where the verdict says: an effect, a place in the queue, or nothing until `again`.

    `by` is the person whose choice it is: what the policy allows at once, they answer for.
    """
    proposal, verdict, judged = decided.proposal, decided.verdict, decided.judged
    match verdict.decision:
        case Decision.ALLOW:
            effect = make_effect(
                session, proposal, services.way(proposal.medium).name, now,
                due_at=verdict.not_before or now, approved_by=by, new=decided.new,
            )  # fmt: skip
            state = CaseState.ACTING if effect else CaseState.WATCHING
            advance(
                session, proposal.case_id, EntryKind.ALLOWED, now,
                {**judged.body, "effect": effect.key if effect else None}, evidence=judged.evidence,
                allowed=allowed, state=state, next_at=None,
            )  # fmt: skip
        case Decision.REVIEW:
            queue(session, services.policy, proposal, judged, allowed, now)
        case Decision.DENY:
            advance(
                session, proposal.case_id, EntryKind.DENIED, now, judged.body, evidence=judged.evidence,
                allowed=allowed, state=CaseState.WATCHING, next_at=now + services.again,
            )  # fmt: skip


def action_facts(proposal: Proposal, problems: tuple[str, ...]) -> ActionFacts:
    """The act under judgement, as the policy sees it."""
    return ActionFacts(
        tool=proposal.tool,
        channel=proposal.medium,
        catalogue_id=proposal.catalogue_id,
        arguments=proposal.arguments,
        value=proposal.value,
        message_problems=problems,
        audience="customer" if proposal.audience == CUSTOMER else "colleague",
    )


def judged(services: Services, proposal: Proposal, facts: Facts) -> Judged:
    """What the policy in force says, and what a shadow would; enough is kept to judge again and say the same."""
    verdict = evaluate(services.policy, facts)
    body = {
        "action_hash": proposal.action_hash,
        "contact": proposal.contact_id,
        "tool": proposal.tool,
        "policy": verdict.policy_hash,
        "decision": verdict.decision,
        "rules": list(verdict.deciding),
    }
    return Judged(verdict, body, record(facts, verdict, shadow=shadow_of(services, facts)))


def shadow_of(services: Services, facts: Facts) -> dict[str, Any] | None:
    """What the shadow policy would say, for the record."""
    policy = services.shadow_policy
    return said_plainly(evaluate(policy, facts)) if policy else None


def queue(
    session: Session,
    policy: Policy,
    proposal: Proposal,
    judged: Judged,
    allowed: tuple[CaseState, ...],
    now: datetime,
) -> Review:
    """Put a proposal before a person."""
    plan = policy.expiry(proposal.tool)
    review = Review(
        case_id=proposal.case_id,
        proposal_id=proposal.id or 0,
        action_hash=proposal.action_hash,
        verdict=verdict_to_plain(judged.verdict),
        asked_at=now,
        expires_at=plan.end(now) if plan is not None else None,
    )
    account = session.get_one(Account, proposal.account_id)
    list_by(review, account, proposal)
    review.facts = facts_of(account, session.get_one(Contact, proposal.contact_id))
    session.add(review)
    session.flush()
    mark(session, review, account)
    session.flush()
    advance(
        session, proposal.case_id, EntryKind.QUEUED, now, {**judged.body, "review": review.id},
        evidence=judged.evidence, allowed=allowed, state=CaseState.IN_REVIEW, next_at=None,
    )  # fmt: skip
    return review


def make_effect(
    session: Session,
    proposal: Proposal,
    channel: str,
    proposed_at: datetime,
    *,
    due_at: datetime,
    approved_by: tuple[str, ...] = (),
    new: bool = False,
) -> Effect | None:
    """The row that will act; None when this very act was already done, or may have been, in this case."""
    key = effect_key(proposal.case_id, proposal.action_hash)
    # A proposal that was stored in this very transaction cannot have been acted on.
    earlier = None if new else session.exec(EFFECT, params={"key": key}).first()
    if earlier is not None:
        return _revive(session, earlier, proposed_at, due_at, approved_by)
    effect = effect_of(proposal, channel, proposed_at, due_at)
    _approve(effect, approved_by)
    session.add(effect)
    return effect


def effect_of(proposal: Proposal, channel: str, proposed_at: datetime, due_at: datetime) -> Effect:
    """The act that a proposal is, not yet stored: what a preview shows is what would be stored."""
    return Effect(
        key=effect_key(proposal.case_id, proposal.action_hash),
        case_id=proposal.case_id,
        proposal_id=proposal.id or 0,
        action_hash=proposal.action_hash,
        account_id=proposal.account_id,
        contact_id=proposal.contact_id,
        tool=proposal.tool,
        catalogue_id=proposal.catalogue_id,
        part=MESSAGE,
        medium=proposal.medium,
        audience=proposal.audience,
        channel=channel,
        value=proposal.value,
        state=EffectState.PENDING,
        proposed_at=proposed_at,
        due_at=due_at,
    )


def _revive(
    session: Session, effect: Effect, proposed_at: datetime, due_at: datetime, approved_by: tuple[str, ...]
) -> Effect | None:
    if effect.state not in (EffectState.LAPSED, EffectState.FAILED):
        return None
    effect.state, effect.problem, effect.attempts = EffectState.PENDING, "", 0
    effect.proposed_at, effect.due_at, effect.intent_at = proposed_at, due_at, None
    _approve(effect, approved_by)
    session.flush()
    return effect


def _approve(effect: Effect, by: tuple[str, ...]) -> None:
    """Nobody, one person, or two: who approved first and who decided."""
    effect.approved_by = by[-1] if by else None
    effect.first_approved_by = by[0] if len(by) > 1 else None


def approvers(effect: Effect) -> tuple[str, ...]:
    """Who approved an effect."""
    return tuple(one for one in (effect.first_approved_by, effect.approved_by) if one)


def _keep(session: Session, proposal: Proposal) -> Proposal:
    """Store a proposal once: the same act suggested again in the same case is the same row."""
    same = session.exec(SAME, params={"case": proposal.case_id, "hash": proposal.action_hash}).first()
    if same is not None:
        return same
    session.add(proposal)
    session.flush()
    return proposal
