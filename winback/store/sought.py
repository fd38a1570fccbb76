"""What an account is searched by."""

from typing import Any

from sqlalchemy import event
from sqlmodel import Field, SQLModel

KEY_AND_NAME = 401
"""Characters of both, with a space between."""


class Sought(SQLModel):
    """`sought` is the key and the name in small letters; it follows them by itself."""

    sought: str = Field(default="", max_length=KEY_AND_NAME)


def sought_by(key: str, name: str) -> str:
    """In small letters of any alphabet, which SQLite cannot make."""
    return f"{key} {name}".lower()[:KEY_AND_NAME]


@event.listens_for(Sought, "before_insert", propagate=True)
@event.listens_for(Sought, "before_update", propagate=True)
def _follow(_mapper: Any, _connection: Any, row: Any) -> None:
    row.sought = sought_by(row.key, row.name)
