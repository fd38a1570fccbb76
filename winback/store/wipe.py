"""Making sure that what was deleted is gone from the database's files too."""

from sqlmodel import Session

from winback.store.store import Store


def delete_securely(store: Store, session: Session) -> None:
    """From here on SQLite overwrites with zeros what this connection deletes or replaces."""
    if store.is_sqlite:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")


def wipe(store: Store) -> bool:
    """Write SQLite's file anew, without the space that old rows left, and empty its write-ahead log.

    False when another program was at it for so long that this must be done again. PostgreSQL does it by
    itself, in its own time (docs/privacy.md).
    """
    if not store.is_sqlite:
        return True
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except store.engine.dialect.loaded_dbapi.OperationalError:
        return False
    finally:
        connection.close()
    return not busy
