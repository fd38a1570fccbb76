"""The heavy part of an import: copy the good rows, sum what stands twice, put the bad rows aside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from winback.usage.bad_rows import BadRow
from winback.usage.checks import Checks
from winback.usage.engine import copy_to, file_literal
from winback.usage.problems import PROBLEMS
from winback.usage.warehouse import KEY

FETCH = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished Parquet file with one row per key, and its figures. `good` rows went into `rows` keys."""

    file: Path
    good: int
    rows: int
    zeros: int
    accounts: int
    days: int
    first_day: date
    last_day: date


def keep_good(
    connection: duckdb.DuckDBPyConnection, checks: Checks, scratch: Path, share: Callable[[float], None]
) -> Kept | None:
    """Write the good rows to a Parquet file in `scratch`; None if there are none.

    `share` is called with how much of the work is done, 0 to 1.
    """
    good, summed = scratch / "good.parquet", scratch / "summed.parquet"
    copy_to(connection, checks.good, good, lambda part: share(0.8 * part))
    # Equal hashes of different keys would only cost a needless sum.
    rows, keys = _row(connection, f"SELECT count(*), count(DISTINCT hash({KEY})) FROM {_parquet(good)}")  # noqa: S608
    if not rows:
        return None
    if keys == rows:
        share(1.0)
        return _kept(connection, good, rows)
    total = f"SELECT {KEY}, CAST(sum(count) AS BIGINT) AS count FROM {_parquet(good)} GROUP BY {KEY}"  # noqa: S608
    copy_to(connection, total, summed, lambda part: share(0.8 + 0.2 * part))
    share(1.0)
    return _kept(connection, summed, rows)


def bad_rows(connection: duckdb.DuckDBPyConnection, checks: Checks) -> Iterator[BadRow]:
    """Every refused row, in the order of the file."""
    cursor = connection.execute(checks.bad)
    while rows := cursor.fetchmany(FETCH):
        for line, code, *values in rows:
            column, reason = PROBLEMS[code]
            yield BadRow(line, column, reason, values)


def _kept(connection: duckdb.DuckDBPyConnection, file: Path, good: int) -> Kept:
    figures = _row(
        connection,
        "SELECT count(*), count(*) FILTER (count = 0), count(DISTINCT account), count(DISTINCT day),"  # noqa: S608
        f" min(day), max(day) FROM {_parquet(file)}",
    )
    rows, zeros, accounts, days, first, last = figures
    return Kept(file, good, rows, zeros, accounts, days, first, last)


def _parquet(file: Path) -> str:
    return f"read_parquet({file_literal(file)})"


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return row
