"""What was deleted is gone from SQLite's files too, on a machine whose SQLite does not see to it by itself."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from winback.store.models import Account
from winback.store.store import Store
from winback.store.wipe import delete_securely, wipe

NAME = "Ravi Shankar Verma " * 8


@pytest.fixture
def careless(database_url: str) -> Store:
    """A database on one connection that leaves old rows where they were, with some of them deleted."""
    store = Store(database_url, busy_seconds=5)
    with store.write("test") as session:
        if store.is_sqlite:
            session.connection().exec_driver_sql("PRAGMA secure_delete=OFF")
        session.add_all(Account(key=f"a{number}", name=NAME) for number in range(200))
        session.flush()
        session.connection().execute(text("DELETE FROM account WHERE id > 1"))
        session.connection().execute(text("UPDATE account SET name = ''"))
    return store


def held(store: Store) -> bytes:
    path = Path(str(store.url.database))
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*") if one.is_file())


def test_a_wipe_leaves_the_rows_that_are_there(careless: Store) -> None:
    """The file holds what the tables hold, and nothing that they held."""
    if careless.is_sqlite:
        assert NAME.encode() in held(careless)
    assert wipe(careless)
    if careless.is_sqlite:
        assert NAME.encode() not in held(careless)
    with careless.read() as session:
        assert session.exec(select(Account.key)).all() == ["a0"]
    careless.close()


def test_deleting_securely_is_asked_of_sqlite(careless: Store) -> None:
    """Within the transaction that erases; PostgreSQL is not asked what it does not know."""
    with careless.write("test") as session:
        delete_securely(careless, session)
        if careless.is_sqlite:
            assert session.connection().exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    careless.close()
