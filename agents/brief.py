"""The brief: the facts about a case that the model may see, and nothing else.

No names of people, no addresses, no ids, no amounts, no text that a customer wrote. Names of features and
plans come from the customers' data too, so only names that the operator's own catalogue knows are passed on.
"""

import re
from dataclasses import dataclass
from typing import Literal

from prompts.message import clean
from tools.tool import Situation
from winback.usage.drop import Driver, DropKind

ValueBand = Literal["unknown", "low", "middle", "high"]

UNKNOWN_FEATURE = "another feature"
UNKNOWN_PLAN = "another plan"
UNKNOWN_LANGUAGE = "other"
LOW_BELOW = 100.0
HIGH_FROM = 1000.0
MAX_DRIVERS = 3
MAX_NAME = 60
REASONS: dict[DropKind, str] = {
    DropKind.ALL_QUIET: "the whole account went quiet",
    DropKind.FEATURE_FELL: "one feature is hardly used any more",
    DropKind.LIMIT_REACHED: "a limit of the plan was reached, then usage fell",
    DropKind.CHAMPION_LEFT: "the most active person stopped coming",
    DropKind.STALLED_START: "a new account that never got going",
}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")


@dataclass(frozen=True, slots=True)
class Brief:
    """Days are active days per week; `value_band` is a band of the value per month, not the amount."""

    kind: DropKind
    reason: str
    feature: str | None
    seen_days: int
    expected_days: float
    lost_days: float
    onset_weeks: int
    drivers: tuple[Driver, ...]
    seats_before: int
    seats_now: int
    plan: str | None
    value_band: ValueBand
    language: str
    contacts_before: int


def make_brief(
    situation: Situation, value_per_month: float | None, contacts_before: int, known: frozenset[str]
) -> Brief:
    """The facts of a situation; a feature or plan outside of `known` loses its name."""
    drop = situation.drop
    drivers = tuple(
        Driver(_known(driver.feature, known, UNKNOWN_FEATURE), driver.before, driver.after)
        for driver in drop.drivers[:MAX_DRIVERS]
    )
    return Brief(
        kind=drop.kind,
        reason=REASONS[drop.kind],
        feature=_feature(situation, known),
        seen_days=drop.seen_days,
        expected_days=drop.expected_days,
        lost_days=drop.lost_days,
        onset_weeks=max(0, (drop.as_of - drop.onset).days // 7),
        drivers=drivers,
        seats_before=drop.seats_before,
        seats_now=drop.seats_now,
        plan=None if situation.plan is None else _known(situation.plan, known, UNKNOWN_PLAN),
        value_band=_band(value_per_month),
        language=_language(situation.person.language),
        contacts_before=contacts_before,
    )


def _feature(situation: Situation, known: frozenset[str]) -> str | None:
    drop = situation.drop
    match drop.kind:
        case DropKind.LIMIT_REACHED:
            return _known(drop.limit_feature or "", known, UNKNOWN_FEATURE)
        case DropKind.FEATURE_FELL:
            return _known(drop.drivers[0].feature if drop.drivers else "", known, UNKNOWN_FEATURE)
        case _:
            return None


def _known(name: str, known: frozenset[str], otherwise: str) -> str:
    return clean(name, MAX_NAME) if name in known else otherwise


def _band(value_per_month: float | None) -> ValueBand:
    if value_per_month is None:
        return "unknown"
    if value_per_month < LOW_BELOW:
        return "low"
    return "high" if value_per_month >= HIGH_FROM else "middle"


def _language(code: str) -> str:
    return code if _LANGUAGE.fullmatch(code) else UNKNOWN_LANGUAGE
