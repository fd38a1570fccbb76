"""Taking people out of the usage that is kept, so that their account's usage stays what it was.

What a person did counts for their account as a whole from then on. Imports lie over each other, so each
import gets what the account as a whole had come to by then: its own count and that of everybody who is
forgotten, newest first. New files are made beside the old ones and put in their place all together or,
after a crash, the next time: an import of which half knew a person would count them twice.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from winback.usage.atomic import move_into_place, write_whole, writing
from winback.usage.engine import copy_to, file_literal
from winback.usage.partition import Partition, overlap_groups
from winback.usage.warehouse import Warehouse

READY = "rewrite.ready"
FETCH = 10_000
Person = tuple[str, str]
"""Account and contact, by their keys."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """Who is forgotten, and accounts that get another key."""

    people: frozenset[Person]
    accounts: Mapping[str, str]


def usage_of(warehouse: Warehouse, people: Iterable[Person]) -> int:
    """Rows that name these people, in all imports."""
    with warehouse.connect() as connection:
        _tables(connection, Change(frozenset(people), {}))
        return sum(_rows_of(connection, warehouse, one) for one in warehouse.partitions())


def keys_like(warehouse: Warehouse, words: Iterable[str]) -> set[Person]:
    """Accounts and contacts of usage whose contact is one of these; addresses in any case."""
    wanted = {one.lower() if "@" in one else one for one in words}
    found: set[Person] = set()
    with warehouse.connect() as connection:
        for partition in warehouse.partitions():
            rows = connection.execute(
                f"SELECT DISTINCT account, contact FROM {_scan(warehouse, partition)}"  # noqa: S608
                " WHERE CASE WHEN contains(contact, '@') THEN lower(contact) ELSE contact END IN"
                " (SELECT unnest(?::VARCHAR[]))",
                [sorted(wanted)],
            ).fetchall()
            found |= {(account, contact) for account, contact in rows}
    return found


def usage_rows(warehouse: Warehouse, people: Iterable[Person]) -> Iterator[dict[str, Any]]:
    """Every row that names these people, as each import said it, oldest import first."""
    with warehouse.connect() as connection:
        _tables(connection, Change(frozenset(people), {}))
        for one in warehouse.partitions():
            cursor = connection.execute(
                "SELECT account, contact, feature, day, count"  # noqa: S608
                f" FROM {_scan(warehouse, one)} SEMI JOIN person USING (account, contact) ORDER BY ALL"
            )
            while rows := cursor.fetchmany(FETCH):
                for account, contact, feature, day, count in rows:
                    yield {
                        "import": one.source,
                        "account": account,
                        "contact": contact,
                        "feature": feature,
                        "day": day.isoformat(),
                        "count": count,
                    }


def shared_accounts(warehouse: Warehouse, people: Iterable[Person]) -> set[str]:
    """Accounts of these people whose usage names somebody else too."""
    found: set[str] = set()
    with warehouse.connect() as connection:
        _tables(connection, Change(frozenset(people), {}))
        for one in warehouse.partitions():
            rows = connection.execute(
                f"SELECT DISTINCT account FROM {_scan(warehouse, one)} ANTI JOIN person USING (account, contact)"  # noqa: S608
                " WHERE contact IS NOT NULL AND account IN (SELECT account FROM person)"
            ).fetchall()
            found |= {account for (account,) in rows}
    return found


def forget(warehouse: Warehouse, change: Change, progress: Progress = lambda _done, _of: None) -> int:
    """Take people out of all usage and give accounts their new keys; returns how many rows named them.

    Finishes first what an earlier call, killed in between, had made ready. The caller holds the
    warehouse's lock.

    Raises:
        SetupError: the usage folder cannot be written to, or is damaged.
    """
    finish(warehouse)
    groups = overlap_groups(warehouse.partitions())
    total, done, rows = sum(map(len, groups)), 0, 0
    with writing(warehouse.folder):
        staging = Path(tempfile.mkdtemp(prefix="incoming-", dir=warehouse.folder))
        try:
            with warehouse.connect() as connection:
                _tables(connection, change)
                for group in groups:
                    rows += _rewrite_group(connection, warehouse, group, change, staging)
                    done += len(group)
                    progress(done, total)
            if any(staging.iterdir()):
                move_into_place(staging, warehouse.folder / READY)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    finish(warehouse)
    return rows


def finish(warehouse: Warehouse) -> None:
    """Put files in place that are ready; an import that was deleted meanwhile stays deleted."""
    ready = warehouse.folder / READY
    if not ready.is_dir():
        return
    with writing(warehouse.folder):
        for new in sorted(ready.iterdir(), key=lambda path: path.suffix != ".parquet"):
            final = warehouse.partition_folder / new.name
            if final.exists():
                move_into_place(new, final)
        shutil.rmtree(ready)


def _tables(connection: duckdb.DuckDBPyConnection, change: Change) -> None:
    connection.execute("CREATE TEMP TABLE person (account VARCHAR, contact VARCHAR)")
    connection.execute("CREATE TEMP TABLE renamed (account VARCHAR, key VARCHAR)")
    connection.execute(
        "CREATE TEMP TABLE whole (import INTEGER, account VARCHAR, feature VARCHAR, day DATE, count BIGINT)"
    )
    for one in sorted(change.people):
        connection.execute("INSERT INTO person VALUES (?, ?)", list(one))
    for key, new in sorted(change.accounts.items()):
        connection.execute("INSERT INTO renamed VALUES (?, ?)", [key, new])


def _rewrite_group(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    group: Sequence[Partition],
    change: Change,
    staging: Path,
) -> int:
    named = [_rows_of(connection, warehouse, one) for one in group]
    connection.execute("DELETE FROM whole")
    if any(named):
        _count_as_whole(connection, warehouse, group)
    touched = {place for (place,) in connection.execute("SELECT DISTINCT import FROM whole").fetchall()}
    for place, partition in enumerate(group):
        if place in touched or _is_of_renamed(connection, warehouse, partition, change):
            _write(connection, warehouse, partition, place, staging)
    return sum(named)


def _rows_of(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, partition: Partition) -> int:
    query = f"SELECT count(*) FROM {_scan(warehouse, partition)} SEMI JOIN person USING (account, contact)"  # noqa: S608
    return int(_one(connection, query)[0])


def _is_of_renamed(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, partition: Partition, change: Change
) -> bool:
    query = f"SELECT count(*) FROM {_scan(warehouse, partition)} SEMI JOIN renamed USING (account)"  # noqa: S608
    return bool(change.accounts) and bool(_one(connection, query)[0])


def _count_as_whole(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, group: Sequence[Partition]
) -> None:
    """What each import of the group will say of an account as a whole, where it spoke of the forgotten."""
    sources = " UNION ALL ".join(
        f"SELECT {place} AS import, * FROM {_scan(warehouse, one)}"  # noqa: S608
        for place, one in enumerate(group)
    )
    theirs = f"SELECT u.* FROM ({sources}) u SEMI JOIN person USING (account, contact)"  # noqa: S608
    connection.execute(f"CREATE OR REPLACE TEMP TABLE theirs AS {theirs}")
    rows = connection.execute(
        "SELECT import, account, feature, day, contact, count FROM theirs UNION ALL"  # noqa: S608
        f" SELECT u.import, u.account, u.feature, u.day, NULL, u.count FROM ({sources}) u"
        " WHERE u.contact IS NULL AND EXISTS (SELECT 1 FROM theirs t WHERE t.account = u.account"
        " AND t.feature IS NOT DISTINCT FROM u.feature AND t.day = u.day) ORDER BY import"
    ).fetchall()
    whole = _running(rows)
    if whole:
        connection.executemany("INSERT INTO whole VALUES (?, ?, ?, ?, ?)", whole)


def _running(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows of (import, account, feature, day, who, count), oldest import first, as sums of the newest counts."""
    newest: dict[tuple[str, str | None, date], dict[str | None, int]] = {}
    sums: dict[tuple[int, tuple[str, str | None, date]], int] = {}
    for place, account, feature, day, who, count in rows:
        key = (account, feature, day)
        newest.setdefault(key, {})[who] = count
        sums[place, key] = sum(newest[key].values())
    return [[place, *key, count] for (place, key), count in sums.items()]


def _write(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, partition: Partition, place: int, staging: Path
) -> None:
    key = "coalesce(r.key, u.account) AS account"
    others = (
        f"SELECT u.* FROM {_scan(warehouse, partition)} u ANTI JOIN person USING (account, contact)"  # noqa: S608
        " WHERE NOT (u.contact IS NULL AND EXISTS (SELECT 1 FROM whole w"
        f" WHERE w.import = {place} AND w.account = u.account"
        " AND w.feature IS NOT DISTINCT FROM u.feature AND w.day = u.day))"
    )
    together = (
        f"SELECT account, contact, feature, day, count FROM ({others}) UNION ALL"  # noqa: S608
        f" SELECT account, NULL, feature, day, count FROM whole WHERE import = {place}"
    )
    query = f"SELECT {key}, contact, feature, day, count FROM ({together}) u LEFT JOIN renamed r USING (account)"  # noqa: S608
    file = partition.file(staging)
    copy_to(connection, query, file, lambda _part: None)
    rows, zeros = _one(
        connection,
        f"SELECT count(*), count(*) FILTER (count = 0) FROM read_parquet({file_literal(file)})",  # noqa: S608
    )
    manifest = partition.model_copy(update={"rows": rows, "zeros": zeros})
    write_whole(manifest.manifest(staging), manifest.model_dump_json(indent=1).encode())


def _scan(warehouse: Warehouse, partition: Partition) -> str:
    return f"read_parquet({file_literal(partition.file(warehouse.partition_folder))})"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(query).fetchall()[0]
    return row
