"""Scans of the past, as a file."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from winback.settings import Detection
from winback.usage.backtest import SCHEMA, backtest, every
from winback.usage.detect.detector import detect

SETTINGS = Detection()


def written(run: Callable[..., Any], dates: list[date], out: Path) -> list[dict[str, Any]]:
    run(backtest, dates, out, SETTINGS)
    rows: list[dict[str, Any]] = pq.read_table(out).to_pylist()
    return rows


@pytest.fixture
def busy(product: Any, weekdays: Callable[[int, int], list[int]]) -> Any:
    """Stops at several times, and teams, one of which loses its champion."""
    for number, stop in enumerate((9, 17, 30, 45)):
        product.add(f"quiet-{number}", weekdays(stop, 200))
    for number in range(30):
        product.add(f"team-{number}", weekdays(0, 200)[number % 2 :: 2], contact="bob")
        product.add(f"team-{number}", weekdays(12 if number == 0 else 0, 200))
    return product


@pytest.mark.usefixtures("busy")
def test_says_on_every_date_what_a_scan_of_that_date_says(
    run: Callable[..., Any], last: date, tmp_path: Path
) -> None:
    """Alarms, onsets and reasons of the accounts are exactly those of a scan of the same date."""
    dates = every(last - timedelta(days=28), last, 14)
    rows = written(run, dates, tmp_path / "scores.parquet")
    for day in dates:
        said = {
            (row["account"], row["onset"], row["reason"], row["channel"], row["seen_days"])
            for row in rows
            if row["as_of"] == day and row["alarm"] and row["contact"] is None
        }
        scan = run(detect, day, SETTINGS)
        assert said == {
            (one.account, one.onset, one.reason, one.channel.value, one.seen_days) for one in scan.drops
        }
        assert sum(row["eligible"] and not row["contact"] for row in rows if row["as_of"] == day) == scan.eligible
    assert any(row["alarm"] for row in rows)


def test_what_comes_after_a_date_changes_none_of_its_rows(
    busy: Any, run: Callable[..., Any], last: date, tmp_path: Path
) -> None:
    """The rows of earlier dates are the same whether the days after them hold more, less or other usage."""
    middle = last - timedelta(days=21)
    dates = every(last - timedelta(days=42), last, 7)
    before = [row for row in written(run, dates, tmp_path / "a.parquet") if row["as_of"] <= middle]
    busy.rows = [row for row in busy.rows if row[3] >= 21 or row[0] > "acc-080"]
    busy.add("quiet-3", range(21), contact="newcomer")
    busy.add("brand new", range(15))
    after = [row for row in written(run, dates, tmp_path / "b.parquet") if row["as_of"] <= middle]
    assert after == before
    assert len({row["as_of"] for row in before}) == 4


@pytest.mark.usefixtures("busy")
def test_has_a_row_per_subject_and_date_with_the_promised_columns(
    run: Callable[..., Any], last: date, tmp_path: Path
) -> None:
    """Accounts have no contact; contacts appear only where there are several; the not eligible have no scores."""
    rows = written(run, [last], tmp_path / "scores.parquet")
    assert list(rows[0]) == SCHEMA.names
    keys = [(row["account"], row["contact"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert {account for account, contact in keys if contact} == {f"team-{number}" for number in range(30)}
    assert ("team-0", "ann") in {(row["account"], row["contact"]) for row in rows if row["alarm"]}
    for row in rows:
        assert (row["fast"] is not None) == row["eligible"]
        assert (row["reason"] is not None) == row["alarm"]


@pytest.mark.usefixtures("busy")
def test_a_held_date_has_no_alarms(run: Callable[..., Any], last: date, tmp_path: Path) -> None:
    """Where a scan holds its alarms, the backtest's rows have none, and the report counts the date."""
    out = tmp_path / "scores.parquet"
    report = run(backtest, [last, last + timedelta(days=10)], out, SETTINGS)
    assert (report.dates, report.held) == (2, 1)
    late = [row for row in pq.read_table(out).to_pylist() if row["as_of"] > last]
    assert late
    assert not any(row["alarm"] for row in late)
