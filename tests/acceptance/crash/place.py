"""Where a cell of the crash matrix happens: a database, a folder, a receiver with a memory of its own."""

import pickle
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psycopg

from tests.conftest import NUMBERED, TABLES, empty_postgres, empty_sqlite, engine_of
from tools.channels.channel import Capability, MaybeSent, NotSent
from winback.clock import SimulatedClock
from winback.store.store import Store
from winback.store.types import CALENDAR, EMAIL, ENTITLEMENT
from winback.testing.receiver import FolderReceiver
from winback.testing.world import NOON, PERMISSIVE, world
from workers.link import Links
from workers.owner import this_owner
from workers.services import Services

Failure = NotSent | MaybeSent
LINKS = Links("https://hello.example.com", "s" * 40)
# Many statements in one trip.
EMPTY = "; ".join(f"DELETE FROM {name}" for name in TABLES)  # noqa: S608  names of ours
NUMBER = "; ".join(
    f"SELECT setval('{name}_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM {name}), false)"  # noqa: S608
    for name in NUMBERED
)


@dataclass(frozen=True)
class Place:
    """`url`: a PostgreSQL database; None for SQLite. Emptied for each cell."""

    url: str | None
    folder: Path
    capability: Capability

    def empty(self) -> None:
        """As it was at the very beginning."""
        if self.url is None:
            empty_sqlite()
        else:
            empty_postgres(self.url)
        self._clear_folders()

    def _clear_folders(self) -> None:
        for one in (self.folder / "receiver", self.folder / "home"):
            shutil.rmtree(one, ignore_errors=True)
            one.mkdir(parents=True)

    def keep(self) -> None:
        """From here on `restore` brings this state back."""
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        shutil.copytree(self.folder / "receiver", self.folder / "kept")
        (self.folder / "rows").write_bytes(self._dump())

    def restore(self) -> None:
        """The state that was kept."""
        self._clear_folders()
        shutil.copytree(self.folder / "kept", self.folder / "receiver", dirs_exist_ok=True)
        self._load((self.folder / "rows").read_bytes())

    def _dump(self) -> bytes:
        if self.url is None:
            with closing(sqlite3.connect(_FILE)) as connection:
                # Who was killed left what it committed beside the file.
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return _FILE.read_bytes()
        with psycopg.connect(self.url) as connection:
            copied = [(name, _copied(connection, name)) for name in reversed(TABLES)]
        return pickle.dumps([(name, rows) for name, rows in copied if rows])

    def _load(self, kept: bytes) -> None:
        if self.url is None:
            empty_sqlite()
            _FILE.write_bytes(kept)
            return
        with psycopg.connect(self.url) as connection:
            connection.execute(EMPTY)
            for name, rows in pickle.loads(kept):  # noqa: S301  ours
                with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(rows)
            connection.execute(NUMBER)

    @property
    def store(self) -> Store:
        return engine_of(self.url or SQLITE)

    def receiver(self, failure: Failure | None = None, *, lost: bool = False) -> FolderReceiver:
        """What the outside world remembers. `lost`: the MaybeSent did arrive."""
        failures = [failure] if failure else []
        return FolderReceiver(self.folder / "receiver", self.capability, failures=failures, lost=lost)

    @contextmanager
    def services(
        self, policy: str = PERMISSIVE, hours: float = 0, failure: Failure | None = None, *, lost: bool = False
    ) -> Iterator[Services]:
        """What a process works with that starts `hours` after the beginning."""
        store = self.store
        now = NOON + timedelta(hours=hours)
        with world(store, self.folder / "home", policy, now) as found:
            receiver = self.receiver(failure, lost=lost)
            channels = dict.fromkeys((EMAIL, ENTITLEMENT, CALENDAR), receiver)
            yield replace(found, channels=channels, owner=this_owner(), links=LINKS)
        store.close()

    @staticmethod
    def set_clock(services: Services, hours: float) -> None:
        """`hours` after the beginning."""
        assert isinstance(services.clock, SimulatedClock)
        services.clock.set(NOON + timedelta(hours=hours))


def _copied(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bytes:
    with connection.cursor().copy(f"COPY {name} TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


SQLITE = empty_sqlite()
_FILE = Path(SQLITE.removeprefix("sqlite:///"))
