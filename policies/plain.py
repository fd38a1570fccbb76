"""Facts and verdicts as plain JSON values, for the decision log, and back again without loss."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from policies.facts import (
    AccountFacts,
    ActionFacts,
    AgentFacts,
    Consent,
    ContactFacts,
    DropFacts,
    Facts,
    PastContact,
)
from policies.verdict import Decision, RuleResult, Verdict

Plain = dict[str, Any]


def facts_to_plain(facts: Facts) -> Plain:
    """Everything a policy judged by; `facts_from_plain` gives equal facts."""
    return {
        "now": _text(facts.now),
        "moment": facts.moment,
        "action": _action(facts.action),
        "drop": _drop(facts.drop),
        "account": _account(facts.account),
        "contact": _contact(facts.contact) if facts.contact else None,
        "agent": _agent(facts.agent),
        "history": [_past(past) for past in facts.history],
        "counts": dict(facts.counts),
        "approved_by": facts.approved_by,
        "proposed_at": _text(facts.proposed_at) if facts.proposed_at else None,
        "operator_zone": facts.operator_zone,
    }


def facts_from_plain(plain: Mapping[str, Any]) -> Facts:
    """A field that an older entry lacks takes its default.

    Raises:
        KeyError, TypeError, ValueError: the value was not made by `facts_to_plain`.
    """
    contact = plain["contact"]
    return Facts(
        **{
            **plain,
            "now": _moment(plain["now"]),
            "action": _action_from(plain["action"]),
            "drop": DropFacts(**plain["drop"]),
            "account": AccountFacts(**{**plain["account"], "tags": tuple(plain["account"].get("tags", ()))}),
            "contact": None if contact is None else _contact_from(contact),
            "agent": AgentFacts(**plain["agent"]),
            "history": tuple(
                PastContact(**{**past, "at": _moment(past["at"])}) for past in plain.get("history", ())
            ),
            "proposed_at": _moment(found) if (found := plain.get("proposed_at")) else None,
        }
    )


def verdict_to_plain(verdict: Verdict) -> Plain:
    """The decision with every rule's result; `verdict_from_plain` gives an equal verdict."""
    return {
        "decision": verdict.decision.value,
        "policy_hash": verdict.policy_hash,
        "not_before": _text(verdict.not_before) if verdict.not_before else None,
        "results": [_result(result) for result in verdict.results],
    }


def verdict_from_plain(plain: Mapping[str, Any]) -> Verdict:
    """As `facts_from_plain`, for a verdict."""
    return Verdict(
        decision=Decision(plain["decision"]),
        results=tuple(_result_from(result) for result in plain["results"]),
        policy_hash=plain["policy_hash"],
        not_before=_moment(found) if (found := plain.get("not_before")) else None,
    )


def _action(action: ActionFacts) -> Plain:
    return {
        "tool": action.tool,
        "channel": action.channel,
        "purpose": action.purpose,
        "catalogue_id": action.catalogue_id,
        "arguments": dict(action.arguments),
        "value": action.value,
        "message_problems": list(action.message_problems),
    }


def _action_from(plain: Mapping[str, Any]) -> ActionFacts:
    return ActionFacts(**{**plain, "message_problems": tuple(plain.get("message_problems", ()))})


def _drop(drop: DropFacts) -> Plain:
    return {
        "kind": drop.kind,
        "feature": drop.feature,
        "lost_days": drop.lost_days,
        "risk": drop.risk,
        "recovered": drop.recovered,
    }


def _account(account: AccountFacts) -> Plain:
    return {
        "id": account.id,
        "unit_key": account.unit_key,
        "plan": account.plan,
        "value_per_month": account.value_per_month,
        "zone": account.zone,
        "tags": list(account.tags),
    }


def _contact(contact: ContactFacts) -> Plain:
    consent: dict[str, dict[str, Consent]] = {}
    for (channel, purpose), state in contact.consent.items():
        consent.setdefault(channel, {})[purpose] = state
    return {
        "id": contact.id,
        "language": contact.language,
        "zone": contact.zone,
        "consent": consent,
        "unsubscribed": contact.unsubscribed,
        "left": contact.left,
    }


def _contact_from(plain: Mapping[str, Any]) -> ContactFacts:
    consent: dict[tuple[str, str], Consent] = {
        (channel, purpose): state
        for channel, purposes in plain.get("consent", {}).items()
        for purpose, state in purposes.items()
    }
    return ContactFacts(**{**plain, "consent": consent})


def _agent(agent: AgentFacts) -> Plain:
    return {
        "source": agent.source,
        "model": agent.model,
        "embedded": agent.embedded,
        "confidence": agent.confidence,
        "untrusted_text": agent.untrusted_text,
        "failure": agent.failure,
    }


def _past(past: PastContact) -> Plain:
    return {
        "at": _text(past.at),
        "contact": past.contact,
        "tool": past.tool,
        "channel": past.channel,
        "value": past.value,
        "catalogue_id": past.catalogue_id,
    }


def _result(result: RuleResult) -> Plain:
    return {
        "rule": result.rule,
        "kind": result.kind,
        "mode": result.mode,
        "decision": None if result.decision is None else result.decision.value,
        "code": result.code,
        "saw": [[name, value] for name, value in result.saw],
        "not_before": _text(result.not_before) if result.not_before else None,
    }


def _result_from(plain: Mapping[str, Any]) -> RuleResult:
    decision, not_before = plain.get("decision"), plain.get("not_before")
    return RuleResult(
        **{
            **plain,
            "decision": None if decision is None else Decision(decision),
            "saw": tuple((name, value) for name, value in plain.get("saw", ())),
            "not_before": None if not_before is None else _moment(not_before),
        }
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {text}: give it a zone")
    return moment.astimezone(UTC)
