"""What the tests of the import share: a moment, a way to import, and a look at what came out."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from winback.settings import Columns
from winback.usage.import_file import ImportReport, import_usage
from winback.usage.warehouse import Warehouse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "account,contact,feature,day,count\n"
Row = tuple[str, str | None, str | None, date, int]
Write = Callable[..., Path]


def take(
    path: Path,
    warehouse: Warehouse,
    *,
    zone: str = "UTC",
    epoch: date | None = None,
    at: datetime = NOW,
    **columns: str,
) -> ImportReport:
    return import_usage(
        path, warehouse, Columns(**columns), zone, epoch=epoch, at=at, progress=lambda _done, _total: None
    )


def usage(warehouse: Warehouse) -> list[Row]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM {warehouse.view(connection)} ORDER BY ALL").fetchall()  # noqa: S608


def aside(report: ImportReport) -> list[dict[str, str]]:
    assert report.side_file is not None
    with report.side_file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def parquet(path: Path, query: str) -> Path:
    duckdb.connect().execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path
