"""Who is being written to at this moment, over all workers: a stop is committed while nobody sends to that person.

A worker holds a shared lock on a person while it sends to them, and does not wait for it; a stop takes the
lock alone. Locks end with their process: on PostgreSQL they are advisory ones of a transaction, on SQLite
those of files beside the database.
"""

import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, col, select

from winback.store.among import among
from winback.store.models import Contact
from winback.store.store import Store, make_folder

FILES = 256
"""People share this many files: who waits for one of them waits for a few others too."""
PEOPLE = 0x57_42
"""Advisory locks of two numbers: this one, and a contact's."""
PATIENCE_SECONDS = 10.0
"""So long a stop waits for a send that is under way. Then it is committed all the same: nobody is refused it."""
POLL_SECONDS = 0.002
TRY = text("SELECT id FROM unnest(CAST(:ids AS int[])) AS id WHERE pg_try_advisory_xact_lock_shared(:people, id)")
ALONE = text("SELECT pg_try_advisory_xact_lock(:people, :id)")


class Sending:
    """The people that one worker may send to, until it asks for others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = ExitStack()

    def take(self, contacts: Collection[int]) -> frozenset[int]:
        """Those of them who have not said stop and are not just saying it; whoever was held before is let go."""
        self.release()
        if self._store.is_sqlite:
            wanted = _files_shared(self._held, self._store, contacts)
            with self._store.read() as session:
                return _not_stopped(session, wanted)
        session = self._held.enter_context(self._store.standing())
        rows = session.connection().execute(TRY, {"ids": sorted(contacts), "people": PEOPLE})
        return _not_stopped(session, [one.id for one in rows])

    def release(self) -> None:
        """Hold nobody."""
        self._held.close()


def _not_stopped(session: Session, contacts: Collection[int]) -> frozenset[int]:
    query = select(Contact.id).where(among(Contact.id, contacts), col(Contact.unsubscribed_at).is_(None))
    return frozenset(one or 0 for one in session.exec(query))


@contextmanager
def alone(
    store: Store, contacts: Collection[int], seconds: float = PATIENCE_SECONDS
) -> Iterator[Callable[[Session], bool]]:
    """Nobody sends to these people from the call of what this yields until the block is left.

    It is called first thing in the transaction of the stop, and says whether that is so: False where somebody
    was still sending after `seconds`.
    """
    if not store.is_sqlite:
        yield lambda session: _advisory_alone(session, contacts, seconds)
        return
    # Before the transaction: who sends may need a transaction of their own, and here there is one at a time.
    with ExitStack() as held:
        got = _files_alone(held, store, contacts, seconds)
        yield lambda _session: got


def _advisory_alone(session: Session, contacts: Collection[int], seconds: float) -> bool:
    def got(one: int) -> bool:
        return bool(session.connection().execute(ALONE, {"people": PEOPLE, "id": one}).scalar())

    end = time.monotonic() + seconds
    return all(_until(end, partial(got, one)) for one in sorted(contacts))


def _files_shared(held: ExitStack, store: Store, contacts: Collection[int]) -> list[int]:
    free = {one for one in {each % FILES for each in contacts} if _locked(held, store, one, fcntl.LOCK_SH)}
    return [one for one in contacts if one % FILES in free]


def _files_alone(held: ExitStack, store: Store, contacts: Collection[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    files = sorted({each % FILES for each in contacts})
    return all(_until(end, partial(_locked, held, store, one, fcntl.LOCK_EX)) for one in files)


def _until(end: float, got: Callable[[], bool]) -> bool:
    while not got():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _locked(held: ExitStack, store: Store, number: int, how: int) -> bool:
    file = os.open(_folder(store) / f"{number:02x}", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    held.callback(os.close, file)
    return True


def _folder(store: Store) -> Path:
    folder = Path(f"{store.url.database}-sending")
    if not folder.is_dir():
        make_folder(folder)
    return folder
