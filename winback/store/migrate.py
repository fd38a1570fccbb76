"""Bring a database's schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from winback.errors import SetupError
from winback.store.store import Store

# Two processes that start at once must not both create the tables.
LOCK = 0x57494E42
FOLDER = Path(__file__).parent / "migrations"


def migrate(store: Store) -> None:
    """Apply every migration that is missing; nothing when there is none. One transaction.

    Raises:
        SetupError: the database does not answer, or a newer Winback has been here.
    """
    try:
        with store.engine.connect() as connection:
            connection.execution_options(winback_write=False)
            current = MigrationContext.configure(connection).get_current_revision()
        config = _config()
        scripts = ScriptDirectory.from_config(config)
        if current == scripts.get_current_head():
            return
        if current is not None and current not in {one.revision for one in scripts.walk_revisions()}:
            raise SetupError(
                f"database was set up by a newer Winback (revision {current})", fix="upgrade this Winback"
            )
        with store.engine.begin() as connection:
            if not store.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise store.problem(error) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def new_revision(store: Store, message: str, revision: str) -> None:
    """Write the migration that turns the database's schema into the models'; for developers."""
    config = _config()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=revision)
