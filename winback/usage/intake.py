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
from winback.usage.erased import Erased
from winback.usage.problems import PROBLEMS
from winback.usage.warehouse import KEY

FETCH = 10_000
JOINED = (
    "LEFT JOIN gone_account a ON a.account = u.account"
    " LEFT JOIN gone_contact g ON g.account = u.account AND g.contact = u.contact"
)
GONE = "g.contact IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished Parquet file with one row per key, and its figures. `good` rows went into `rows` keys.

    `nameless` of the good rows lost their contact, who was erased; `left_out` were of erased accounts.
    """

    file: Path
    good: int
    rows: int
    zeros: int
    accounts: int
    days: int
    first_day: date
    last_day: date
    nameless: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """Good rows in a Parquet file, without the names of erased people."""

    file: Path
    nameless: int = 0
    left_out: int = 0


def keep_good(
    connection: duckdb.DuckDBPyConnection,
    checks: Checks,
    scratch: Path,
    share: Callable[[float], None],
    erased: Erased,
) -> Kept | None:
    """Write the good rows to a Parquet file in `scratch`; None if there are none.

    `share` is called with how much of the work is done, 0 to 1. Rows of people who are in `erased`
    count for their account as a whole; those of erased accounts are left out.
    """
    read, summed = scratch / "good.parquet", scratch / "summed.parquet"
    copy_to(connection, checks.good, read, lambda part: share(0.8 * part))
    named = _without_erased(connection, read, scratch / "named.parquet", erased) if erased else Named(read)
    good = named.file
    # Equal hashes of different keys would only cost a needless sum.
    rows, keys = _row(connection, f"SELECT count(*), count(DISTINCT hash({KEY})) FROM {_parquet(good)}")  # noqa: S608
    if not rows:
        return None
    if keys == rows:
        share(1.0)
        return _kept(connection, named, good, rows)
    total = f"SELECT {KEY}, CAST(sum(count) AS BIGINT) AS count FROM {_parquet(good)} GROUP BY {KEY}"  # noqa: S608
    copy_to(connection, total, summed, lambda part: share(0.8 + 0.2 * part))
    share(1.0)
    return _kept(connection, named, summed, rows)


def _without_erased(connection: duckdb.DuckDBPyConnection, read: Path, file: Path, erased: Erased) -> Named:
    """Ask for each account and contact of the file, once, and write the rows again if any is erased."""
    connection.execute("CREATE TEMP TABLE gone_account (account VARCHAR)")
    connection.execute("CREATE TEMP TABLE gone_contact (account VARCHAR, contact VARCHAR)")
    cursor = connection.cursor()
    cursor.execute(f"SELECT DISTINCT account, contact FROM {_parquet(read)}")  # noqa: S608
    accounts: set[str] = set()
    while pairs := cursor.fetchmany(FETCH):
        accounts |= {account for account, _ in pairs if erased.account(account)}
        gone = [list(pair) for pair in pairs if pair[1] is not None and erased.contact(*pair)]
        if gone:
            connection.executemany("INSERT INTO gone_contact VALUES (?, ?)", gone)
    if accounts:
        connection.executemany("INSERT INTO gone_account VALUES (?)", [[one] for one in sorted(accounts)])
    left_out, nameless = _row(
        connection,
        f"SELECT count(*) FILTER (a.account IS NOT NULL), count(*) FILTER (a.account IS NULL AND {GONE})"  # noqa: S608
        f" FROM {_parquet(read)} u {JOINED}",
    )
    if not left_out + nameless:
        return Named(read)
    kept = (
        f"SELECT u.account, CASE WHEN {GONE} THEN NULL ELSE u.contact END AS contact, u.feature, u.day, u.count"  # noqa: S608
        f" FROM {_parquet(read)} u {JOINED} WHERE a.account IS NULL"
    )
    copy_to(connection, kept, file, lambda _part: None)
    read.unlink()
    return Named(file, nameless, left_out)


def bad_rows(connection: duckdb.DuckDBPyConnection, checks: Checks) -> Iterator[BadRow]:
    """Every refused row, in the order of the file."""
    cursor = connection.execute(checks.bad)
    while rows := cursor.fetchmany(FETCH):
        for line, code, *values in rows:
            column, reason = PROBLEMS[code]
            yield BadRow(line, column, reason, values)


def _kept(connection: duckdb.DuckDBPyConnection, named: Named, file: Path, good: int) -> Kept:
    figures = _row(
        connection,
        "SELECT count(*), count(*) FILTER (count = 0), count(DISTINCT account), count(DISTINCT day),"  # noqa: S608
        f" min(day), max(day) FROM {_parquet(file)}",
    )
    rows, zeros, accounts, days, first, last = figures
    return Kept(file, good, rows, zeros, accounts, days, first, last, named.nameless, named.left_out)


def _parquet(file: Path) -> str:
    return f"read_parquet({file_literal(file)})"


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return row
