"""Applying and writing migrations with Alembic; it takes long to import, so `migrate` asks for it only then."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from winback.store.migrate import VERSIONS
from winback.store.store import Store


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Apply every migration that is missing up to a revision, in the transaction of this connection."""
    command.upgrade(_config(connection), revision)


def new_revision(store: Store, message: str, revision: str) -> None:
    """Write the migration that turns the database's schema into the models'; for developers."""
    with store.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=revision)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
