"""A people file as rows of text, from CSV and Parquet alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from winback.errors import InputError
from winback.spelling import did_you_mean
from winback.usage.columns import find_column, listed
from winback.usage.csv_file import Record, open_csv
from winback.usage.engine import connect, failures, file_literal
from winback.usage.source import Kind, Source

ACCOUNT_COLUMNS = (
    "account_name",
    "plan",
    "value_per_month",
    "owner_name",
    "owner_email",
    "zone",
    "region",
    "tags",
)
CONSENT_COLUMNS = ("channels", "consent", "consent_source", "consent_date")
CONTACT_COLUMNS = (
    "contact_name",
    "email",
    "language",
    "contact_zone",
    "role",
    "left",
    *CONSENT_COLUMNS,
)
PEOPLE_COLUMNS = ("account", *ACCOUNT_COLUMNS, "contact", *CONTACT_COLUMNS)
FETCH = 10_000


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """`header` are the file's names; `places` say where each column we know stands among them."""

    header: tuple[str, ...]
    places: dict[str, int]
    records: Iterator[Record]

    @property
    def ignored(self) -> tuple[str, ...]:
        known = set(self.places.values())
        return tuple(name for place, name in enumerate(self.header) if place not in known and name)


@contextmanager
def open_people(source: Source) -> Iterator[PeopleTable]:
    """Open a people file.

    Raises:
        InputError: no column `account`, a name twice, nothing about people, or a damaged file.
    """
    if source.kind is Kind.CSV:
        with open_csv(source) as file:
            yield PeopleTable(file.header, _places(file.header, source.path), file.records())
        return
    with (
        TemporaryDirectory() as scratch,
        failures(source.path, Path(scratch)),
        connect(Path(scratch)) as connection,
    ):
        scan = f"read_parquet({file_literal(source.path)}, binary_as_string = true)"
        kinds = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()  # noqa: S608
        header = tuple(str(name) for name, *_ in kinds)
        cells = ", ".join(_text(name, kind) for name, kind, *_ in kinds)
        cursor = connection.execute(f"SELECT {cells} FROM {scan}")  # noqa: S608
        yield PeopleTable(header, _places(header, source.path), _fetch(cursor))


def _text(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind.endswith("[]"):
        return f"coalesce(array_to_string({column}, ';'), '')"
    return f"coalesce(CAST({column} AS VARCHAR), '')"


def _fetch(cursor: duckdb.DuckDBPyConnection) -> Iterator[Record]:
    line = 0
    while rows := cursor.fetchmany(FETCH):
        for row in rows:
            line += 1
            yield Record(line, row)


def _places(header: tuple[str, ...], path: Path) -> dict[str, int]:
    found = {name: find_column(name, header, path) for name in PEOPLE_COLUMNS}
    places = {name: header.index(own) for name, own in found.items() if own is not None}
    if "account" not in places or len(places) < 2:
        missing = "account" if "account" not in places else "contact"
        hint = did_you_mean(missing, header)
        raise InputError(
            f"column {missing!r} is missing; the columns are {listed(header)}",
            where=str(path),
            fix=f"{hint} a people file needs account and one of {', '.join(PEOPLE_COLUMNS[1:])}"
            if hint
            else f"a people file needs account and one of {', '.join(PEOPLE_COLUMNS[1:])}",
        )
    return places
