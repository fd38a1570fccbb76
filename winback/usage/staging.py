"""A source file as a relation that the checks can read: Parquet as it is, CSV turned into Parquet of text."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from winback.errors import InputError
from winback.settings import Columns
from winback.usage.columns import ROLES, find_columns
from winback.usage.csv_file import CsvFile, Progress, open_csv
from winback.usage.engine import failures, file_literal
from winback.usage.readings import Field
from winback.usage.source import Kind, Source


@dataclass(frozen=True, slots=True)
class Staged:
    """`relation` yields `line`, `shape` and each field's column; `rows` counts its rows."""

    relation: str
    fields: Mapping[str, Field]
    rows: int

    @property
    def names(self) -> list[str]:
        """The file's own names, in the order of the roles."""
        return [self.fields[role].name for role in ROLES if role in self.fields]


def header(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, str]:
    """Names and DuckDB types of a file's columns (CSV: all text).

    Raises:
        InputError: the file has no header, or is a damaged Parquet file.
    """
    if source.kind is Kind.CSV:
        with open_csv(source) as file:
            return dict.fromkeys(file.header, "VARCHAR")
    with failures(source.path):
        found = connection.execute(f"DESCRIBE SELECT * FROM {_scan(source.path)}").fetchall()  # noqa: S608
    return {str(name): str(kind) for name, kind, *_ in found}


def stage(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: Columns, scratch: Path, progress: Progress
) -> Staged:
    """Find the columns of a usage file and make it readable for the checks.

    Raises:
        InputError: a column is missing or ambiguous, there are no rows, or the file is damaged.
    """
    staged = (_stage_csv if source.kind is Kind.CSV else _stage_parquet)(
        connection, source, columns, scratch, progress
    )
    if not staged.rows:
        raise InputError("has a header and no rows", where=str(source.path), fix="export it again")
    return staged


def _stage_parquet(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: Columns, _scratch: Path, _progress: Progress
) -> Staged:
    kinds = header(connection, source)
    names = find_columns(columns, list(kinds), source.path)
    if "file_row_number" in (name.casefold() for name in kinds):
        raise InputError(
            "column 'file_row_number' has a name that Parquet readers use themselves",
            where=str(source.path),
            fix="rename it",
        )
    fields = {role: Field(role, name, kinds[name], str(source.path)) for role, name in names.items()}
    aliased = ", ".join(
        f'"{field.name.replace(chr(34), chr(34) * 2)}" AS {field.sql}' for field in fields.values()
    )
    relation = (
        f"SELECT file_row_number + 1 AS line, CAST(NULL AS VARCHAR) AS shape, {aliased}"  # noqa: S608
        f" FROM {_scan(source.path, 'file_row_number = true')}"
    )
    rows = connection.execute(f"SELECT count(*) FROM {_scan(source.path)}").fetchall()[0][0]  # noqa: S608
    return Staged(relation, fields, rows)


def _scan(path: Path, *options: str) -> str:
    return f"read_parquet({', '.join((file_literal(path), 'binary_as_string = true', *options))})"


def _stage_csv(
    _connection: duckdb.DuckDBPyConnection, source: Source, columns: Columns, scratch: Path, progress: Progress
) -> Staged:
    staged = scratch / "staged.parquet"
    with open_csv(source) as file:
        names = find_columns(columns, file.header, source.path)
        fields = {role: Field(role, name, "VARCHAR", str(source.path)) for role, name in names.items()}
        rows = _write_text(file, [fields[role] for role in ROLES if role in fields], staged, progress)
    return Staged(f"SELECT * FROM read_parquet({file_literal(staged)})", fields, rows)  # noqa: S608


def _write_text(file: CsvFile, fields: list[Field], staged: Path, progress: Progress) -> int:
    schema = pa.schema(
        [("line", pa.int64()), ("shape", pa.string()), *((field.sql, pa.string()) for field in fields)]
    )
    places = [file.header.index(field.name) for field in fields]
    rows = 0
    with pq.ParquetWriter(staged, schema, compression="lz4") as writer:
        for batch in file.batches():
            columns = ([row[place] for row in batch.rows] for place in places)
            arrays = map(pa.array, (batch.lines, batch.problems, *columns), schema.types)
            writer.write_table(pa.Table.from_arrays(list(arrays), schema=schema))
            rows += len(batch.rows)
            progress(file.position(), 2 * file.source.size)
    return rows
