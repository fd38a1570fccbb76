"""Which rules of a policy ever decided something, read from the decision log."""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, or_, select

from policies.policy import Policy, policy_text
from policies.switch import is_switch
from winback.decisions.kind import EntryKind
from winback.store.bookkeeping import PolicyVersion
from winback.store.models import DecisionEntry

PAGE = 1_000
WITHOUT_VERDICT: Mapping[str, Set[str]] = {
    EntryKind.HELD_OUT: {"holdout"},
    EntryKind.MODEL_FAILED: {"on_model_failure", "budget"},
    EntryKind.EXPIRED: {"expires"},
    EntryKind.ESCALATED: {"expires"},
}
"""Decisions of a kind of rule that are taken without holding an act against the policy."""


@dataclass(frozen=True, slots=True)
class Fired:
    """How many of the verdicts since a rule came into force held a decision or deferral of it."""

    since: datetime
    looked_at: int
    times: int


def fired(session: Session, policy: Policy) -> dict[str, Fired]:
    """By rule, since it came into force as it is now; empty when this policy is not the one in force."""
    since = _in_force_since(session, policy)
    if not since:
        return {}
    looked_at, times = dict.fromkeys(since, 0), dict.fromkeys(since, 0)
    kinds = {rule.id: rule.kind for rule in policy.rules}
    for at, spoke in _words(session, min(since.values())):
        for rule, start in since.items():
            if at >= start:
                looked_at[rule] += 1
                times[rule] += rule in spoke or kinds[rule] in spoke
    return {rule: Fired(start, looked_at[rule], times[rule]) for rule, start in since.items()}


def _in_force_since(session: Session, policy: Policy) -> dict[str, datetime]:
    """For each rule, when it began to say what it says, without a break until now."""
    versions = session.exec(
        select(PolicyVersion).where(PolicyVersion.role == "live").order_by(col(PolicyVersion.id).desc())
    ).all()
    now = _rules(policy_text(policy))
    if not versions or _rules(versions[0].rules) != now:
        return {}
    since: dict[str, datetime] = {}
    going_on = set(now)
    for version in versions:
        before = _rules(version.rules)
        going_on = {rule for rule in going_on if before.get(rule) == now[rule]}
        since |= dict.fromkeys(going_on, version.at)
    return since


def _rules(text: str) -> dict[str, Any]:
    """Those of the files: a switch above them changes none."""
    return {rule["id"]: rule for rule in json.loads(text)["rules"] if not is_switch(rule["id"])}


def _words(session: Session, since: datetime) -> Iterator[tuple[datetime, Set[str]]]:
    """Each logged decision from then on: the rules that decided or deferred, or the kinds that need no verdict."""
    entry = DecisionEntry
    judged = or_(col(entry.evidence).is_not(None), col(entry.kind).in_(list(WITHOUT_VERDICT)))
    query = select(col(entry.id), col(entry.at), col(entry.kind), col(entry.evidence))
    query = query.where(judged, col(entry.at) >= since)
    last = 0
    while page := session.exec(query.where(col(entry.id) > last).order_by(col(entry.id)).limit(PAGE)).all():
        for number, at, kind, evidence in page:
            last = number or last
            spoke = _spoke(evidence) if evidence is not None else WITHOUT_VERDICT.get(kind)
            if spoke is not None:
                yield at, spoke


def _spoke(evidence: str) -> Set[str] | None:
    """The rules that did; None where there is no verdict, or somebody tampered with it."""
    try:
        results = orjson.loads(evidence)["verdict"]["results"]
        return {rule for rule, _, _, decision, _, _, _, *more in results if decision is not None or more}
    except (ValueError, TypeError, LookupError):
        return None
