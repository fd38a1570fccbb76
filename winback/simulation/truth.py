"""What was planted in the sample company, and how well a detector found it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from statistics import median

from winback.usage.drop import DropKind

FOUND_WITHIN = 28
"""Days after a planted drop in which an alarm counts as having found it."""

ECHO = 7
"""Days after a recovery or a dip in which the week that is looked at still holds the quiet days."""


class Cause(StrEnum):
    """Why a planted drop happened."""

    FEATURE_NOT_UNDERSTOOD = "feature_not_understood"
    LIMIT_REACHED = "limit_reached"
    CHAMPION_GONE = "champion_gone"
    QUIT = "quit"
    FADED = "faded"

    @property
    def kind(self) -> DropKind:
        """What a detector that understood the drop would call it."""
        return _KINDS[self]


_KINDS: Mapping[Cause, DropKind] = {
    Cause.FEATURE_NOT_UNDERSTOOD: DropKind.FEATURE_FELL,
    Cause.LIMIT_REACHED: DropKind.LIMIT_REACHED,
    Cause.CHAMPION_GONE: DropKind.CHAMPION_LEFT,
    Cause.QUIT: DropKind.ALL_QUIET,
    Cause.FADED: DropKind.ALL_QUIET,
}


@dataclass(frozen=True, slots=True)
class PlantedDrop:
    """`day` is the first day that is different; `feature` and `contact` are who or what it turned on."""

    account: str
    cause: Cause
    day: date
    recovers_on: date | None = None
    feature: str | None = None
    contact: str | None = None

    def covers(self, as_of: date) -> bool:
        """Whether an alarm on `as_of` is no false one."""
        return self.day <= as_of and (self.recovers_on is None or as_of < self.recovers_on + timedelta(days=ECHO))

    def finds(self, as_of: date) -> bool:
        return self.covers(as_of) and as_of <= self.day + timedelta(days=FOUND_WITHIN)


@dataclass(frozen=True, slots=True)
class Dip:
    """A healthy account's quiet days, such as everybody's holidays: it came back by itself."""

    account: str
    first: date
    last: date

    def covers(self, as_of: date) -> bool:
        return self.first <= as_of <= self.last + timedelta(days=ECHO)


@dataclass(frozen=True, slots=True)
class Truth:
    """`holidays` and `outage` are days on which everybody was low: no reason for an alarm."""

    accounts: tuple[str, ...]
    drops: tuple[PlantedDrop, ...]
    dips: tuple[Dip, ...]
    holidays: tuple[date, ...]
    outage: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """An alarm: the account, and the last day of usage that had been seen."""

    account: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Score:
    """How well the alarms fit the truth.

    `planted`: drops that some scan could have found, at most 28 days after their day; `found`: those
    with an alarm in that time; `median_days_late`: from a found drop's day to its first alarm.
    `false_alarms`: alarms on an account that was then healthy (no planted drop, or before it, or a
    week after its recovery); `dips_flagged`: alarms on a dip, counted apart, because the fall was
    real and the account came back by itself. `healthy_account_weeks`: weeks of healthy accounts from
    the first scan to the last. `by_cause`: planted and found, for each cause.
    """

    planted: int
    found: int
    median_days_late: float | None
    false_alarms: int
    dips: int
    dips_flagged: int
    healthy_account_weeks: float
    by_cause: Mapping[Cause, tuple[int, int]]

    @property
    def false_alarms_per_100_weeks(self) -> float:
        return 100 * self.false_alarms / self.healthy_account_weeks if self.healthy_account_weeks else 0.0


def score(truth: Truth, found: Sequence[Found], scanned: Sequence[date]) -> Score:
    """Hold alarms, each the start of a case, against the truth; `scanned` are the days of all scans.

    Raises:
        ValueError: an alarm is on an account, or on a day, that was never scanned.
    """
    _check(truth, found, scanned)
    alarms = {account: [one.as_of for one in group] for account, group in _by_account(found)}
    judged = [drop for drop in truth.drops if any(drop.finds(day) for day in scanned)]
    late = {drop: days for drop in judged if (days := _days_late(drop, alarms)) is not None}
    dips = [dip for dip in truth.dips if any(dip.covers(day) for day in scanned)]
    flagged = [dip for dip in dips if any(map(dip.covers, alarms.get(dip.account, ())))]
    return Score(
        planted=len(judged),
        found=len(late),
        median_days_late=median(late.values()) if late else None,
        false_alarms=sum(not _explained(truth, one) for one in found),
        dips=len(dips),
        dips_flagged=len(flagged),
        healthy_account_weeks=_healthy_weeks(truth, scanned),
        by_cause={
            cause: (len(group), sum(drop in late for drop in group))
            for cause in Cause
            if (group := [drop for drop in judged if drop.cause is cause])
        },
    )


def _check(truth: Truth, found: Sequence[Found], scanned: Sequence[date]) -> None:
    accounts, days = set(truth.accounts), set(scanned)
    for one in found:
        if one.account not in accounts or one.as_of not in days:
            raise ValueError(f"{one.account} on {one.as_of} was never scanned")


def _by_account(found: Sequence[Found]) -> list[tuple[str, list[Found]]]:
    ordered = sorted(found, key=lambda one: (one.account, one.as_of))
    return [(account, list(group)) for account, group in groupby(ordered, key=lambda one: one.account)]


def _days_late(drop: PlantedDrop, alarms: Mapping[str, Sequence[date]]) -> int | None:
    """Days from the drop to its first alarm; None when none found it."""
    return next(((as_of - drop.day).days for as_of in alarms.get(drop.account, ()) if drop.finds(as_of)), None)


def _explained(truth: Truth, one: Found) -> bool:
    reasons: tuple[PlantedDrop | Dip, ...] = (*truth.drops, *truth.dips)
    return any(reason.account == one.account and reason.covers(one.as_of) for reason in reasons)


def _healthy_weeks(truth: Truth, scanned: Sequence[date]) -> float:
    """Each scan speaks of the week up to it, so the first scan's week counts."""
    if not scanned:
        return 0.0
    first, last = min(scanned) - timedelta(days=6), max(scanned)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    ill = sum(drop.covers(day) for drop in truth.drops for day in days)
    return (len(truth.accounts) * len(days) - ill) / 7
