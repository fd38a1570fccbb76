"""Columns of every type, and what makes a day of a moment."""

from datetime import date
from pathlib import Path

import pytest

from tests.unit.usage.importing import HEADER, Write, aside, parquet, take, usage
from winback.errors import InputError
from winback.usage.warehouse import Warehouse


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-02-01T23:30:00Z", date(2026, 2, 2)),
        ("2026-02-01 23:30:00+00:00", date(2026, 2, 2)),
        ("2026-02-01T23:30:00.123+05:30", date(2026, 2, 1)),
        ("2026-02-01T20:00:00-0800", date(2026, 2, 2)),
        ("2026-02-01 23:30:00", date(2026, 2, 1)),
        ("2026-02-01T23:30", date(2026, 2, 1)),
        ("2026-02-01", date(2026, 2, 1)),
    ],
)
def test_day_of_a_timestamp(moment: str, day: date, warehouse: Warehouse, write: Write) -> None:
    """A timestamp with an offset falls on its day in the configured zone; one without, on its own."""
    take(write(f"{HEADER}a,p,f,{moment},1\n"), warehouse, zone="Asia/Kolkata")
    assert usage(warehouse)[0][3] == day


def test_typed_timestamps(tmp_path: Path, warehouse: Warehouse) -> None:
    """A Parquet timestamp that is a moment falls on its day in the zone; a wall-clock one on its own."""
    query = "SELECT 'a' account, TIMESTAMPTZ '2026-02-01 23:30:00+00' AS day, TIMESTAMP '2026-02-01 23:30' AS wall"
    path = parquet(tmp_path / "t.parquet", query)
    take(path, warehouse, zone="Asia/Kolkata")
    take(path, warehouse, zone="Asia/Kolkata", day="wall")
    assert [row[3] for row in usage(warehouse)] == [date(2026, 2, 1), date(2026, 2, 2)]


@pytest.mark.parametrize("kind", ["INTEGER", "DOUBLE", "VARCHAR", "DECIMAL(12,2)"])
def test_days_counted_from_day_zero(kind: str, tmp_path: Path, warehouse: Warehouse) -> None:
    """With a day zero, whole numbers of any type are days from it, before it too; others are refused."""
    values = "('a', -5), ('b', 0), ('c', 1000000000)"
    query = f"SELECT account, day::{kind} AS day FROM (VALUES {values}) t(account, day)"  # noqa: S608
    report = take(parquet(tmp_path / "t.parquet", query), warehouse, epoch=date(2026, 2, 1))
    assert [(row[0], row[3]) for row in usage(warehouse)] == [("a", date(2026, 1, 27)), ("b", date(2026, 2, 1))]
    assert report.bad == 1


def test_numbers_without_day_zero(tmp_path: Path, warehouse: Warehouse) -> None:
    """Whole-number days need --day-zero, and dates must not have one; both are answered in one line."""
    numbers = parquet(tmp_path / "n.parquet", "SELECT 'a' account, 5 AS day")
    dates = parquet(tmp_path / "d.parquet", "SELECT 'a' account, DATE '2026-02-01' AS day")
    with pytest.raises(InputError, match="--day-zero"):
        take(numbers, warehouse)
    with pytest.raises(InputError, match="leave --day-zero out"):
        take(dates, warehouse, epoch=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("sql", "key"),
    [("7::INTEGER", "7"), ("7.0::DOUBLE", "7"), ("7.5::DOUBLE", "7.5"), ("7::HUGEINT", "7"), ("'é'", "é")],
)
def test_keys_of_any_type(sql: str, key: str, tmp_path: Path, warehouse: Warehouse) -> None:
    """Keys may be numbers; an id that a tool made into a fraction is the id again."""
    take(parquet(tmp_path / "k.parquet", f"SELECT {sql} AS account, DATE '2026-02-01' AS day"), warehouse)
    assert usage(warehouse) == [(key, None, None, date(2026, 2, 1), 1)]


@pytest.mark.parametrize("sql", ["[1, 2]", "{'a': 1}", "'a'::BLOB", "MAP {'a': 1}"])
def test_nested_keys_are_refused(sql: str, tmp_path: Path, warehouse: Warehouse) -> None:
    """A column of lists, structures or bytes is no key."""
    path = parquet(tmp_path / "k.parquet", f"SELECT {sql} AS account, DATE '2026-02-01' AS day")
    if "BLOB" in sql:  # bytes without a declared type are what older programs write for text
        take(path, warehouse)
        assert usage(warehouse)[0][0] == "a"
        return
    with pytest.raises(InputError, match="not text or numbers"):
        take(path, warehouse)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("'nan'::DOUBLE", "count: is missing"),
        ("'inf'::DOUBLE", "count: is over 1,000,000,000"),
        ("1.5::DOUBLE", "count: is not a whole number"),
        ("-1::INTEGER", "count: is negative"),
        ("18446744073709551615::UBIGINT", "count: is over 1,000,000,000"),
        ("NULL::INTEGER", "count: is missing"),
    ],
)
def test_bad_typed_counts(sql: str, reason: str, tmp_path: Path, warehouse: Warehouse) -> None:
    """A typed count is held to the same rules as text, and the row number is the Parquet row."""
    good = f"SELECT 'a' AS account, DATE '2026-02-01' AS day, 1::{sql.split('::')[1]} AS count"
    query = f"{good} UNION ALL SELECT 'b', DATE '2026-02-01', {sql}"
    report = take(parquet(tmp_path / "c.parquet", query), warehouse)
    assert report.reasons == {reason: 1}
    assert aside(report)[0]["line"] == "2"


def test_real_rows_count_once(tmp_path: Path, warehouse: Warehouse) -> None:
    """Without a count column every row counts once, and the report says which columns are absent."""
    query = "SELECT 'a' account, DATE '2026-02-01' AS day FROM range(3)"
    report = take(parquet(tmp_path / "e.parquet", query), warehouse)
    assert usage(warehouse)[0][-1] == 3
    assert report.absent == ("contact", "feature", "count")
