"""The migrations make the schema that the models describe, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import SQLModel

from winback.errors import SetupError
from winback.store.migrate import VERSIONS, migrate, revisions
from winback.store.store import Store


def test_migrations_and_models_agree(store: Store) -> None:
    """Autogenerate finds nothing left to do."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"render_as_batch": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    """The second time finds it up to date."""
    migrate(store)
    migrate(store)


def test_a_migration_is_named_by_its_revision() -> None:
    """What a database lacks is told from the names of the files, and they follow one another."""
    scripts = ScriptDirectory(str(VERSIONS.parent)).walk_revisions()
    assert [one.revision for one in scripts] == revisions()[::-1]


def test_a_newer_database_is_left_alone(store: Store) -> None:
    """A database of a newer Winback is refused, not touched."""
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(SetupError, match="newer Winback"):
            migrate(store)
    finally:
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": revisions()[-1]})
