"""The lines that rules draw, and changes that bring an act to either side of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from policies.facts import AgentFacts, ConsentFacts, Facts, consent_key
from policies.rules import AnyRule
from policies.rules.allow_tools import AllowTools, Bound
from policies.rules.consent import Consent
from policies.rules.expires import Expires
from policies.rules.holdout import Holdout
from policies.rules.preferences import Preferences
from policies.rules.quiet_hours import QuietHours
from policies.rules.risk_review import RiskReview
from policies.rules.value_limit import ValueLimit
from policies.rules.when import When
from policies.trial.probe_counts import counted
from policies.trial.probe_expr import spoken_of
from policies.trial.probe_past import happened, past

Change = Callable[[Facts], Facts]
CENT, HAIR = 0.01, 0.0001
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PEOPLE = ("Ines", "Omar", "Wen", "Ada")


def dimensions(rules: Sequence[AnyRule]) -> list[list[Change]]:
    """Ways in which an act can differ; of each way, one change at a time makes sense.

    The moment comes first and the past and the counts last, because they are reckoned from the rest.
    """
    whens = [when for rule in rules if (when := getattr(rule, "when", None)) is not None]
    return [
        _moments(rules),
        _actions(rules, whens),
        _values(rules),
        _accounts(whens),
        _worth(rules, whens),
        _contacts(rules, whens),
        _consents(rules),
        _agents(rules),
        _draws(rules),
        _waiting(rules),
        past(rules),
        happened(rules),
        *(counted(rule) for rule in rules),
        spoken_of(rules),
    ]


def part(name: str, **values: Any) -> Change:
    """Other values in one part of the facts; a part that is not there stays away."""

    def change(facts: Facts) -> Facts:
        old = getattr(facts, name)
        return facts if old is None else replace(facts, **{name: replace(old, **values)})

    return change


def _at(moment: datetime) -> Change:
    return lambda facts: replace(facts, now=moment, run_started_at=moment - timedelta(hours=6))


def _moments(rules: Iterable[AnyRule]) -> list[Change]:
    """Each day of a week, the edges of quiet hours in the zone of the sound act, days of note."""
    noon = NOON
    found = [noon + timedelta(days=day) for day in range(1, 7)]
    clocks = {clock for rule in rules if isinstance(rule, QuietHours) for clock in (rule.from_, rule.to)}
    for clock in sorted(clocks):
        hour, minute = map(int, clock.split(":"))
        edge = noon.replace(hour=0) + timedelta(hours=hour - 1, minutes=minute)
        found += [edge - timedelta(minutes=1), edge]
    found += [noon.replace(hour=2), noon.replace(hour=22), datetime(2026, 3, 29, 0, 30, tzinfo=UTC)]
    found += [datetime(2026, 12, 25, 12, tzinfo=UTC), datetime(2026, 10, 2, 9, tzinfo=UTC)]
    return [_at(moment) for moment in found]


def _actions(rules: Iterable[AnyRule], whens: Iterable[When]) -> list[Change]:
    channels = {one for when in whens for one in when.channels or ()}
    consents = [rule for rule in rules if isinstance(rule, Consent)]
    channels |= {rule.channel for rule in consents if rule.channel}
    purposes = {rule.purpose for rule in consents if rule.purpose}
    entries = [entry for rule in rules if isinstance(rule, AllowTools) for entry in rule.allow]
    offers = {one for entry in entries for one in entry.catalogue or ()}
    changes = [part("action", channel=one) for one in sorted(channels | {"another_channel"})]
    changes += [part("action", purpose=one) for one in sorted(purposes | {"another_purpose"})]
    changes += [part("action", catalogue_id=one) for one in sorted(offers)] + [
        part("action", catalogue_id="another")
    ]
    changes += [part("action", message_problems=("a link",)), part("action", audience="colleague")]
    for entry in entries:
        for name, bound in sorted(entry.arguments.items()):
            changes += [_argument(name, value) for value in _around_bound(bound)]
    return changes


def _argument(name: str, value: Any) -> Change:
    """Another value of an argument that the act has; a length of time is one from now on."""

    def change(facts: Facts) -> Facts:
        arguments = facts.action.arguments
        if name not in arguments:
            return facts
        found = (facts.now + value).isoformat() if isinstance(value, timedelta) else value
        return replace(facts, action=replace(facts.action, arguments={**arguments, name: found}))

    return change


def _around_bound(bound: Bound) -> list[Any]:
    if bound.one_of:
        return [*bound.one_of, "another"]
    if bound.within_days is not None:
        ends = [end for end in (bound.within_days.min, bound.within_days.max) if end is not None]
        return [timedelta(days=end, minutes=minutes) for end in ends for minutes in (-1, 0, 1)]
    ends = [end for end in (bound.min, bound.max) if end is not None]
    return sorted({end + step for end in ends for step in (-1, 0, 1)})


def _values(rules: Iterable[AnyRule]) -> list[Change]:
    lines: list[float | None] = []
    for rule in rules:
        if isinstance(rule, ValueLimit):
            limits = (rule.per_account, rule.total, rule.per_reviewer)
            lines += [rule.single, *(one.max for one in limits if one is not None)]
        elif isinstance(rule, RiskReview):
            lines.append(rule.four_eyes_above_value)
    return [part("action", value=value) for value in _around({one for one in lines if one is not None}, CENT)]


def _around(lines: Iterable[float], step: float) -> list[float]:
    return sorted({max(0.0, line + by) for line in lines for by in (-step, 0, step)})


def _accounts(whens: Iterable[When]) -> list[Change]:
    plans = {one for when in whens for one in when.plans or ()}
    tags = {one for when in whens for one in when.tags or ()}
    regions = {one for when in whens for one in when.regions or ()}
    changes = [part("account", plan=one) for one in (*sorted(plans), "another_plan", None)]
    changes += [part("account", tags=(one,)) for one in sorted(tags)] + [part("account", tags=())]
    changes += [part("account", region=one) for one in (*sorted(regions), "ZZ", "DE-BY", "IN", None)]
    return [*changes, part("account", zone=None), part("account", zone="Asia/Kolkata")]


def _worth(rules: Iterable[AnyRule], whens: Iterable[When]) -> list[Change]:
    ranges = [when.value for when in whens if when.value]
    lines = {end for one in ranges for end in (one.min, one.max) if end is not None}
    reviews = [rule for rule in rules if isinstance(rule, RiskReview)]
    asked = [one for rule in reviews for one in (rule.account_value_above, rule.four_eyes_above_account_value)]
    lines |= {one for one in asked if one is not None}
    return [part("account", value_per_month=value) for value in (*_around(lines, CENT), 0.0, 1e6, None)]


def _contacts(rules: Iterable[AnyRule], whens: Iterable[When]) -> list[Change]:
    languages = {one for when in whens for one in when.languages or ()}
    changes = [part("contact", language=one) for one in (*sorted(languages), "xx")]
    changes += [
        part("contact", zone=None),
        part("contact", zone="Asia/Kolkata"),
        part("contact", unsubscribed=True),
    ]
    if any(isinstance(rule, Preferences) for rule in rules):
        changes += [_refuses_the_tool, part("contact", topics_refused=("another",))]
    zones = {str(zone) for rule in rules if (zone := getattr(rule, "fallback_zone", None)) is not None}
    changes += [part("contact", zone=zone) for zone in sorted(zones - {"operator"})]
    return [*changes, part("contact", left=True), lambda facts: replace(facts, contact=None), _nowhere]


def _refuses_the_tool(facts: Facts) -> Facts:
    """The contact does not want to hear of what the act is."""
    return part("contact", topics_refused=(facts.action.tool,))(facts)


def _nowhere(facts: Facts) -> Facts:
    """Nobody knows the zone of the account or of its contact."""
    return part("account", zone=None)(part("contact", zone=None)(facts))


def _consents(rules: Iterable[AnyRule]) -> list[Change]:
    ages = {rule.max_age_days for rule in rules if isinstance(rule, Consent) and rule.max_age_days}
    changes = [_consent(state, 10, sourced=True) for state in ("granted", "refused", "unknown")]
    changes += [_consent("granted", None, sourced=True), _consent("granted", 10, sourced=False)]
    return changes + [_consent("granted", age + by, sourced=True) for age in sorted(ages) for by in (0, 1)]


def _consent(state: Any, age: int | None, *, sourced: bool) -> Change:
    def change(facts: Facts) -> Facts:
        if facts.contact is None:
            return facts
        on: date | None = None if age is None else facts.now.date() - timedelta(days=age)
        key = consent_key(facts.action.channel, facts.action.purpose)
        consent = {**facts.contact.consent, key: ConsentFacts(state, on, sourced)}
        return part("contact", consent=consent)(facts)

    return change


def _agents(rules: Iterable[AnyRule]) -> list[Change]:
    levels = {
        rule.confidence_below
        for rule in rules
        if isinstance(rule, RiskReview) and rule.confidence_below is not None
    }
    changes = [part("agent", confidence=value) for value in (*_around(levels, HAIR), None)]
    changes += [
        part("agent", embedded=True),
        part("agent", untrusted_text=True),
        part("agent", failure="timed out"),
    ]
    others = [AgentFacts("playbook", "", failure="timed out"), AgentFacts("person", "")]
    return changes + [_chosen_by(one) for one in others]


def _chosen_by(agent: AgentFacts) -> Change:
    return lambda facts: replace(facts, agent=agent)


def _draws(rules: Iterable[AnyRule]) -> list[Change]:
    shares = [(rule.seed, rule.share) for rule in rules if isinstance(rule, Holdout)]
    return [
        _draw(seed, value) for seed, share in shares for value in (0.0, max(0.0, share - HAIR), share) if value < 1
    ]


def _draw(seed: str, value: float) -> Change:
    return lambda facts: replace(facts, draws={**facts.draws, seed: value})


def _waiting(rules: Iterable[AnyRule]) -> list[Change]:
    """The moment of acting: how long ago it was proposed, who approved, and whether usage is back."""
    hours = {1.0}
    for rule in rules:
        if isinstance(rule, Expires):
            tools = ("", *rule.tools)
            waits = [rule.after(tool) + more for tool in tools for more in (timedelta(), rule.longer(tool))]
            hours |= {wait.total_seconds() / 3600 + by for wait in waits for by in (-0.2, 0)}
    changes = [_acting(wait, people) for wait in sorted(hours) for people in (0, 1)]
    changes += [_acting(1.0, people) for people in (2, 3)]
    return [*changes, lambda facts: part("drop", recovered=True)(_acting(1.0, 1)(facts))]


def _acting(hours: float, people: int) -> Change:
    return lambda facts: replace(
        facts, moment="act", approved_by=PEOPLE[:people], proposed_at=facts.now - timedelta(hours=hours)
    )
