"""Daily usage as a folder of Parquet files; no database file, and nobody holds a lock.

What a partition says of a key (account, contact, feature, day) replaces what earlier imports said
of it; rows of one file with the same key were summed when it came in. A key that a later file does
not mention keeps its count; a later count of 0 takes it back.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb

from winback.usage.atomic import move_into_place, write_whole, writing
from winback.usage.engine import connect, file_literal
from winback.usage.partition import Partition, import_order, overlap_groups, read_manifest

COLUMNS: Mapping[str, str] = {
    "account": "VARCHAR",
    "contact": "VARCHAR",
    "feature": "VARCHAR",
    "day": "DATE",
    "count": "BIGINT",
}
KEY = "account, contact, feature, day"
STALE_SECONDS = 86_400


class Warehouse:
    """The usage folder: `partitions/` (data), `bad/` (refused rows) and unfinished `incoming-*`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def partition_folder(self) -> Path:
        return self.folder / "partitions"

    @property
    def bad_folder(self) -> Path:
        return self.folder / "bad"

    def partitions(self) -> list[Partition]:
        """All imports, oldest first.

        Raises:
            SetupError: a manifest or its data is damaged or gone.
        """
        manifests = self.partition_folder.glob("[0-9a-f]*.json")
        return sorted((read_manifest(path) for path in manifests), key=import_order)

    def find(self, digest: str) -> Partition | None:
        path = self.partition_folder / f"{digest}.json"
        return read_manifest(path) if path.exists() else None

    def is_empty(self) -> bool:
        return not self.partitions()

    def last_day(self) -> date | None:
        """The latest day that any import speaks of, also if only to say that nothing happened."""
        return max((partition.last_day for partition in self.partitions()), default=None)

    def view(self, connection: duckdb.DuckDBPyConnection) -> str:
        """SQL of all usage, one row per key, counts above 0, columns as in `COLUMNS`.

        The text is a parenthesised query to stand after FROM. It reads a temporary view,
        `daily_usage`, that this call makes on `connection` and that sees the imports of now.
        Only imports whose days meet are de-duplicated; the others are a plain scan.
        """
        groups = overlap_groups(self.partitions())
        sources = [self._group_sql(group) for group in groups] or [_NOTHING]
        connection.execute(f"CREATE OR REPLACE TEMP VIEW daily_usage AS {' UNION ALL '.join(sources)}")
        return f"(SELECT {', '.join(COLUMNS)} FROM daily_usage)"  # noqa: S608

    def _group_sql(self, group: list[Partition]) -> str:
        files = [file_literal(partition.file(self.partition_folder)) for partition in group]
        if len(files) == 1:
            return f"SELECT {KEY}, count FROM read_parquet({files[0]}) WHERE count > 0"  # noqa: S608
        ranked = " UNION ALL ".join(
            f"SELECT {KEY}, count, {rank} AS rank FROM read_parquet({file})"  # noqa: S608
            for rank, file in enumerate(files)
        )
        newest = f"SELECT {KEY}, arg_max(count, rank) AS count FROM ({ranked}) GROUP BY {KEY}"  # noqa: S608
        return f"SELECT {KEY}, count FROM ({newest}) WHERE count > 0"  # noqa: S608

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        return connect(self.folder / "spill")

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to read with, whose temporary views are its own; it spills into the usage folder."""
        with self._engine.cursor() as connection:
            yield connection

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the right to change which partitions there are, for as short as can be; readers never wait.

        Raises:
            SetupError: the usage folder cannot be written to.
        """
        with writing(self.folder):
            self.partition_folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A scratch folder on the same file system, locked while it is in use, gone afterwards.

        Raises:
            SetupError: the usage folder cannot be written to.
        """
        with self.lock(), writing(self.folder):
            _sweep(self.folder)
            scratch = Path(tempfile.mkdtemp(prefix="incoming-", dir=self.folder))
            handle = os.open(scratch, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            os.close(handle)

    def sweep(self) -> None:
        """Remove what killed imports left, however lately; the caller holds the lock."""
        for scratch in self.folder.glob("incoming-*"):
            handle = os.open(scratch, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(scratch, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(handle)

    def add(self, file: Path, partition: Partition) -> Partition:
        """Take a finished Parquet file in; the manifest comes last and makes it count.

        Raises:
            SetupError: the usage folder cannot be written to.
        """
        last = max((one.sequence for one in self.partitions()), default=0)
        numbered = partition.model_copy(update={"sequence": last + 1})
        with writing(self.partition_folder):
            move_into_place(file, numbered.file(self.partition_folder))
            write_whole(numbered.manifest(self.partition_folder), numbered.model_dump_json(indent=1).encode())
        return numbered


def _sweep(folder: Path) -> None:
    """Remove what a killed import left; a day's grace, since another may be at work."""
    for scratch in folder.glob("incoming-*"):
        if time.time() - scratch.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(scratch, ignore_errors=True)


_NOTHING = "SELECT " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items()) + " WHERE false"
