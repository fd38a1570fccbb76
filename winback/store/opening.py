"""The configured database, ready to use."""

from collections.abc import Iterator
from contextlib import contextmanager

from winback.settings import Settings
from winback.store.migrate import migrate
from winback.store.store import Store, make_folder


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The database, with its schema up to date; closed afterwards.

    Raises:
        SetupError: it does not answer, or `home` cannot be made.
    """
    make_folder(settings.home)
    store = Store(settings.database_url, busy_seconds=settings.database.busy_seconds)
    try:
        migrate(store)
        yield store
    finally:
        store.close()
