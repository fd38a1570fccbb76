"""An account's daily usage around a drop, by the numbers that the detector judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from winback.settings import Detection
from winback.usage.detect.detector import BEFORE_DAYS, WEEK, WEEKS_SHOWN
from winback.usage.detect.grid import WORD_DAYS
from winback.usage.detect.tail import lower_tail
from winback.usage.drop import Driver, Drop
from winback.usage.warehouse import Warehouse
from workers.services import Services

AFTERWARDS = timedelta(days=56)
"""How long after a drop was seen its chart goes on."""
BAND = (0.05, 0.95)
"""Nine windows of ten of an account with that past lie between these shares."""


@dataclass(frozen=True, slots=True)
class Day:
    """How often it was used, and on how many days of the window that ends on this day."""

    day: date
    uses: int
    active: int


@dataclass(frozen=True)
class Usage:
    """What a chart of one drop shows; levels are active days of a window of `window` days.

    `as_of`, `expected` and `seen` are the drop's: what the detector knew and said. `baseline` is the
    account's own mean in the eight weeks before the onset; `low` and `high` bound what an account with
    that past does in nine windows of ten: the fast channel's distribution, with the account's own days
    alone as its shape. `features` are those that fell, in active days a week before the onset and since.
    `days` end with what is known, `today` may be later.
    """

    window: int
    days: tuple[Day, ...]
    as_of: date
    onset: date
    today: date
    expected: float
    seen: int
    baseline: float
    low: int
    high: int
    features: tuple[Driver, ...]


def usage_of(services: Services, drop: Drop) -> Usage:
    """One account's usage around its drop, as known today; raises as `usage_at`."""
    settings = services.settings
    today = services.clock.now().astimezone(ZoneInfo(settings.company.zone)).date()
    return usage_at(services.warehouse, drop, settings.detection, today)


def usage_at(warehouse: Warehouse, drop: Drop, settings: Detection, today: date) -> Usage:
    """Read one account's usage from eight weeks before the onset to eight weeks after it was seen.

    Raises:
        SetupError: the usage folder is damaged.
    """
    window = settings.window_days
    first = min(drop.onset - timedelta(days=BEFORE_DAYS), drop.as_of - timedelta(days=WEEK * WEEKS_SHOWN - 1))
    earliest = first - timedelta(days=WORD_DAYS)
    last = max(min(today, warehouse.last_day() or drop.as_of, drop.as_of + AFTERWARDS), drop.as_of)
    uses = _daily(warehouse, [drop.account], earliest, last).get(drop.account, {})
    active = {day for day, count in uses.items() if count > 0}
    low, high = _band(drop, active, settings)
    return Usage(
        window=window,
        days=tuple(
            Day(day, uses.get(day, 0), _active(active, day, window))
            for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
        ),
        as_of=drop.as_of,
        onset=drop.onset,
        today=today,
        expected=drop.expected_days,
        seen=drop.seen_days,
        baseline=round(_active(active, drop.onset - timedelta(days=1), BEFORE_DAYS) * window / BEFORE_DAYS, 2),
        low=low,
        high=high,
        features=tuple(one for one in drop.drivers if one.after < one.before),
    )


def weeks_of(warehouse: Warehouse, accounts: Sequence[str], last: date) -> dict[str, tuple[int, ...]]:
    """Active days in each of the twelve weeks up to `last`, oldest first; all accounts in one read."""
    first = last - timedelta(days=WEEK * WEEKS_SHOWN - 1)
    found = _daily(warehouse, accounts, first, last)
    return {account: _weeks(found.get(account, {}), first) for account in accounts}


def _weeks(uses: dict[date, int], first: date) -> tuple[int, ...]:
    weeks = [0] * WEEKS_SHOWN
    for day in uses:
        weeks[(day - first).days // WEEK] += 1
    return tuple(weeks)


def _daily(warehouse: Warehouse, accounts: Sequence[str], first: date, last: date) -> dict[str, dict[date, int]]:
    found: dict[str, dict[date, int]] = {}
    if not accounts:
        return found
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"SELECT account, day, sum(count)::BIGINT FROM {warehouse.view(connection)} "  # noqa: S608  ours
            "WHERE account IN (SELECT unnest(?::VARCHAR[])) AND day BETWEEN ? AND ? GROUP BY ALL",
            [list(accounts), first, last],
        ).fetchall()
    for account, day, count in rows:
        found.setdefault(account, {})[day] = count
    return found


def _active(active: set[date], last: date, days: int) -> int:
    return sum(last - timedelta(days=n) in active for n in range(days))


def _band(drop: Drop, active: set[date], settings: Detection) -> tuple[int, int]:
    """Where X ~ NegBin(B) with the detector's expected mean lies in nine windows of ten."""
    window = settings.window_days
    days = min(settings.baseline_days, WORD_DAYS - window)
    own = max(_active(active, drop.as_of - timedelta(days=window), days), 1)
    counts = np.arange(window + 1)
    known = np.ones(window + 1)
    share = lower_tail(counts, own * known, drop.expected_days * known).share
    low, high = (int(np.searchsorted(share, edge)) for edge in BAND)
    return min(low, window), min(high, window)
