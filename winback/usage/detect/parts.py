"""The parts of the alarmed accounts' usage: features, and how much of a limited one was used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from winback.usage.drop import Driver

DRIVERS = 5
BEFORE_DAYS = 56
LIMIT_DAYS = 30


@dataclass
class Parts:
    """One account's counts: feature -> age in days -> count."""

    features: dict[str, dict[int, int]] = field(default_factory=dict)

    def drivers(self, onset: int, known_days: int) -> tuple[Driver, ...]:
        """Every feature's active days a week before the onset and since, the largest loss first."""
        before = min(BEFORE_DAYS, known_days)
        found = [
            Driver(
                feature=feature,
                before=_per_week(ages, onset + 1, onset + before, before),
                after=_per_week(ages, 0, onset, onset + 1),
            )
            for feature, ages in self.features.items()
        ]
        return tuple(sorted(found, key=lambda one: (one.after - one.before, one.feature)))

    def limit_reached(self, onset: int, limits: Mapping[str, float], share: float) -> str | None:
        """The limited feature whose 30-day use before the onset came to `share` of its limit, the fullest."""
        used = {
            feature: sum(
                count for age, count in self.features.get(feature, {}).items() if onset < age <= onset + LIMIT_DAYS
            )
            for feature, limit in limits.items()
            if limit > 0
        }
        full = [feature for feature, count in used.items() if count >= share * limits[feature]]
        return max(full, key=lambda feature: (used[feature] / limits[feature], feature), default=None)


def load_parts(
    connection: duckdb.DuckDBPyConnection, relation: str, as_of: date, accounts: Sequence[str]
) -> dict[str, Parts]:
    """The features of some accounts, 100 days back: baseline, the longest fall and a limit's 30 days."""
    parts: dict[str, Parts] = {account: Parts() for account in accounts}
    rows = connection.execute(
        "SELECT account, feature, ($as_of - day)::INTEGER AS age, sum(count)::BIGINT "  # noqa: S608
        f"FROM {relation} WHERE list_contains($accounts, account) AND feature IS NOT NULL AND count > 0 "
        "AND day <= $as_of AND day > $as_of - 100 GROUP BY ALL ORDER BY account, feature, age",
        {"as_of": as_of, "accounts": list(accounts)},
    ).fetchall()
    for account, feature, age, count in rows:
        parts[account].features.setdefault(feature, {})[age] = count
    return parts


def _per_week(ages: Mapping[int, int], youngest: int, oldest: int, days: int) -> float:
    active = sum(1 for age in ages if youngest <= age <= oldest)
    return round(7 * active / max(days, 1), 2)
