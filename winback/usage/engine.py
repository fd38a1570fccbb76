"""DuckDB as the import uses it: private, in memory, fetching nothing, its errors in one line."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import contextmanager
from pathlib import Path

import duckdb

from winback.errors import InputError, SetupError

POLL_SECONDS = 0.1


def connect(scratch: Path) -> duckdb.DuckDBPyConnection:
    """A private in-memory connection that fetches nothing and spills into `scratch`."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    connection.execute("SET temp_directory = ?", [str(scratch)])
    return connection


@contextmanager
def failures(path: Path, folder: Path | None = None) -> Iterator[None]:
    """Turn DuckDB's word on a file it cannot read, or a disk it cannot write, into one line.

    Raises:
        InputError: the file at `path` is damaged.
        SetupError: no memory, or no room in `folder`, where the work is done.
    """
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise SetupError(
            "there is not enough memory to import this file", where=str(path), fix="split it, or add memory"
        ) from None
    except duckdb.Error as error:
        reason = str(error).split("\n", maxsplit=1)[0].split(":", 1)[-1].strip()[:160]
        if (folder and str(folder) in reason) or "No space left" in reason:
            raise SetupError(f"cannot write here: {reason}", where=str(folder), fix="make room") from None
        raise InputError(f"is a damaged Parquet file: {reason}", where=str(path), fix="export it again") from None


def copy_to(connection: duckdb.DuckDBPyConnection, query: str, file: Path, share: Callable[[float], None]) -> None:
    """Run on a thread, so that this one can tell how far it is and can be interrupted."""
    command = f"COPY ({query}) TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)"
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(connection.execute, command)
        try:
            while not running.done():
                try:
                    running.result(timeout=POLL_SECONDS)
                except NotYetError:
                    share(max(connection.query_progress(), 0.0) / 100)
            running.result()
        except BaseException:
            connection.interrupt()
            raise


def file_literal(path: Path) -> str:
    """A path as a DuckDB string in which no character is a wildcard."""
    literal = re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))
    return "'" + literal.replace("'", "''") + "'"
