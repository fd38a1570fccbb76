"""The migrations make the schema that the models describe, on both databases."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, text
from sqlmodel import SQLModel, select

from winback.errors import SetupError
from winback.store.migrate import VERSIONS, migrate, revisions
from winback.store.models import Account
from winback.store.store import Store
from winback.store.upgrade import upgrade
from winback.testing.world import NOON
from workers.queue_list import Filters, counts_of


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


def test_accounts_that_were_there_are_found_by_their_names(tmp_path: Path) -> None:
    """What 0008 adds is filled for those that an older Winback wrote, whatever the alphabet."""
    store = Store(f"sqlite:///{tmp_path}/old.db")
    with store.engine.begin() as connection:
        upgrade(connection, "0007")
        connection.execute(text("INSERT INTO account (key, name, tags) VALUES ('a', 'ÄRZTEHAUS', '[]')"))
    migrate(store)
    with store.read() as session:
        assert session.exec(select(Account.sought)).all() == ["a ärztehaus"]
    store.close()


def test_a_page_of_the_queue_is_walked_in_order(tmp_path: Path) -> None:
    """In a database that nobody analysed SQLite must not sort a hundred thousand rows for fifty."""
    store = Store(f"sqlite:///{tmp_path}/new.db")
    migrate(store)
    page = "SELECT * FROM review WHERE review.state = 'pending' ORDER BY priority DESC, id DESC LIMIT 51"
    with store.read() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {page}").all()
    assert "queue_order" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
    store.close()


@pytest.mark.parametrize("filters", [{"owner": "olga"}, {"words": "acme"}, {"plan": "team", "assignee": "rita"}])
def test_what_a_filter_leaves_is_counted_from_the_same_index(tmp_path: Path, filters: dict[str, str]) -> None:
    """Another index has not what filters: each item would be looked up by itself."""
    store = Store(f"sqlite:///{tmp_path}/new.db")
    migrate(store)
    asked: list[tuple[str, Any]] = []
    with store.read() as session:
        event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        counts_of(session, Filters(**filters), NOON)  # type: ignore[arg-type]
        ((counting, values),) = [one for one in asked if "review" in one[0] and "LIMIT" in one[0]]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {counting}", values).all()
    assert "SCAN review USING INDEX queue_order" in str(plan)
    store.close()
