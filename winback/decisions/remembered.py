"""What the database remembers of the newest checkpoint of each key, so that one that is taken away is missed."""

import re
from dataclasses import dataclass

from sqlmodel import Session, col, select

from winback.decisions.note import VerifierKey
from winback.store.bookkeeping import Installation

PREFIX = "checkpoint "
VALUE = re.compile(r"([1-9]\d{0,11}) (0|[1-9]\d{0,18}) ([0-9a-f]{64})")


@dataclass(frozen=True)
class Remembered:
    """The newest checkpoint that a key has signed, as the database knows it."""

    number: int
    size: int
    root: bytes

    @property
    def named(self) -> str:
        """For a person."""
        return f"checkpoint {self.number}, as the database remembers it,"


def remembered(session: Session, key: VerifierKey) -> Remembered | None:
    """None: with this key no checkpoint was written, or the database is older than that.

    Raises:
        ValueError: somebody wrote something else there.
    """
    row = session.get(Installation, _name(key), populate_existing=True)
    if row is None:
        return None
    found = VALUE.fullmatch(row.value)
    if found is None:
        raise ValueError("not what Winback remembers of a checkpoint")
    return Remembered(int(found[1]), int(found[2]), bytes.fromhex(found[3]))


def remembers_any(session: Session) -> bool:
    """Whether any key has signed a checkpoint of this log."""
    return (
        session.exec(select(Installation.name).where(col(Installation.name).startswith(PREFIX))).first()
        is not None
    )


def remember(session: Session, key: VerifierKey, number: int, size: int, root: bytes) -> None:
    """Write down that a checkpoint was written. The caller holds the lock under which they are."""
    row = session.get(Installation, _name(key)) or Installation(name=_name(key), value="")
    row.value = f"{number} {size} {root.hex()}"
    session.add(row)
    session.flush()


def _name(key: VerifierKey) -> str:
    return f"{PREFIX}{key.id.hex()}"
