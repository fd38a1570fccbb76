"""Bring a database's schema up to date."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from winback.errors import SetupError
from winback.failpoint import reach
from winback.store.store import Store

# Two processes that start at once must not both create the tables.
LOCK = 0x57494E42
VERSIONS = Path(__file__).parent / "migrations" / "versions"


def migrate(store: Store) -> None:
    """Apply every migration that is missing; nothing when there is none. One transaction.

    Raises:
        SetupError: the database does not answer, or a newer Winback has been here.
    """
    try:
        with store.engine.connect() as connection:
            connection.execution_options(winback_write=False)
            current = _revision(connection)
        known = revisions()
        if current == known[-1]:
            return
        if current is not None and current not in known:
            raise SetupError(
                f"database was set up by a newer Winback (revision {current})", fix="upgrade this Winback"
            )
        from winback.store.upgrade import upgrade  # noqa: PLC0415  a quarter of a second, once per release

        with store.engine.begin() as connection:
            if not store.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            upgrade(connection)
            reach("migrate", "before_commit")
        reach("migrate", "after_commit")
    except DBAPIError as error:
        raise store.problem(error) from None


def revisions() -> list[str]:
    """The revisions that there are, oldest first; a migration's file is named by its revision."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
