"""What kind of drop the numbers say it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from winback.usage.detect.team import CHAMPION_SHARE
from winback.usage.drop import Driver, DropKind

LIMIT_SHARE = 0.95
FEATURE_SHARE = 0.6
GOES_ON_SHARE = 0.5
LEAST_PER_WEEK = 0.5
START_DAYS = 28


@dataclass(frozen=True)
class SeatChange:
    """A contact's active days a week before the onset and since, and its active days of the last seven."""

    contact: str
    before: float
    after: float
    seen: int


@dataclass(frozen=True)
class Change:
    """An account's fall in parts; `known_days` is its age at the onset."""

    known_days: int
    features: Sequence[Driver]
    seats: Sequence[SeatChange]
    limit_feature: str | None


@dataclass(frozen=True)
class Kind:
    kind: DropKind
    champion: str | None = None


def kind_of(change: Change) -> Kind:
    """The most telling kind that fits, a limit first: it says what to do about it."""
    if change.limit_feature is not None:
        return Kind(DropKind.LIMIT_REACHED)
    if (champion := champion_left(change.seats)) is not None:
        return Kind(DropKind.CHAMPION_LEFT, champion)
    if change.known_days < START_DAYS:
        return Kind(DropKind.STALLED_START)
    if feature_fell(change.features):
        return Kind(DropKind.FEATURE_FELL)
    return Kind(DropKind.ALL_QUIET)


def champion_left(seats: Sequence[SeatChange]) -> str | None:
    """The silent contact who carried the account, or whose loss is the account's, while others go on.

    Others who hardly used the product before (under half a day a week) need not go on.
    """
    before = sum(seat.before for seat in seats)
    lost = sum(max(seat.before - seat.after, 0.0) for seat in seats)
    for seat in seats:
        others, others_now = before - seat.before, sum(one.after for one in seats if one is not seat)
        carried = seat.before >= CHAMPION_SHARE * before
        explains = lost > 0 and seat.before - seat.after >= CHAMPION_SHARE * lost
        go_on = others < LEAST_PER_WEEK or others_now >= GOES_ON_SHARE * others
        if others > 0 and seat.seen == 0 and (carried or explains) and go_on:
            return seat.contact
    return None


def feature_fell(features: Sequence[Driver]) -> bool:
    """One feature explains 60 % of what was lost, and the others keep half of what they had."""
    lost = sum(max(one.before - one.after, 0.0) for one in features)
    if lost <= 0:
        return False
    worst = max(features, key=lambda one: one.before - one.after)
    others = sum(one.before for one in features if one is not worst)
    others_now = sum(one.after for one in features if one is not worst)
    explains = worst.before - worst.after >= FEATURE_SHARE * lost
    return explains and others >= LEAST_PER_WEEK and others_now >= GOES_ON_SHARE * others
