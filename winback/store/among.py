"""Rows whose number is one of many, in a statement whose text does not depend on how many there are.

`IN` with a parameter for each is another statement for each count: made anew, never prepared.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, BindParameter, ColumnElement, Dialect, String, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal


class Numbers(TypeDecorator[Collection[int]]):
    """Many numbers as one value: an array for PostgreSQL, JSON for SQLite."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(ARRAY(BigInteger()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Collection[int] | None, dialect: Dialect) -> Any:
        given = list(value or ())
        return given if dialect.name == "postgresql" else json.dumps(given)


class Among(ColumnElement[bool]):
    """`among`, as SQLAlchemy has it."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012  as SQLAlchemy declares it
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], values: BindParameter[Any]) -> None:
        self.column = column
        self.values = values


def among(column: Any, numbers: Collection[int] | str) -> Among:
    """Whether the column holds one of these numbers; a name stands for those that are given with the statement."""
    if isinstance(numbers, str):
        return Among(column, bindparam(numbers, type_=Numbers()))
    return Among(column, bindparam(None, numbers, type_=Numbers(), unique=True))


@compiles(Among)
def _sqlite(element: Among, compiler: Any, **more: Any) -> str:
    column, values = (compiler.process(one, **more) for one in (element.column, element.values))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  compiled by SQLAlchemy


@compiles(Among, "postgresql")
def _postgres(element: Among, compiler: Any, **more: Any) -> str:
    column, values = (compiler.process(one, **more) for one in (element.column, element.values))
    return f"{column} = ANY ({values})"
