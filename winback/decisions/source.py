"""Reading the database past SQLAlchemy: verification reads everything, and a tenth of the time is a tenth."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PAGE = 512
"""Rows that are fetched at a time; so many stay in the processor's cache."""
MAPPED = 1 << 40
"""Bytes of a SQLite file that may be read as memory: all that it allows."""

BROKEN = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


class Unlike(ValueError):  # noqa: N818  a finding, no error
    """A finding: something is not as Winback writes it."""


@dataclass(frozen=True)
class Source:
    """One database, to be opened by any process. `place` is a file or a connection string with its password."""

    is_sqlite: bool
    place: str = field(repr=False)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection of the database's own driver."""
        if self.is_sqlite:
            opened: Any = sqlite3.connect(self.place, isolation_level=None)
            opened.execute(f"PRAGMA mmap_size={MAPPED}")
        else:
            import psycopg  # noqa: PLC0415  not where the database is SQLite

            opened = psycopg.connect(self.place)
        try:
            yield opened
        finally:
            opened.close()

    def broken(self) -> tuple[type[Exception], ...]:
        """What reading values raises that Winback never wrote, or that the database cannot give."""
        if self.is_sqlite:
            return (*BROKEN, sqlite3.Error)
        import psycopg  # noqa: PLC0415  as above

        return (*BROKEN, psycopg.Error)

    def bytes_of(self, column: str) -> str:
        """SQL for a text column as the bytes it is made of."""
        return f"CAST({column} AS BLOB)" if self.is_sqlite else f"convert_to({column}, 'UTF8')"

    def moment_of(self, column: str) -> str:
        """SQL for a point in time as `2026-05-12 10:00:00.000000`, in UTC."""
        if self.is_sqlite:
            return column
        return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"

    def text_of(self, column: str) -> str:
        """SQL for JSON or a point in time as text; what is none of these on SQLite stays what it is."""
        return f'"{column}"' if self.is_sqlite else f'CAST("{column}" AS TEXT)'

    def pages(self, connection: Any, query: str, values: Sequence[int]) -> Iterator[list[tuple[Any, ...]]]:
        """Rows in pages; `query` marks its values with question marks."""
        if self.is_sqlite:
            cursor = connection.execute(query, values)
        else:
            cursor = connection.cursor(binary=True)
            cursor.execute(query.replace("?", "%s"), values)
        while page := cursor.fetchmany(PAGE):
            yield page
