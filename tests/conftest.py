"""What every test shares: loopback only, and both databases."""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import hypothesis
import psycopg
import pytest
import structlog

from winback.store.migrate import migrate
from winback.store.store import Store
from winback.testing.world import PERMISSIVE, world
from workers.services import Services

POSTGRES = os.environ.get("WINBACK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
NUMBERED = (
    "console_audit",
    "console_sign_in",
    "console_token",
    "console_user",
    "answer",
    "booking",
    "feed_item",
    "interaction",
    "model_use",
    "kill_switch",
    "policy_version",
    "effect",
    "review",
    "proposal",
    "decision_entry",
    "cases",
    "run",
    "contact",
    "account",
)
TABLES = (
    "console_setup",
    "review_mark",
    "planted",
    "saved_view",
    "inbox_mail",
    "consent",
    "preference",
    "seal",
    "suppression",
    "installation",
    *NUMBERED,
)
"""Those that point at others come before them."""

# The machine may be busy: a slow example is not a wrong one.
hypothesis.settings.register_profile("winback", deadline=None)
hypothesis.settings.load_profile("winback")


LONG = ("acceptance", "integration/console")
"""Folders of tests that start commands, servers and browsers."""
MAIN_JOB = "acceptance/test_main_job.py"
"""Of those, tried every time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        if place.startswith(LONG) and place != MAIN_JOB:
            item.add_marker(pytest.mark.long)


def lacking(what: str) -> None:
    """Skip and say what is missing; where nothing may be skipped, fail."""
    if os.environ.get("WINBACK_SKIP_NOTHING"):
        pytest.fail(f"{what}, and WINBACK_SKIP_NOTHING is set")
    pytest.skip(what)


@pytest.fixture(autouse=True)
def _own_event_log() -> Iterator[None]:
    """A command that a test ran sends events to that test's standard error; the next test has its own."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str | None]:
    """A database of this run's own, migrated; None where no server answers."""
    name = f"winback_test_{uuid.uuid4().hex[:12]}"
    try:
        with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
            # Processes are killed in these tests, never the server.
            admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    except psycopg.OperationalError:
        yield None
        return
    url = f"{POSTGRES.rsplit('/', 1)[0]}/{name}"
    store = Store(url)
    migrate(store)
    store.close()
    yield url
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def _sqlite_file() -> Path:
    """Where every SQLite test of this process has its database: one place, so that one engine serves them all."""
    folder = Path(tempfile.mkdtemp(prefix="winback-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "winback.db"


@cache
def migrated_sqlite() -> bytes:
    """An empty, migrated database file; migrating anew for each test would take most of the time."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/winback.db")
        migrate(store)
        store.close()
        return Path(folder, "winback.db").read_bytes()


def empty_sqlite() -> str:
    """Put an empty, migrated SQLite database where this process has its own."""
    for left in _sqlite_file().parent.iterdir():
        if left.is_file():  # locks hold nothing, and may be open
            left.unlink()
    _sqlite_file().write_bytes(migrated_sqlite())
    return f"sqlite:///{_sqlite_file()}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database. Each test that asks for it runs on both."""
    if request.param == "sqlite":
        return empty_sqlite()
    url = request.getfixturevalue("postgres_url")
    if url is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    assert isinstance(url, str)
    return empty_postgres(url)


def empty_postgres(url: str) -> str:
    """Take every row out of the run's own database; many times faster than TRUNCATE, which makes new files."""
    with psycopg.connect(url) as connection:
        emptied = [f"DELETE FROM {table}" for table in TABLES]  # noqa: S608  names of ours
        numbered = [f"SELECT setval('{table}_id_seq', 1, false)" for table in NUMBERED]
        connection.execute(";".join([*emptied, *numbered]))
    return url


@cache
def engine_of(url: str) -> Store:
    """An engine keeps the statements that it compiled, and compiling them is a tenth of the tests' time.

    Whoever takes it closes it: the connections are a test's own.
    """
    return Store(url, busy_seconds=5)


@contextmanager
def sqlite_world(folder: Path, policy: str = PERMISSIVE) -> Iterator[Services]:
    """Services over fakes on an empty SQLite database, for what no database decides."""
    store = engine_of(empty_sqlite())
    with closing(store), world(store, folder, policy) as found:
        yield found


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty, migrated database."""
    opened = engine_of(database_url)
    yield opened
    opened.close()


@pytest.fixture
def services(store: Store, tmp_path: Path) -> Iterator[Services]:
    """Services over fakes on an empty database, each kind in turn."""
    with world(store, tmp_path) as found:
        yield found
