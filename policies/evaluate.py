"""Holding one act against a policy: deny > review > allow, every rule evaluated and recorded."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from policies.facts import Facts
from policies.policy import Policy
from policies.rules.quiet_hours import HORIZON_DAYS
from policies.rules.rule import NextOpen
from policies.verdict import Decision, RuleResult, Verdict

BUILT_IN = "built_in"
"""The kind of the results that no file can switch off. Their ids hold a dot, which no rule's can."""

_say = partial(RuleResult, kind=BUILT_IN, mode="enforce")
_NOT_RECOVERED = _say("built_in.recovered", decision=None, code="not_recovered")
_RECOVERED = _say("built_in.recovered", decision=Decision.DENY, code="recovered")
_REACHABLE = _say("built_in.contact", decision=None, code="reachable")
_NO_CONTACT = _say("built_in.contact", decision=Decision.DENY, code="no_contact")
_UNSUBSCRIBED = _say("built_in.contact", decision=Decision.DENY, code="unsubscribed")
_LEFT = _say("built_in.contact", decision=Decision.DENY, code="left")
_LISTED = _say("built_in.default", decision=None, code="listed")
_NO_MATCH = _say("built_in.default", decision=Decision.DENY, code="no_match")
_NEVER_OPEN = _say("built_in.open", decision=Decision.DENY, code="never_open")


def evaluate(policy: Policy, facts: Facts) -> Verdict:
    """What the policy says of this act at this moment. Pure, total, and the same every time.

    A person's approval turns `review` into `allow` at the moment of acting, and never touches `deny`.
    """
    results = [judge(facts) for judge in policy.judges]
    results += (_recovered(facts), _contact(facts), _default(results))
    decision = _combine(results, facts)
    if decision is Decision.DENY or not _defers(policy, results):
        return Verdict(decision, tuple(results), policy.hash)
    not_before = _settle(policy, facts)
    if not_before is None:
        return Verdict(Decision.DENY, (*results, _NEVER_OPEN), policy.hash)
    return Verdict(decision, tuple(results), policy.hash, not_before)


def _combine(results: Iterable[RuleResult], facts: Facts) -> Decision:
    decisions = {one.decision for one in results if one.mode == "enforce"}
    if Decision.DENY in decisions:
        return Decision.DENY
    approved = facts.approved_by is not None and facts.moment == "act"
    if Decision.REVIEW in decisions and not approved:
        return Decision.REVIEW
    return Decision.ALLOW


def _recovered(facts: Facts) -> RuleResult:
    return _RECOVERED if facts.moment == "act" and facts.drop.recovered else _NOT_RECOVERED


def _contact(facts: Facts) -> RuleResult:
    if facts.contact is None:
        return _NO_CONTACT
    if facts.contact.unsubscribed:
        return _UNSUBSCRIBED
    return _LEFT if facts.contact.left else _REACHABLE


def _default(results: Iterable[RuleResult]) -> RuleResult:
    """No match means deny: only `allow_tools` lets anything through, by itself or after review."""
    for one in results:
        if one.kind == "allow_tools" and one.code in ("allowed", "review") and one.mode == "enforce":
            return _LISTED
    return _NO_MATCH


def _defers(policy: Policy, results: Sequence[RuleResult]) -> bool:
    return any(results[index].not_before is not None for index in policy.deferring)


def _settle(policy: Policy, facts: Facts) -> datetime | None:
    """The first moment that is open under every rule that may defer; None when there is none in sight."""
    rules = tuple(policy.deferring.values())
    moment = facts.now
    while moment - facts.now <= timedelta(days=HORIZON_DAYS):
        latest = _pushed(rules, facts, moment)
        if latest is None or latest == moment:
            return latest
        moment = latest
    return None


def _pushed(rules: Iterable[NextOpen], facts: Facts, moment: datetime) -> datetime | None:
    """`moment`, moved on by each rule in turn; None when one of them never opens."""
    for next_open in rules:
        try:
            opens = next_open(facts, moment)
        except OverflowError:  # the calendar ends
            return None
        if opens is None:
            return None
        moment = opens
    return moment
