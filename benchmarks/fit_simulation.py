"""Fit the sample company's numbers to real learners and print what stands in winback/simulation/fitted.py.

    python benchmarks/fit_simulation.py --data FOLDER [--json]

FOLDER holds `daily_by_type.parquet`: account (course run), user_id, day (relative to the start of the
course), activity_type, clicks; and `enrolments.parquet`: account, user_id, unreg_day. Both are made
from the Open University Learning Analytics Dataset (Kuzilek, Hlosta, Zdrahal, Sci. Data 4:170171,
2017; CC BY 4.0), runs AAA 2013J and BBB 2013B, which anyone can get at
https://analyse.kmi.open.ac.uk/open_dataset: `clicks` is the sum of sum_click of studentVle.csv over
the sites of one activity_type (vle.csv); `unreg_day` is date_unregistration of studentRegistration.csv.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from winback.simulation.habits import Habits, counts, draw
from winback.simulation.statistics import Cube, Statistics, measure

START = Habits(
    share_mean=0.3, share_sd=0.19, weekday=(1.0,) * 7,
    slow=0.1, slow_days=40.0, mood=0.15, mood_days=2.0, weekday_habit=0.05, fading=0.05, fading_days=80.0,
    log_count_mean=2.1, log_count_between=0.45, log_count_within=1.05,
    feature_share=(0.9, 0.6, 0.4, 0.3, 0.2, 0.1),
)  # fmt: skip
ROUNDS = 25


def main() -> None:
    """Read, fit, print."""
    parser = argparse.ArgumentParser(description="Fit the sample company to OULAD.")
    parser.add_argument("--data", type=Path, required=True, help="folder of daily_by_type.parquet")
    parser.add_argument("--json", action="store_true", help="one flat JSON object of numbers")
    arguments = parser.parse_args()
    for name in ("daily_by_type.parquet", "enrolments.parquet"):
        if not (arguments.data / name).is_file():
            parser.error(f"{arguments.data} holds no {name}; the head of this program says where to get it")
    cubes = read_cubes(arguments.data)
    observed = pooled([measure(cube) for cube in cubes.values()])
    habits = fit(observed, days=max(cube.shape[1] for cube in cubes.values()))
    again = measure_drawn(habits, people=4000, days=240, seed=99)
    if arguments.json:
        print(json.dumps({**flat("observed", observed), **flat("habits", habits), **flat("drawn", again)}))
        return
    for name, cube in cubes.items():
        print(f"{name}: {len(cube)} learners, withdrew {withdrawn(arguments.data, name):.1%}")
    show("OBSERVED", observed)
    show("HABITS", habits)
    show("drawn again from HABITS, 4000 people", again)


def read_cubes(folder: Path) -> dict[str, Cube]:
    """One cube for each course run, from its first day on."""
    rows = duckdb.execute(
        """
        SELECT account, user_id, day, activity_type, sum(clicks)::INTEGER AS clicks
        FROM read_parquet($path) WHERE day >= 0 GROUP BY ALL ORDER BY ALL
        """,
        {"path": str(folder / "daily_by_type.parquet")},
    ).fetchnumpy()
    runs = np.asarray(rows["account"].astype(str))
    return {
        str(run): _cube({name: column[runs == run] for name, column in rows.items()}) for run in np.unique(runs)
    }


def _cube(rows: dict[str, Any]) -> Cube:
    _, person = np.unique(np.asarray(rows["user_id"]), return_inverse=True)
    _, feature = np.unique(np.asarray(rows["activity_type"].astype(str)), return_inverse=True)
    day = np.asarray(rows["day"]).astype(int)
    cube = np.zeros((person.max() + 1, day.max() + 1, feature.max() + 1), dtype=np.int32)
    cube[person, day, feature] = np.asarray(rows["clicks"])
    return cube


def withdrawn(folder: Path, run: str) -> float:
    """Share of a run's learners who withdrew after its first day, of all who were enrolled on it."""
    row = duckdb.execute(
        """
        SELECT count_if(unreg_day >= 0) / count(*) FROM read_parquet($path)
        WHERE account = $run AND coalesce(unreg_day, 0) >= 0
        """,
        {"path": str(folder / "enrolments.parquet"), "run": run},
    ).fetchone()
    if row is None:
        raise SystemExit(f"enrolments.parquet has no course run {run}")
    return float(row[0])


def pooled(parts: list[Statistics]) -> Statistics:
    """The mean of the runs, each as heavy as its people."""
    weights = np.array([part.people for part in parts])
    values: dict[str, Any] = {"people": int(weights.sum())}
    for name in list(asdict(parts[0]))[1:]:
        mean = np.average([getattr(part, name) for part in parts], axis=0, weights=weights)
        values[name] = tuple(map(float, mean)) if np.ndim(mean) else float(mean)
    return Statistics(**values)


def measure_drawn(habits: Habits, *, people: int, days: int, seed: int) -> Statistics:
    """Measure people drawn from `habits`; the first day is a Monday."""
    draws = draw(np.random.default_rng(seed), habits, people, 0, days)
    chance = np.broadcast_to(np.array(habits.feature_share, dtype=np.float32), (people, len(habits.feature_share)))
    return measure(counts(draws, draws.active(), chance), first_weekday=0)


def fit(observed: Statistics, days: int) -> Habits:
    """Fixed-point iteration: draw, measure, move each number by what it was off."""
    habits = replace(START, weekday=observed.weekday)
    for round_ in range(ROUNDS):
        habits = _moved(habits, observed, measure_drawn(habits, people=3000, days=days, seed=round_))
    return habits


def _moved(habits: Habits, goal: Statistics, now: Statistics) -> Habits:
    lag1, lag3, lag7, lag28 = (g - n for g, n in zip(goal.persistence, now.persistence, strict=True))
    short_gap = lag1 - (lag3 + lag28) / 2
    return replace(
        habits,
        share_mean=habits.share_mean + 0.7 * (goal.share_mean - now.share_mean),
        share_sd=habits.share_sd + 0.7 * (goal.share_sd - now.share_sd),
        weekday=tuple(
            h + 0.7 * (g - n) for h, g, n in zip(habits.weekday, goal.weekday, now.weekday, strict=True)
        ),
        slow=_between(habits.slow + 0.8 * lag28, 0.0, 0.4),
        mood=_between(habits.mood + 0.8 * short_gap, 0.0, 0.4),
        mood_days=_between(habits.mood_days * np.exp(4 * (lag3 - (lag1 + lag28) / 2)), 0.7, 6.0),
        weekday_habit=_between(habits.weekday_habit + 0.8 * (lag7 - (lag3 + lag28) / 2), 0.0, 0.3),
        fading=_between(habits.fading + 0.7 * (goal.halved - now.halved), 0.0, 0.5),
        fading_days=_between(habits.fading_days + 0.5 * (goal.halved_days - now.halved_days), 20.0, 200.0),
        log_count_mean=habits.log_count_mean + 0.7 * (goal.log_count_mean - now.log_count_mean),
        log_count_between=habits.log_count_between + 0.7 * (goal.log_count_between - now.log_count_between),
        log_count_within=habits.log_count_within + 0.7 * (goal.log_count_within - now.log_count_within),
        feature_share=tuple(
            _between(h + 0.7 * (g - n), 0.01, 0.99)
            for h, g, n in zip(habits.feature_share, goal.feature_share, now.feature_share, strict=True)
        ),
    )


def _between(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def flat(prefix: str, values: Statistics | Habits) -> dict[str, float]:
    """Every number under a name of its own; the places of a tuple are counted from 0."""
    out: dict[str, float] = {}
    for name, value in asdict(values).items():
        parts = value if isinstance(value, tuple | list) else (value,)
        for place, part in enumerate(parts):
            out[f"{prefix}_{name}" + (f"_{place}" if len(parts) > 1 else "")] = float(part)
    return out


def show(title: str, values: Statistics | Habits) -> None:
    """Print as it stands in fitted.py."""
    print(f"\n{title}")
    for name, value in asdict(values).items():
        many = isinstance(value, tuple | list)
        text = "(" + ", ".join(f"{part:.4g}" for part in value) + ")" if many else f"{value:.4g}"
        print(f"    {name}={text},")


if __name__ == "__main__":
    main()
