"""A drop: a fall of an account's usage that its own past and the population do not explain."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter


class DropKind(StrEnum):
    """What the numbers say fell. Policy picks tools by it."""

    ALL_QUIET = "all_quiet"
    FEATURE_FELL = "feature_fell"
    LIMIT_REACHED = "limit_reached"
    CHAMPION_LEFT = "champion_left"
    STALLED_START = "stalled_start"


class Channel(StrEnum):
    """Which of the detector's two channels raised the alarm."""

    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Driver:
    """A feature's part in the drop: active days per week before the onset and since."""

    feature: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Drop:
    """One account's drop as seen on the morning after `as_of` (usage up to and including that day).

    `account` and `champion` are the keys of the imported usage. `expected_days` and `seen_days` are
    active days of the last seven, holidays and outages considered; `lost_days` the difference to the
    account's own baseline. `seats_*` count contacts active in the 28 days before the onset and in
    the last seven. `limit_feature` is the feature whose plan limit was reached before the onset.
    `alarm` is the larger -ln tail of the two channels, `threshold` what it had to pass. `weeks` is
    active days in each of the last twelve weeks, oldest first.
    """

    account: str
    as_of: date
    kind: DropKind
    channel: Channel
    alarm: float
    threshold: float
    expected_days: float
    seen_days: int
    lost_days: float
    onset: date
    reason: str
    drivers: tuple[Driver, ...]
    seats_before: int
    seats_now: int
    champion: str | None
    limit_feature: str | None
    risk: float
    weeks: tuple[int, ...]


_DROP: TypeAdapter[Drop] = TypeAdapter(Drop)


def drop_to_plain(drop: Drop) -> dict[str, Any]:
    """The drop as JSON values, for a row and for the hash in the decision log."""
    plain: dict[str, Any] = _DROP.dump_python(drop, mode="json")
    return plain


def drop_from_plain(plain: dict[str, Any]) -> Drop:
    """The inverse of `drop_to_plain`."""
    return _DROP.validate_python(plain)
