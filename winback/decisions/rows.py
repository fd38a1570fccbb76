"""Reading rows that somebody may have tampered with: what cannot be read is told apart, the rest is read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Column, inspect
from sqlalchemy.exc import DataError, OperationalError
from sqlmodel import Session, SQLModel, select

PAGE = 10_000
BROKEN = (ValueError, TypeError, AttributeError, OverflowError, RecursionError, DataError)
"""What reading or hashing a value raises that Winback never wrote: a date, JSON or text that is none."""
NOT_TEXT = "Could not decode"
R = TypeVar("R", bound=SQLModel)


@dataclass(frozen=True)
class Problem:
    """One thing that does not agree: `what` is altered, missing or swapped; `where` names it."""

    what: str
    where: str


def rows(session: Session, table: type[R], keys: Sequence[int]) -> Iterator[tuple[int, R | None]]:
    """Each row with its key, in the order of `keys`; None: its values cannot be read."""
    key: Column[Any] = inspect(table).primary_key[0]
    for page in pages(keys):
        found = _read(session, table, key, page)
        for one in page:
            alone = _read(session, table, key, [one]) if found is None else found
            yield one, (alone or {}).get(one)


def row_of(session: Session, table: type[R], key: int) -> R | None:
    """One row; None where it is not there or cannot be read."""
    return next(iter(rows(session, table, [key])))[1]


def pages(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """So many at a time as a statement may name."""
    return (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))


def _read(session: Session, table: type[R], key: Column[Any], page: Sequence[int]) -> dict[int, R] | None:
    """These rows by their keys; None when one of them cannot be read."""
    try:
        return {getattr(row, key.name): row for row in session.exec(select(table).where(key.in_(page)))}
    except BROKEN:
        return None
    except OperationalError as error:
        if NOT_TEXT not in str(error.orig):
            raise
        return None


def hashed(compute: Callable[..., str], *values: Any) -> str | None:
    """The hash of stored values; None when they have none, so that they equal no hash at all."""
    try:
        return compute(*values)
    except BROKEN:
        return None


def span(one: str, many: str, first: int, last: int) -> str:
    """`entry 3`, or `entries 3 to 7`: a gap is one problem, however wide somebody made it."""
    return f"{one} {first}" if first == last else f"{many} {first} to {last}"
