"""Does the detector find drops of real people, and at what price in false alarms?

    python benchmarks/detection.py --data FOLDER [--json] [--budget 1.0]

FOLDER holds oulad/daily_by_type.parquet (account: course run, user_id, day, activity_type, clicks; made from
studentVle.csv of the Open University Learning Analytics Dataset, CC BY 4.0, analyse.kmi.open.ac.uk/open_dataset)
and git_activity/daily.parquet (account: project, user, date, events; commits a day and author, which anybody can
count in the histories of public projects with `git log`).

Healthy regular users are taken at a random week of theirs; from the next day each of their active days is
deleted with probability 1 (a stop) or 0.8. Every date is judged by `backtest`, so by its past only. The
rules beside it get, in hindsight, the threshold that costs them as many false alarms as the detector had.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from winback.settings import Detection
from winback.usage.backtest import backtest, every

FOLDS = 5
BASELINE, WINDOW, AFTER = 56, 7, 28
LOOKS = (7, 14, 28)
CHANCES = (1.0, 0.8)


@dataclass(frozen=True)
class Subjects:
    """One data set: who was active on which day (rows by subject), its group, and when its observation ends."""

    name: str
    key: np.ndarray
    group: np.ndarray
    active: np.ndarray
    end: np.ndarray
    origin: date
    first_look: int

    def looks(self) -> np.ndarray:
        return np.arange(self.first_look, self.active.shape[1], WINDOW)


@dataclass(frozen=True)
class Injection:
    """Subjects (rows), the day each was last left alone, and their days afterwards."""

    row: np.ndarray
    start: np.ndarray
    active: np.ndarray


def main() -> int:
    """Print the table, or with --json one flat object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with oulad/ and git_activity/")
    parser.add_argument("--budget", type=float, default=1.0, help="false alarms per 100 healthy user-weeks")
    parser.add_argument("--json", action="store_true", help="one flat JSON object of numbers")
    options = parser.parse_args()
    settings = Detection(budget=options.budget)
    numbers: dict[str, float] = {"budget": options.budget}
    for subjects in (oulad(options.data), commits(options.data)):
        found = measure(subjects, settings)
        numbers |= {f"{subjects.name}_{key}": value for key, value in found.items()}
        if not options.json:
            show(subjects.name, found)
    if options.json:
        print(json.dumps({key: round(value, 4) for key, value in numbers.items()}))
    return 0


def measure(subjects: Subjects, settings: Detection) -> dict[str, float]:
    """All figures of one data set."""
    eligible, alarm = alarms(subjects, subjects.active, settings)
    found: dict[str, float] = {}
    price = {}
    for name, healthy in (("healthy", kept_level), ("returned", came_back)):
        judged = eligible & healthy(subjects)
        found[f"user_weeks_{name}"] = float(judged.sum())
        found[f"false_alarms_per_100_{name}"] = 100 * float(alarm[judged].mean())
        price[name] = (judged, float(alarm[judged].mean()))
    rules = {"ratio": ratio_rule, "z": z_score}
    passing = {name: threshold(rule, subjects, *price["healthy"]) for name, rule in rules.items()}
    for chance in CHANCES:
        word = "stops" if chance == 1 else f"drops_{chance * 100:.0f}"
        caught: dict[str, list[np.ndarray]] = {}
        for fold in range(FOLDS):
            injection = inject(subjects, chance, fold)
            changed = subjects.active.copy()
            changed[injection.row] = injection.active
            _, alarm = alarms(subjects, changed, settings)
            per_rule = {"": alarm[injection.row]}
            for name, rule in rules.items():
                per_rule[f"{name}_"] = jittered(rule(injection.active, subjects.looks())) > passing[name]
            for name, raised in per_rule.items():
                for look in LOOKS:
                    hit = within(subjects, injection.start, raised, look)
                    caught.setdefault(f"{name}{word}_within_{look}", []).append(hit)
            found[f"{word}_injected"] = found.get(f"{word}_injected", 0) + len(injection.row)
        found |= {key: float(np.concatenate(hits).mean()) for key, hits in caught.items()}
    return found


def alarms(subjects: Subjects, active: np.ndarray, settings: Detection) -> tuple[np.ndarray, np.ndarray]:
    """Eligible and alarmed, a row a subject and a column a look, from the product's own backtest."""
    row, day = np.nonzero(active)
    connection = duckdb.connect()
    usage = {"row": row, "day": day}
    connection.register("usage", _table(usage))
    relation = (
        "(SELECT row::VARCHAR AS account, NULL::VARCHAR AS contact, NULL::VARCHAR AS feature, "  # noqa: S608
        f"DATE '{subjects.origin}' + day::INTEGER AS day, 1::BIGINT AS count FROM usage)"
    )
    looks = subjects.looks()
    dates = every(
        subjects.origin + timedelta(days=int(looks[0])), subjects.origin + timedelta(days=int(looks[-1])), WINDOW
    )
    groups = {str(place): str(group) for place, group in enumerate(subjects.group)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scores.parquet"
        backtest(connection, relation, dates, out, settings, groups=groups)
        scores = connection.execute(
            f"SELECT account::BIGINT AS row, (as_of - DATE '{dates[0]}')::BIGINT // {WINDOW} AS look, alarm "  # noqa: S608
            f"FROM read_parquet('{out}') WHERE eligible AND contact IS NULL"
        ).fetchnumpy()
    eligible, alarm = (np.zeros((len(active), len(looks)), bool) for _ in range(2))
    eligible[scores["row"], scores["look"]] = True
    alarm[scores["row"], scores["look"]] = scores["alarm"]
    return eligible, alarm


def inject(subjects: Subjects, chance: float, fold: int) -> Injection:
    """Random healthy regular user-weeks, for a fifth of those subjects, each at most once."""
    random = np.random.default_rng(fold)
    row, look = np.nonzero(healthy_regular(subjects))
    order = random.permutation(len(row))
    rows, first = np.unique(row[order], return_index=True)
    chosen = np.sort(first)[: len(rows) // FOLDS]
    rows, start = row[order][chosen], subjects.looks()[look[order][chosen]]
    active = subjects.active[rows].copy()
    after = np.arange(active.shape[1])[None, :] > start[:, None]
    active &= ~(after & (random.random(active.shape) < chance))
    return Injection(rows, start, active)


def healthy_regular(subjects: Subjects) -> np.ndarray:
    """Active in 6 of 8 baseline weeks and on 10 of its days, seen this week, no lapse or decline near."""
    found = []
    for look in subjects.looks():
        weeks = sum(days(subjects.active, look - 7 * week, 7) > 0 for week in range(1, 9))
        baseline, last, ahead = (
            days(subjects.active, look - WINDOW, BASELINE),
            days(subjects.active, look, AFTER),
            days(subjects.active, look + AFTER, AFTER),
        )
        steady = (last >= baseline / 4) & (ahead >= last / 2) & (ahead >= baseline / 4)
        found.append(
            (weeks >= 6)
            & (baseline >= 10)
            & (days(subjects.active, look, WINDOW) > 0)
            & steady
            & (look + AFTER <= subjects.end)
        )
    return np.stack(found, axis=1)


def kept_level(subjects: Subjects) -> np.ndarray:
    """Came back, to half of the baseline or more, in the 28 days after; their end is observed."""
    found = []
    for look in subjects.looks():
        ahead = days(subjects.active, look + AFTER, AFTER)
        half = days(subjects.active, look - WINDOW, BASELINE) / 4
        found.append((ahead > 0) & (ahead >= half) & (look + AFTER <= subjects.end))
    return np.stack(found, axis=1)


def came_back(subjects: Subjects) -> np.ndarray:
    """Seen at all in the 28 days after."""
    return np.stack(
        [
            (days(subjects.active, look + AFTER, AFTER) > 0) & (look + AFTER <= subjects.end)
            for look in subjects.looks()
        ],
        axis=1,
    )


def within(subjects: Subjects, start: np.ndarray, raised: np.ndarray, span: int) -> np.ndarray:
    """Who was alarmed about in the `span` days after being left alone."""
    looks = subjects.looks()[None, :]
    seen = (looks > start[:, None]) & (looks <= start[:, None] + span)
    hit: np.ndarray = (raised & seen).any(axis=1)
    return hit


def days(active: np.ndarray, last: int, span: int) -> np.ndarray:
    """Active days of the `span` days up to the last."""
    counted: np.ndarray = active[:, max(last - span + 1, 0) : max(last + 1, 0)].sum(axis=1)
    return counted


def ratio_rule(active: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """Mean of 7 days over mean of 28, negated, so that more is worse."""
    return np.stack(
        [-days(active, look, 7) * 4 / np.maximum(days(active, look, 28), 1e-9) for look in looks], axis=1
    )


def z_score(active: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """This week against the mean and deviation of the own eight weeks before."""
    found = []
    for look in looks:
        weeks = np.stack([days(active, look - 7 * week, 7) for week in range(1, 9)], axis=1)
        found.append((weeks.mean(axis=1) - days(active, look, 7)) / np.maximum(weeks.std(axis=1, ddof=1), 0.5))
    return np.stack(found, axis=1)


def threshold(
    rule: Callable[[np.ndarray, np.ndarray], np.ndarray], subjects: Subjects, judged: np.ndarray, rate: float
) -> float:
    """The rule's threshold at the detector's own rate of false alarms."""
    scores = jittered(rule(subjects.active, subjects.looks()))[judged]
    return float(np.quantile(scores, 1 - rate))


def jittered(scores: np.ndarray) -> np.ndarray:
    """Ties in random order: everybody silent for a week has the same 7/28 ratio."""
    return scores + np.random.default_rng(0).uniform(0, 1e-6, scores.shape)


def oulad(folder: Path) -> Subjects:
    """A learner in a course run; the run is the group."""
    return _load(
        "oulad",
        f"SELECT account AS grp, account || '/' || user_id AS key, DATE '2013-01-01' + day AS day "  # noqa: S608
        f"FROM read_parquet('{folder / 'oulad' / 'daily_by_type.parquet'}') GROUP BY ALL",
        first_look=91,
    )


def commits(folder: Path) -> Subjects:
    """A contributor to a project; the project is the group."""
    return _load(
        "commits",
        "SELECT account AS grp, account || '/' || \"user\" AS key, date::DATE AS day "  # noqa: S608
        f"FROM read_parquet('{folder / 'git_activity' / 'daily.parquet'}') WHERE date >= '2014-01-01' "
        "GROUP BY ALL",
        first_look=400,
    )


def _load(name: str, query: str, first_look: int) -> Subjects:
    usage = duckdb.execute(query).fetchnumpy()
    key, row = np.unique(np.asarray(usage["key"], str), return_inverse=True)
    day = np.asarray(usage["day"]).astype("datetime64[D]")
    origin = day.min()
    column = (day - origin).astype(int)
    active = np.zeros((len(key), int(column.max()) + 1), bool)
    active[row, column] = True
    names, number = np.unique(np.asarray(usage["grp"], str), return_inverse=True)
    group, last = np.zeros(len(key), int), np.zeros(len(names), int)
    group[row] = number
    np.maximum.at(last, number, column)
    return Subjects(name, key, names[group], active, last[group], origin.astype(date), first_look)


def _table(columns: dict[str, np.ndarray]) -> object:
    import pyarrow as pa  # noqa: PLC0415

    return pa.table(columns)


def show(name: str, found: dict[str, float]) -> None:
    """The table for people."""
    print(f"\n{name}: {found['user_weeks_healthy']:,.0f} healthy user-weeks, {found['stops_injected']:.0f} stops")
    print(f"  false alarms per 100 healthy user-weeks      {found['false_alarms_per_100_healthy']:.2f}")
    print(f"  the same where any later use counts as well  {found['false_alarms_per_100_returned']:.2f}")
    print(f"  {'share found within':<22}{'7 days':>10}{'14 days':>10}{'28 days':>10}")
    for word in ("stops", "drops_80"):
        for rule, label in (("", "two channels"), ("ratio_", "7/28 ratio"), ("z_", "z-score")):
            shares = "".join(f"{found[f'{rule}{word}_within_{look}']:>10.2f}" for look in LOOKS)
            print(f"  {word:<9}{label:<13}{shares}")


if __name__ == "__main__":
    sys.exit(main())
