"""Reading rows as the driver gives them: replay reads a hundred thousand, in processes of its own.

SQL is written for SQLite; what PostgreSQL says otherwise is put in its place here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from winback.errors import SetupError

Row = tuple[Any, ...]
SQLITE, POSTGRES = "sqlite3", "psycopg"
BYTES = {SQLITE: "CAST({} AS BLOB)", POSTGRES: "convert_to({}, 'UTF8')"}


@dataclass(frozen=True)
class Place:
    """Where a database is and what connects to it, for another process."""

    driver: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Raw:
    """A connection of one's own, for reading only."""

    def __init__(self, place: Place) -> None:
        self._driver: Any = import_module(place.driver)
        with self._one_line():
            self._connection = self._driver.connect(*place.args, **place.kwargs)
        self._sqlite = place.driver == SQLITE
        if self._sqlite:
            self._connection.execute("PRAGMA query_only = ON")
            # Somebody may have put there what is no text: it is reported as altered, not met with an error.
            self._connection.text_factory = lambda raw: raw.decode(errors="replace")
        else:
            self._connection.autocommit = True

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """All rows; `?` stands for each of the values.

        Raises:
            SetupError: the database does not answer.
        """
        with self._one_line():
            found: list[Row] = self._connection.execute(
                sql if self._sqlite else sql.replace("?", "%s"), values
            ).fetchall()
        return found

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            reason = " ".join(str(error).partition("DETAIL:")[0].split())[:160]
            raise SetupError(f"database cannot be read ({reason})", fix="check that it runs") from None

    def as_bytes(self, column: str) -> str:
        """The expression that reads a text column undecoded."""
        return BYTES[SQLITE if self._sqlite else POSTGRES].format(column)


def moment(value: Any) -> datetime:
    """A datetime column's value, aware, in UTC.

    Raises:
        TypeError, ValueError: it is none.
    """
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
