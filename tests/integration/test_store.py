"""A server that went away between two transactions."""

import psycopg
import pytest
from sqlalchemy import text

from tests.conftest import lacking
from winback.errors import SetupError
from winback.store.store import Store


@pytest.fixture
def store(postgres_url: str | None) -> Store:
    """Of its own, because its connections are ended."""
    if postgres_url is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    return Store(str(postgres_url))


def end_its_connections(store: Store, url: str) -> None:
    with store.read() as session:
        number = session.connection().execute(text("SELECT pg_backend_pid()")).scalar()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))


def test_a_rested_connection_is_asked_and_made_anew(
    store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody notices that the server was started again meanwhile."""
    monkeypatch.setattr("winback.store.store.RESTED_SECONDS", -1.0)
    end_its_connections(store, postgres_url)
    with store.write("test") as session:
        assert session.connection().execute(text("SELECT 1")).scalar() == 1
    store.close()


def test_one_used_a_moment_ago_is_not_asked(store: Store, postgres_url: str) -> None:
    """Its transaction fails, says so, and the next one has a connection that stands."""
    end_its_connections(store, postgres_url)
    with pytest.raises(SetupError, match="database does not answer"), store.read() as session:
        session.connection().execute(text("SELECT 1"))
    with store.read() as session:
        assert session.connection().execute(text("SELECT 1")).scalar() == 1
    store.close()
