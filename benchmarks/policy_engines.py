"""The same twenty rules in Cedar, in CEL and as plain functions, to hold ours against."""

from collections.abc import Callable
from typing import Any

import cedarpy
import cel
from policy_acts import BERLIN, FORTNIGHT, HALF_YEAR, WEEK, asked, policy

from policies.evaluate import evaluate
from policies.facts import Facts
from policies.verdict import Decision

CALLS_OF_WEEK = "contacts in week of operator tools=book_call"
CHANNEL_OF_DAY = "contacts in day of operator channels=email"
ALL_OF_WEEK = "contacts in 168h"
MONEY_OF_DAY = "money in day of operator"


DENIES = (
    "{c}consent != 'granted'",
    "{c}account_contacts >= 2",
    "{c}contact_contacts >= 1",
    "{c}tool == 'offer_trial_upgrade' && {c}trials >= 1",
    "{c}tool == 'book_call' && {c}calls_of_week >= 20",
    "{c}channel_of_day >= 200",
    "{c}all_of_week >= 500",
    "{c}value > 0 && ({c}value > 15000 || {c}given + {c}value > 15000 || {c}given_of_month + {c}value > 200000)",
    "{c}tool == 'offer_trial_upgrade' && {c}value > 12000",
    "{c}draw < 500",
    "{c}spent_of_day >= 20",
    "{c}waited >= 10080",
    "{c}engaged",
    "{c}tool == 'offer_trial_upgrade'",
)
REVIEWS = (
    "{c}account_value > 50000 || {c}confidence < 60 || {c}untrusted || {c}embedded || {c}first || {c}problems > 0",
    "{c}tool == 'book_call' && ({c}account_value > 25000 || {c}untrusted || {c}embedded)",
    "{c}failed",
)
WAITS = ("{c}minute >= 1200 || {c}minute < 480", "{c}weekday > 4")
ALLOWS = """
    ({c}tool == 'send_tutorial'
        && ({c}drop == 'feature_fell' || {c}drop == 'stalled_start' || {c}drop == 'all_quiet'))
    || ({c}tool == 'offer_trial_upgrade' && {c}drop == 'limit_reached' && {c}days <= 14)
    || ({c}tool == 'book_call' && ({c}drop == 'champion_left' || {c}drop == 'all_quiet'))
"""
Engine = Callable[[Facts], bool]
"""Whether an act may run by itself, now."""


def winback_engine() -> Engine:
    """Ours, reduced to the others' yes or no."""
    judge = policy()

    def allows(facts: Facts) -> bool:
        verdict = evaluate(judge, facts)
        return verdict.decision is Decision.ALLOW and verdict.not_before is None

    return allows


def cedar_engine() -> Callable[[dict[str, Any]], bool]:
    """Cedar, its policies parsed once; takes `known` facts."""
    forbidding = (f"forbid(principal, action, resource) when {{ {one} }};" for one in (*DENIES, *REVIEWS, *WAITS))
    permitting = f"permit(principal, action, resource) when {{ {ALLOWS} }};"
    text = "\n".join((permitting, *forbidding)).replace("{c}", "context.").replace("'", '"')
    policies, nobody = cedarpy.PolicySet.from_str(text), cedarpy.Entities.from_json_str("[]")
    request = {"principal": 'Agent::"agent"', "action": 'Action::"act"', "resource": 'Account::"1"'}

    def allows(context: dict[str, Any]) -> bool:
        return cedarpy.is_authorized({**request, "context": context}, policies, nobody).allowed

    return allows


def cel_engine() -> Callable[[dict[str, Any]], bool]:
    """CEL, its programs compiled once, one context for all twenty; takes `known` facts."""
    permitting = cel.compile(ALLOWS.replace("{c}", ""))
    forbidding = [cel.compile(one.replace("{c}", "")) for one in (*DENIES, *REVIEWS, *WAITS)]

    def allows(context: dict[str, Any]) -> bool:
        shared = cel.Context(variables=context)
        allowed = permitting.execute(shared)
        forbidden = [one.execute(shared) for one in forbidding]
        return allowed is True and not any(forbidden)

    return allows


def plain_engine() -> Engine:
    """The same twenty rules as Python functions of the facts; nothing is kept of what they say."""
    rules = (*_PLAIN_CAPS, *_PLAIN_RULES)

    def allows(facts: Facts) -> bool:
        forbidden = [rule(facts) for rule in rules]
        return _listed(facts) and not any(forbidden)

    return allows


def _contact(facts: Facts) -> int | None:
    return facts.contact.id if facts.contact else None


def _is_trial(facts: Facts) -> bool:
    return facts.action.tool == "offer_trial_upgrade"


def _listed(facts: Facts) -> bool:
    tool, drop = facts.action.tool, facts.drop.kind
    if tool == "send_tutorial":
        return drop in ("feature_fell", "stalled_start", "all_quiet")
    if tool == "offer_trial_upgrade":
        return drop == "limit_reached" and facts.action.arguments.get("days", 0) <= 14  # type: ignore[operator]
    return tool == "book_call" and drop in ("champion_left", "all_quiet")


def _refused(facts: Facts) -> bool:
    consent = facts.contact and facts.contact.consent.get("email/retention")
    return not consent or consent.state != "granted"


def _over_goodwill(facts: Facts) -> bool:
    value = facts.action.value
    given = sum(one.value for one in facts.history if one.at >= facts.now - HALF_YEAR)
    return value > 0 and (value > 150 or given + value > 150 or asked(facts, "value in month") + value > 2000)


def _needs_eyes(facts: Facts) -> bool:
    agent = facts.agent
    valued = (facts.account.value_per_month or 0) > 500
    unsure = agent.confidence is None or agent.confidence < 0.6
    return valued or unsure or agent.untrusted_text or agent.embedded or not facts.history


def _closed(facts: Facts) -> bool:
    local = facts.now.astimezone(BERLIN)
    return not 480 <= local.hour * 60 + local.minute < 1200


_PLAIN_CAPS: tuple[Engine, ...] = (
    lambda facts: sum(one.at >= facts.now - FORTNIGHT for one in facts.history) >= 2,
    lambda facts: sum(one.at >= facts.now - WEEK and one.contact == _contact(facts) for one in facts.history) >= 1,
    lambda facts: _is_trial(facts) and sum(one.at >= facts.now - HALF_YEAR for one in facts.history) >= 1,
    lambda facts: facts.action.tool == "book_call" and facts.counts[CALLS_OF_WEEK] >= 20,
    lambda facts: facts.counts[CHANNEL_OF_DAY] >= 200,
    lambda facts: facts.counts[ALL_OF_WEEK] >= 500,
)
_PLAIN_RULES: tuple[Engine, ...] = (
    _refused,
    _over_goodwill,
    lambda facts: _is_trial(facts) and facts.action.value > 120,
    lambda facts: facts.draws["bench"] < 0.05,
    lambda facts: facts.moment == "propose" and facts.counts[MONEY_OF_DAY] >= 20,
    lambda facts: facts.proposed_at is not None and facts.now - facts.proposed_at >= WEEK,
    lambda _facts: False,
    _is_trial,
    _needs_eyes,
    lambda facts: facts.action.tool == "book_call" and (facts.account.value_per_month or 0) > 250,
    lambda facts: facts.agent.failure is not None,
    _closed,
    lambda facts: facts.now.astimezone(BERLIN).weekday() > 4,
)
