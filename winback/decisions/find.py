"""One entry of the log by the name that people give it."""

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from winback.decisions.chain import LAST
from winback.errors import InputError
from winback.store.models import DecisionEntry


def find_entry(session: Session, name: str) -> DecisionEntry:
    """The entry at a position, or of `+ROW` where it is not sealed yet.

    Raises:
        InputError: there is none, or this names none.
    """
    found = session.exec(select(DecisionEntry).where(_named(name))).first()
    if found is None:
        raise InputError(f"there is no entry {name}", fix="see 'winback log tail'")
    return found


def _named(name: str) -> ColumnElement[bool]:
    number = name.removeprefix("+")
    if not (number.isascii() and number.isdecimal() and int(number) <= LAST):
        raise InputError(f"{name!r} names no entry", fix="give its number, or +NUMBER, as in 'winback log tail'")
    return (col(DecisionEntry.position) if name == number else col(DecisionEntry.id)) == int(number)
