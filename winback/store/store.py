"""The database: one engine, two kinds of transaction."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, create_engine

from winback.canonical import canonical_json
from winback.errors import ConflictError, InputError, SetupError
from winback.failpoint import Transaction, reach

BACKENDS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
RACES = ("40001", "40P01")
"""PostgreSQL's serialization failure and deadlock: nothing was changed, and trying again is right."""
RESTED_SECONDS = 2.0
"""A connection that nobody used for so long is asked whether it still stands before it is used."""


class Store:
    """State on SQLite or PostgreSQL; nothing outside this class knows which.

    `write()` takes SQLite's write lock at once (BEGIN IMMEDIATE), so that what it reads is what it
    changes; on PostgreSQL claims take their row locks themselves.
    """

    def __init__(self, url: str, *, busy_seconds: float = 15) -> None:
        self.url = _parse(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._open(busy_seconds)

    def _open(self, busy_seconds: float) -> Engine:
        if not self.is_sqlite:
            wait = {"connect_timeout": max(2, int(busy_seconds))}
            engine = create_engine(self.url, hide_parameters=True, connect_args=wait, json_serializer=_json)
            event.listen(engine, "checkin", _rested)
            event.listen(engine, "checkout", _woken)
            return engine
        if self.url.database and self.url.database != ":memory:":
            make_folder(Path(self.url.database).parent)
        engine = create_engine(
            self.url, hide_parameters=True, connect_args={"timeout": busy_seconds}, json_serializer=_json
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine

    @contextmanager
    def write(self, name: Transaction) -> Iterator[Session]:
        """One transaction; it commits when the block ends and leaves nothing when the block raises.

        `name` is that of its failpoints (`winback.failpoint`), one for each place in the code.
        """
        with self._session(write=True) as session:
            yield session
            reach(name, "before_commit")
            session.commit()
            reach(name, "after_commit")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view; nothing is written."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def standing(self) -> Iterator[Session]:
        """A transaction that writes nothing and sees in each statement what is committed by then."""
        with self._session(write=True) as session:
            yield session

    @contextmanager
    def glancing(self) -> Iterator[Callable[[str], tuple[Any, ...]]]:
        """One row after another as it is at that moment, in an eighth of the time that a transaction takes."""
        dialect = self.engine.dialect
        wrong: Any = dialect.loaded_dbapi.Error

        def look(query: str) -> tuple[Any, ...]:
            try:
                cursor.execute(query)
                return tuple(cursor.fetchone() or ())
            except wrong as error:
                looking.invalidate()  # or giving it back would fail too
                raise self.problem(OperationalError(query, None, error)) from None

        try:
            with self.engine.connect() as connection:
                looking = connection.execution_options(isolation_level="AUTOCOMMIT", winback_glance=True)
                with closing(looking.connection.cursor()) as cursor:
                    yield look
        except DBAPIError as error:
            raise self.problem(error) from None

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Session]:
        try:
            with self.engine.connect() as connection:
                connection.execution_options(winback_write=write)
                if not (self.is_sqlite or write):
                    connection.execution_options(isolation_level="REPEATABLE READ")
                with Session(connection, expire_on_commit=False, autoflush=False) as session:
                    yield session
        except IntegrityError as error:
            raise ConflictError(f"somebody else was first ({_short(error)})", fix="look again") from error
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in RACES:
                raise ConflictError("somebody else was at the same rows", fix="look again") from None
            raise self.problem(error) from None

    def lock(self, session: Session, name: str) -> None:
        """Hold a named lock until the transaction ends; on SQLite the transaction is that lock."""
        if not self.is_sqlite:
            session.connection().execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})

    def problem(self, error: DBAPIError) -> SetupError:
        """What went wrong with the database, as one line without the password."""
        reason = _short(error)
        place = self.url.render_as_string(hide_password=True)
        if "locked" in reason:
            return SetupError("database is locked by another program", where=place, fix="stop it, or try again")
        if "disk is full" in reason or "No space left" in reason:
            return SetupError(
                "database cannot grow: the disk is full", where=place, fix="make room, then try again"
            )
        if "readonly" in reason or "unable to open" in reason:
            return SetupError(f"database cannot be written ({reason})", where=place, fix="check its folder")
        if "no such " in reason or "does not exist" in reason:
            return SetupError(f"database is not set up ({reason})", where=place, fix="run 'winback doctor'")
        if not isinstance(error, OperationalError):
            return SetupError(f"database cannot be used ({reason})", where=place, fix="check what it is")
        return SetupError(f"database does not answer ({reason})", where=place, fix="check that it runs")

    def close(self) -> None:
        self.engine.dispose()


def make_folder(folder: Path) -> None:
    """Make a folder that must be writable.

    Raises:
        SetupError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"folder cannot be made ({error.strerror})", where=str(folder), fix="choose another `home`"
        ) from None


def _json(value: Any) -> str:
    """Canonical, so that what the log names by its hash is hashed as it stands in its row."""
    return canonical_json(value).decode()


def _parse(given: str) -> URL:
    try:
        url = make_url(given)
        name = url.get_backend_name()
        if name not in BACKENDS:
            raise InputError(
                f"unknown kind of database {name!r}", where="database.url", fix="use sqlite or postgresql"
            )
        return url.set(drivername=BACKENDS[name])
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise InputError(
            "is not a database URL", where="database.url", fix="write sqlite:///FILE or postgresql://HOST/NAME"
        ) from None


def _short(error: Exception) -> str:
    # What PostgreSQL adds under DETAIL quotes the row, and rows hold personal data.
    return " ".join(str(getattr(error, "orig", error)).partition("DETAIL:")[0].split())[:160]


def _rested(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["since"] = time.monotonic()


def _woken(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    # Asked only where the server may have gone meanwhile: a ping before each transaction is a trip of its own.
    if time.monotonic() - record.info.get("since", math.inf) > RESTED_SECONDS:
        try:
            connection.execute("")
            connection.rollback()
        except psycopg.OperationalError:
            raise DisconnectionError from None  # the pool makes a new one


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own: "begin" below says which kind.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("winback_glance", False):
        return
    write = options.get("winback_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
