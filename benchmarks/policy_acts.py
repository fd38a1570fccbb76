"""Twenty rules and some acts: what `benchmarks/policy.py` measures, for Winback and for other engines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from policies.facts import (
    AccountFacts,
    ActionFacts,
    AgentFacts,
    ConsentFacts,
    ContactFacts,
    DropFacts,
    Facts,
    PastContact,
)
from policies.policy import Policy
from policies.rules import AnyRule

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WEEK, FORTNIGHT, HALF_YEAR = timedelta(days=7), timedelta(days=14), timedelta(days=180)
BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR_DAY = {"kind": "calendar", "unit": "day", "zone": "operator"}
CALENDAR_WEEK = {"kind": "calendar", "unit": "week", "zone": "operator"}
CALENDAR_MONTH = {"kind": "calendar", "unit": "month", "zone": "operator"}
TRIALS, CALLS = {"tools": ["offer_trial_upgrade"]}, {"tools": ["book_call"]}


def rolling(days: int) -> dict[str, Any]:
    """The last so many days."""
    return {"kind": "rolling", "days": days}


RULES: list[dict[str, Any]] = [
    {"id": "acts", "kind": "allow_tools", "allow": [
        {"tools": ["send_tutorial"], "drops": ["feature_fell", "stalled_start", "all_quiet"], "mode": "auto"},
        {"tools": ["offer_trial_upgrade"], "drops": ["limit_reached"], "mode": "review",
         "arguments": {"days": {"max": 14}}},
        {"tools": ["book_call"], "drops": ["champion_left", "all_quiet"], "mode": "review"}]},
    {"id": "consent", "kind": "consent", "unknown": "deny"},
    {"id": "cap-account", "kind": "frequency_cap", "scope": "account", "max": 2, "window": rolling(14)},
    {"id": "cap-contact", "kind": "frequency_cap", "scope": "contact", "max": 1, "window": rolling(7)},
    {"id": "cap-trials", "kind": "frequency_cap", "scope": "account", "max": 1, "window": rolling(180),
     "when": TRIALS},
    {"id": "cap-calls", "kind": "frequency_cap", "scope": "tool", "max": 20, "window": CALENDAR_WEEK,
     "when": CALLS},
    {"id": "cap-channel", "kind": "frequency_cap", "scope": "channel", "max": 200, "window": CALENDAR_DAY},
    {"id": "cap-everything", "kind": "frequency_cap", "scope": "global", "max": 500, "window": rolling(7)},
    {"id": "quiet-hours", "kind": "quiet_hours", "from": "20:00", "to": "08:00", "fallback_zone": "operator"},
    {"id": "working-days", "kind": "working_days", "days": ["mon", "tue", "wed", "thu", "fri"],
     "fallback_zone": "operator"},
    {"id": "goodwill", "kind": "value_limit", "single": 150, "per_account": {"max": 150, "window": rolling(180)},
     "total": {"max": 2000, "window": CALENDAR_MONTH}},
    {"id": "goodwill-trials", "kind": "value_limit", "single": 120, "when": TRIALS},
    {"id": "eyes-on", "kind": "risk_review", "account_value_above": 500, "confidence_below": 0.6},
    {"id": "valued-calls", "kind": "risk_review", "account_value_above": 250, "when": CALLS},
    {"id": "holdout", "kind": "holdout", "share": 0.05, "seed": "bench"},
    {"id": "model-failure", "kind": "on_model_failure", "then": "review"},
    {"id": "model-budget", "kind": "budget", "money": {"day": 20}},
    {"id": "expiry", "kind": "expires", "hours": 168},
    {"id": "stop", "kind": "kill_switch", "engaged": False},
    {"id": "stop-trials", "kind": "kill_switch", "engaged": True, "when": TRIALS},
]  # fmt: skip


def policy(*changed: dict[str, Any]) -> Policy:
    """The twenty rules, of which some may be changed, by their ids."""
    rules = {one["id"]: one for one in (*RULES, *changed)}
    return Policy.of(TypeAdapter(list[AnyRule]).validate_python(list(rules.values())))


@cache
def typical() -> Facts:
    """An act that is allowed, a moment before it happens."""
    facts = Facts(
        now=NOON,
        moment="act",
        action=ActionFacts("send_tutorial", "email", catalogue_id="reports-first", arguments={"tutorial": "r"}),
        drop=DropFacts("feature_fell", "reports", 3.0, 0.4),
        account=AccountFacts(1, "team", 99.0, "Europe/Berlin", "DE", ("annual",)),
        contact=ContactFacts(
            7, "en", "Europe/Berlin", {"email/retention": ConsentFacts("granted", NOON.date(), sourced=True)}
        ),
        agent=AgentFacts("model", "a-model", confidence=0.9),
        history=tuple(PastContact(NOON - timedelta(days=days), 7, "send_tutorial", "email") for days in (30, 60)),
        draws={"bench": 0.5},
        proposed_at=NOON - timedelta(hours=1),
        operator_zone="UTC",
    )
    return counted(policy(), facts)


def counted(judge: Policy, facts: Facts) -> Facts:
    """With an answer to all that the policy wants counted."""
    return replace(facts, counts={one.name: 3.0 for one in judge.counters(facts)})


def others() -> list[Facts]:
    """Acts that are not allowed, or not without a person: each by another rule."""
    act = typical()
    recent = PastContact(NOON - timedelta(days=1), 7, "send_tutorial", "email")
    return [
        replace(act, drop=replace(act.drop, kind="limit_reached")),
        replace(act, contact=replace(act.contact, consent={})),  # type: ignore[type-var]
        replace(act, history=(recent, *act.history)),
        replace(act, account=replace(act.account, value_per_month=900.0)),
        replace(act, agent=replace(act.agent, confidence=0.2)),
        replace(act, draws={"bench": 0.01}),
        replace(act, proposed_at=NOON - timedelta(days=8)),
        replace(act, counts=dict.fromkeys(act.counts, 600.0)),
        replace(act, action=replace(act.action, value=200.0)),
    ]


def known(facts: Facts) -> dict[str, Any]:
    """The facts for an engine that cannot count over a list or tell a zone's time: both are done for it.

    Whole numbers only, for Cedar has no others; times of day in minutes.
    """
    local, contact = facts.now.astimezone(BERLIN), facts.contact
    assert contact is not None
    assert facts.proposed_at is not None
    consent = contact.consent.get("email/retention")

    def past(length: timedelta) -> list[PastContact]:
        return [one for one in facts.history if one.at >= facts.now - length]

    return {
        "tool": facts.action.tool,
        "drop": facts.drop.kind,
        "days": int(facts.action.arguments.get("days", 0)),
        "value": round(facts.action.value * 100),
        "consent": consent.state if consent else "unknown",
        "account_contacts": len(past(FORTNIGHT)),
        "contact_contacts": sum(one.contact == contact.id for one in past(WEEK)),
        "trials": sum(one.tool == "offer_trial_upgrade" for one in past(HALF_YEAR)),
        "given": round(sum(one.value for one in past(HALF_YEAR)) * 100),
        "calls_of_week": asked(facts, "contacts in week"),
        "channel_of_day": asked(facts, "contacts in day"),
        "all_of_week": asked(facts, "contacts in 168h"),
        "given_of_month": asked(facts, "value in month") * 100,
        "spent_of_day": 0 if facts.moment == "act" else asked(facts, "money in day"),
        "minute": local.hour * 60 + local.minute,
        "weekday": local.weekday(),
        "account_value": round((facts.account.value_per_month or 0) * 100),
        "confidence": round((facts.agent.confidence or 0) * 100),
        "untrusted": facts.agent.untrusted_text,
        "embedded": facts.agent.embedded,
        "first": not facts.history,
        "problems": len(facts.action.message_problems),
        "draw": round(facts.draws["bench"] * 10_000),
        "failed": facts.agent.failure is not None,
        "waited": round((facts.now - facts.proposed_at).total_seconds() / 60),
        "engaged": False,
    }


def asked(facts: Facts, begins: str) -> int:
    """What the database counted for the questions that begin so, together."""
    return round(sum(number for name, number in facts.counts.items() if name.startswith(begins)))
