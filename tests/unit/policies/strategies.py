"""Acts and rules of all sorts, drawn by Hypothesis."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st

from policies.facts import (
    BY_HAND,
    AccountFacts,
    ActionFacts,
    AgentFacts,
    ConsentFacts,
    ContactFacts,
    DropFacts,
    Facts,
    Happening,
    HappeningKind,
    PastContact,
    consent_key,
)
from policies.rejection import REJECT_CODES
from policies.rules import AnyRule
from policies.verdict import Decision, Verdict
from tests.unit.policies.samples import RULE, TOOLS

DROPS = ("all_quiet", "feature_fell", "limit_reached", "champion_left", "stalled_start")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
CHANNELS = ("email", "sms")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

tools = st.sampled_from(sorted(TOOLS))
channels = st.sampled_from(CHANNELS)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)
amounts = st.sampled_from((0.0, 10.0, 46.2, 116.0, 249.0, 1000.0))
regions = st.sampled_from(("DE", "DE-BY", "IN", "XX"))
consents = st.dictionaries(
    st.sampled_from([consent_key(channel, "retention") for channel in CHANNELS]),
    st.builds(
        ConsentFacts,
        state=st.sampled_from(("granted", "refused", "unknown")),
        on=st.one_of(st.none(), st.dates(date(2022, 1, 1), date(2026, 12, 31))),
        sourced=st.booleans(),
    ),
)

actions = st.builds(
    ActionFacts,
    tool=st.one_of(tools, st.just("delete_account")),
    channel=channels,
    catalogue_id=st.sampled_from((None, "reports-first", "trial-team")),
    arguments=st.dictionaries(
        st.sampled_from(("days", "trial", "language")),
        st.one_of(st.integers(0, 60), st.text(max_size=5), st.booleans(), st.floats(0, 60)),
    ),
    value=amounts,
    message_problems=st.sampled_from(((), ("has a link",))),
    audience=st.sampled_from(("customer", "colleague")),
)
drops = st.builds(
    DropFacts,
    kind=st.sampled_from(DROPS),
    feature=st.sampled_from((None, "reports")),
    lost_days=st.floats(0, 7),
    risk=st.floats(0, 1),
    recovered=st.booleans(),
)
accounts = st.builds(
    AccountFacts,
    id=st.integers(1, 9),
    plan=st.sampled_from((None, "starter", "team")),
    value_per_month=st.one_of(st.none(), amounts),
    zone=st.one_of(st.none(), zones, st.just("Not/AZone")),
    region=st.one_of(st.none(), regions),
    tags=st.sampled_from(((), ("annual",), ("annual", "key-account"))),
)
contacts = st.builds(
    ContactFacts,
    id=st.integers(1, 3),
    language=st.sampled_from(("en", "hi")),
    zone=st.one_of(st.none(), zones, st.just("Not/AZone")),
    consent=consents,
    unsubscribed=st.booleans(),
    left=st.booleans(),
    topics_refused=st.sampled_from(((), ("send_tutorial",))),
    days_between=st.sampled_from((None, 7, 90)),
)
agents = st.builds(
    AgentFacts,
    source=st.sampled_from(("model", "playbook", "person")),
    model=st.just("a-model"),
    embedded=st.booleans(),
    confidence=st.one_of(st.none(), st.floats(0, 1)),
    untrusted_text=st.booleans(),
    failure=st.sampled_from((None, "timed out")),
)
past_contacts = st.builds(
    PastContact,
    at=moments,
    contact=st.one_of(st.none(), st.integers(1, 3)),
    tool=st.one_of(tools, st.just(BY_HAND)),
    channel=channels,
    value=amounts,
    catalogue_id=st.sampled_from((None, "trial-team")),
)
happenings = st.builds(
    Happening,
    kind=st.sampled_from(get_args(HappeningKind)),
    at=moments,
    contact=st.one_of(st.none(), st.integers(1, 3)),
    tool=st.one_of(st.none(), tools),
    catalogue_id=st.sampled_from((None, "trial-team")),
    closed_at=st.one_of(st.none(), moments),
    code=st.sampled_from((None, *REJECT_CODES)),
)
any_facts = st.builds(
    Facts,
    now=moments,
    moment=st.sampled_from(("propose", "act")),
    action=actions,
    drop=drops,
    account=accounts,
    contact=st.one_of(st.none(), contacts),
    agent=agents,
    history=st.lists(past_contacts, max_size=4).map(tuple),
    happenings=st.lists(happenings, max_size=3).map(tuple),
    counts=st.sampled_from(({}, {"contacts in 24h": 1.0}, {"tokens in run": 500.0})),
    draws=st.sampled_from(({}, {"s": 0.0}, {"s": 0.3}, {"s": 0.9999})),
    approved_by=st.sampled_from(((), ("Ines",), ("Ines", "Ines"), ("Ines", "Kofi"))),
    proposed_at=st.one_of(st.none(), moments),
    operator_zone=st.one_of(st.none(), zones),
    run_started_at=st.one_of(st.none(), moments),
)

ids = st.sampled_from(("a", "b", "c", "d", "e", "f"))
names = st.lists(tools, min_size=1, max_size=3, unique=True)
drop_lists = st.lists(st.sampled_from(DROPS), min_size=1, max_size=5, unique=True)
whens = st.fixed_dictionaries(
    {},
    optional={
        "drops": drop_lists,
        "plans": st.just(["team"]),
        "tags": st.just(["annual"]),
        "regions": st.sampled_from((["DE"], ["DE-BY", "IN"])),
        "languages": st.just(["en"]),
        "value": st.sampled_from(({"min": 50}, {"max": 200}, {"min": 10, "max": 500})),
        "tools": names,
        "channels": st.lists(channels, min_size=1, max_size=2, unique=True),
        "audience": st.sampled_from((["customer"], ["colleague"])),
    },
).filter(bool)
windows = st.one_of(
    st.builds(lambda days: {"kind": "rolling", "days": days}, st.integers(1, 366)),
    st.builds(lambda hours: {"kind": "rolling", "hours": hours}, st.integers(1, 500)),
    st.builds(
        lambda unit, zone: {"kind": "calendar", "unit": unit, "zone": zone},
        st.sampled_from(("day", "week", "month")),
        st.sampled_from(("account", "operator")),
    ),
)
limits = st.builds(lambda most, window: {"max": most, "window": window}, amounts, windows)
clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))


DRAWN: set[str] = set()
"""The kinds that are drawn somewhere below."""


def _rules(
    kind: str,
    required: dict[str, Any],
    optional: dict[str, Any] | None = None,
    *,
    narrowed: bool = True,
    modes: tuple[str, ...] = ("enforce", "shadow", "off"),
) -> st.SearchStrategy[dict[str, Any]]:
    DRAWN.add(kind)
    return st.fixed_dictionaries(
        {"id": ids, "kind": st.just(kind), **required},
        optional={"mode": st.sampled_from(modes), **({"when": whens} if narrowed else {}), **(optional or {})},
    )


entries = st.fixed_dictionaries(
    {"tools": names, "mode": st.sampled_from(("auto", "review"))},
    optional={
        "drops": drop_lists,
        "catalogue": st.just(["reports-first"]),
        "arguments": st.sampled_from(({"days": {"max": 14}}, {"language": {"one_of": ["en"]}})),
    },
)
opening = st.one_of(
    _rules("quiet_hours", {"from": clock_times, "to": clock_times}, {"fallback_zone": st.just("operator")}).filter(
        lambda one: one["from"] != one["to"]
    ),
    _rules(
        "working_days",
        {"days": st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True)},
        {"fallback_zone": zones, "public_holidays": st.sampled_from(("account", "IN", "DE-BY"))},
    ),
)
EXPRESSIONS = (
    "account.value_per_month > 100.0 && history.exists(h, h.tool == action.tool)",
    "contact.zone == 'Europe/Berlin' || moment == 'act'",
    "size(happenings) > 0 && happenings[0].kind == 'reply'",
    "now - history[0].at < duration('24h')",
    "1 / size(history) == 1",
)
WHATS = ("rejected", "complaint", "open_ticket", "reply", "bounce", "contact", "refused_offer")
COOLING = {"scope": st.sampled_from(("account", "contact")), "then": st.sampled_from(("deny", "review"))}
cooldowns = st.one_of(
    _rules(
        "cooldown_after",
        {"what": st.lists(st.sampled_from(WHATS), min_size=1, unique=True), "days": st.integers(1, 366)},
        COOLING,
    ),
    _rules("cooldown_after", {"what": st.sampled_from((["rejected"], ["open_ticket", "rejected"]))}, COOLING),
)
allowing = _rules("allow_tools", {"allow": st.lists(entries, min_size=1, max_size=3)})
tightening = st.one_of(
    _rules(
        "frequency_cap",
        {
            "scope": st.sampled_from(("account", "contact", "tool", "channel", "global")),
            "max": st.integers(0, 3),
            "window": windows,
        },
    ),
    opening,
    _rules(
        "consent",
        {"unknown": st.sampled_from(("deny", "review", "allow"))},
        {"channel": channels, "max_age_days": st.sampled_from((30, 730)), "needs_source": st.booleans()},
    ),
    _rules(
        "budget",
        {"tokens": st.fixed_dictionaries({"day": st.integers(0, 600)}, optional={"run": st.integers(0, 600)})},
        {"money": st.just({"month": 20.0})},
        narrowed=False,
    ),
    _rules("value_limit", {"single": amounts}, {"per_account": limits, "total": limits, "per_reviewer": limits}),
    cooldowns,
    _rules("preferences", {}),
    _rules(
        "ramp",
        {"start": st.integers(1, 3), "double_after": st.integers(1, 9)},
        {"max": st.just(9), "halt": st.sampled_from(({"bounces": 2, "days": 9}, {"complaints": 1, "days": 2}))},
    ),
    _rules(
        "expr",
        {
            "expression": st.sampled_from(EXPRESSIONS),
            "then": st.sampled_from(("deny", "review")),
            "reason": st.just("it says so"),
        },
    ),
    _rules(
        "risk_review",
        {},
        {
            "account_value_above": amounts,
            "confidence_below": st.floats(0, 1),
            "untrusted_text": st.booleans(),
            "embedded_model": st.booleans(),
            "first_contact": st.booleans(),
            "message_problems": st.booleans(),
            "four_eyes_above_value": amounts,
            "four_eyes_above_account_value": amounts,
        },
    ),
    _rules("kill_switch", {"engaged": st.booleans()}, {"reason": st.just("tried out")}),
    _rules("on_model_failure", {"then": st.sampled_from(("review", "skip"))}, narrowed=False),
    _rules(
        "on_model_failure",
        {"then": st.just("playbook"), "playbook": st.dictionaries(st.sampled_from(DROPS), tools, min_size=1)},
        narrowed=False,
    ),
    _rules(
        "expires", {"hours": st.floats(1, 500)}, {"tools": st.dictionaries(tools, st.just(24))}, narrowed=False
    ),
    _rules("holdout", {"share": st.sampled_from((0, 0.05, 0.5, 1))}, narrowed=False).map(
        lambda one: {**one, "seed": "s"}
    ),
)


def _unique(rules: list[dict[str, Any]]) -> tuple[AnyRule, ...]:
    """Rules made of mappings, each with an id of its own."""
    return tuple(RULE.validate_python({**one, "id": f"r{index}"}) for index, one in enumerate(rules))


any_rules = st.lists(st.one_of(allowing, tightening), max_size=6).map(_unique)
tightening_rules = tightening.map(lambda one: RULE.validate_python({**one, "id": "added"}))


# Closed more often than open, so that most acts wait.
deferring = st.one_of(
    _rules(
        "quiet_hours",
        {"from": st.sampled_from(("10:30", "12:00", "16:15")), "to": st.sampled_from(("07:00", "09:30"))},
        narrowed=False,
        modes=("enforce",),
    ),
    _rules(
        "working_days",
        {"days": st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=2, unique=True)},
        narrowed=False,
        modes=("enforce",),
    ),
)
SOUND_AT = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
WRONG = ("value", "consent", "agent", "history", "happenings", "draws", "proposed_at")
"""What may be wrong with an act that is sound otherwise."""


def _sound(act: Facts, now: datetime, zone: str, hours_ago: int, wrong: str | None) -> Facts:
    """The act, with nothing in it that every sensible policy denies, but for one thing."""
    yes = ConsentFacts("granted", now.date() - timedelta(days=10), sourced=True)
    consent = {consent_key(channel, "retention"): yes for channel in CHANNELS}
    apart = timedelta(hours=1) if wrong == "history" else timedelta(days=100)
    lately = tuple(replace(one, at=now - timedelta(hours=n)) for n, one in enumerate(act.happenings, start=1))
    tool = act.action.tool if act.action.tool in TOOLS else "send_tutorial"
    return replace(
        act,
        now=now,
        action=replace(act.action, tool=tool, value=120.0 if wrong == "value" else 0.0, message_problems=()),
        drop=replace(act.drop, recovered=False),
        account=replace(
            act.account, zone=zone, region="DE", plan=act.account.plan or "team", value_per_month=99.0
        ),
        contact=ContactFacts(1, "en", zone, {} if wrong == "consent" else consent),
        agent=act.agent if wrong == "agent" else AgentFacts("model", "a-model", confidence=0.9),
        history=tuple(replace(one, at=now - (n + 1) * apart) for n, one in enumerate(act.history)),
        happenings=lately if wrong == "happenings" else (),
        draws={"s": 0.0 if wrong == "draws" else 0.9999},
        proposed_at=now - timedelta(hours=600 if wrong == "proposed_at" else hours_ago),
        run_started_at=now,
        operator_zone=zone,
    )


sound_facts = st.builds(_sound, any_facts, SOUND_AT, zones, st.integers(0, 20), st.sampled_from((None, *WRONG)))


def _all_tools(mode: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({"id": "x", "kind": "allow_tools", "allow": [{"tools": sorted(TOOLS), "mode": mode}]})


FOUR_EYES = st.just({"id": "x", "kind": "risk_review", "four_eyes_above_account_value": 10})
Case = tuple[tuple[AnyRule, ...], Facts]


def _case(*needed: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Case]:
    """A policy with these rules and up to one other, and an act with which little is wrong."""
    rules = st.tuples(st.tuples(*needed), st.lists(tightening, max_size=1)).map(lambda both: [*both[0], *both[1]])
    return st.tuples(rules.map(_unique), sound_facts)


CASES: Mapping[str, st.SearchStrategy[Case]] = {
    "allow": _case(_all_tools("auto")),
    "review": _case(_all_tools("review")),
    "review by 2": _case(_all_tools("auto"), FOUR_EYES),
    "wait": _case(_all_tools("auto"), deferring),
    "wait for review": _case(_all_tools("review"), deferring),
    "deny": st.tuples(any_rules, any_facts),
}
"""Rules and acts, by what mostly comes of them: a test that asks for one of these and gets it is not vacuous."""


def comes_to(verdict: Verdict) -> str:
    """Which of `CASES` a verdict is, whoever approved."""
    match verdict.decision:
        case Decision.DENY:
            return "deny"
        case Decision.REVIEW if verdict.not_before:
            return "wait for review"
        case Decision.REVIEW:
            return "review by 2" if verdict.people > 1 else "review"
    return "wait" if verdict.not_before else "allow"
