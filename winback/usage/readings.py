"""SQL that reads a column of any type as keys, days or counts.

Columns arrive under names of ours (`Field.sql`), so nothing a customer wrote is part of the SQL.
"""

from dataclasses import dataclass
from datetime import date

from winback.errors import InputError

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
WIDE_INTEGERS = ("UBIGINT", "HUGEINT", "UHUGEINT")
FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
NUMBERS = (*INTEGERS, *WIDE_INTEGERS, *FRACTIONS)
PLAIN = (*NUMBERS, "UUID", "BOOLEAN", "ENUM", "DATE", "TIMESTAMP")
FARTHEST_DAY = 100_000

DAY_TEXT = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?( ?(Z|z|UTC|[+-]\d{2}(:?\d{2})?))?)?"
WITH_OFFSET = r".*:\d{2}.*(Z|z|UTC|[+-]\d{2}(:?\d{2})?)"
WHOLE_TEXT = r"[+-]?\d+([.]0*)?"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the file: its role, its own name for messages, its DuckDB type, and the file."""

    role: str
    name: str
    kind: str
    where: str

    @property
    def sql(self) -> str:
        return f"source_{self.role}"

    @property
    def base(self) -> str:
        """DECIMAL of DECIMAL(18,3), TIMESTAMP of TIMESTAMP_NS; a list of anything is only itself."""
        if self.kind.endswith("]"):
            return self.kind
        return self.kind.split("(")[0].removesuffix("_NS").removesuffix("_MS").removesuffix("_S")

    def unusable(self, needed: str) -> InputError:
        return InputError(
            f"column {self.name!r} ({self.role}) holds {self.kind[:40]}, not {needed}",
            where=self.where,
            fix="export it as plain values",
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """SQL of a value, of whether it is not there, and of whether it has the shape it should have."""

    value: str
    missing: str
    shaped: str = "true"


def text(value: str) -> str:
    """A SQL string."""
    return "'" + value.replace("'", "''") + "'"


def read_key(field: Field) -> str:
    """SQL of a key as text. Whole numbers that a tool made into fractions lose their `.0`.

    Raises:
        InputError: the column is nested or binary.
    """
    if field.base == "VARCHAR":
        return field.sql
    if field.base in ("FLOAT", "DOUBLE"):
        whole = f"{field.sql} = trunc({field.sql}) AND abs({field.sql}) < 1e15"
        return (
            f"CASE WHEN isnan({field.sql}) THEN NULL"
            f" WHEN {whole} THEN CAST(TRY_CAST({field.sql} AS BIGINT) AS VARCHAR)"
            f" ELSE CAST({field.sql} AS VARCHAR) END"
        )
    if field.base not in PLAIN:
        raise field.unusable("text or numbers")
    return f"CAST({field.sql} AS VARCHAR)"


def read_count(field: Field | None) -> Reading:
    """SQL of a whole number, NULL where it is too large; without a column, once a row.

    Raises:
        InputError: the column holds neither numbers nor text.
    """
    if field is None:
        return Reading("1", "false")
    absent, cast = f"{field.sql} IS NULL", f"TRY_CAST({field.sql} AS BIGINT)"
    if field.base in (*INTEGERS, *WIDE_INTEGERS):
        return Reading(cast, absent)
    if field.base in FRACTIONS:
        nan = "" if field.base == "DECIMAL" else f" OR isnan({field.sql})"
        return Reading(cast, f"({absent}{nan})", f"{field.sql} = trunc({field.sql})")
    if field.base != "VARCHAR":
        raise field.unusable("numbers")
    trimmed = f"trim({field.sql})"
    shaped = f"regexp_full_match({trimmed}, '{WHOLE_TEXT}')"
    value = f"CASE WHEN {shaped} THEN TRY_CAST(split_part({trimmed}, '.', 1) AS BIGINT) END"
    return Reading(value, f"coalesce({trimmed}, '') = ''", shaped)


def read_day(field: Field, zone: str, epoch: date | None) -> Reading:
    """SQL of a DATE: as it stands, of a timestamp's moment in `zone`, or counted from `epoch`.

    Raises:
        InputError: numbers with no epoch, dates with one, or another type.
    """
    if field.base in NUMBERS and epoch is None:
        what = f"column {field.name!r} (day) holds numbers, not dates"
        raise InputError(what, where=field.where, fix="say which date day 0 is with --day-zero DATE")
    if epoch is not None:
        return _read_day_number(field, epoch)
    if field.base == "VARCHAR":
        return _read_day_text(f"trim({field.sql})", zone)
    if field.base == "TIMESTAMP WITH TIME ZONE":
        local = f"timezone({text(zone)}, {field.sql})"
        return Reading(f"TRY_CAST({local} AS DATE)", f"{field.sql} IS NULL")
    if field.base in ("DATE", "TIMESTAMP"):
        return Reading(f"TRY_CAST({field.sql} AS DATE)", f"{field.sql} IS NULL")
    raise field.unusable("dates")


def _read_day_number(field: Field, epoch: date) -> Reading:
    if field.base not in (*NUMBERS, "VARCHAR"):
        what = f"column {field.name!r} (day) holds dates, not numbers"
        raise InputError(what, where=field.where, fix="leave --day-zero out")
    number = read_count(field)
    near = f"CASE WHEN abs({number.value}) <= {FARTHEST_DAY} THEN {number.value} END"
    return Reading(f"(DATE {text(epoch.isoformat())} + CAST({near} AS INTEGER))", number.missing, number.shaped)


def _read_day_text(trimmed: str, zone: str) -> Reading:
    shaped = f"regexp_full_match({trimmed}, '{DAY_TEXT}')"
    local = f"timezone({text(zone)}, TRY_CAST({trimmed} AS TIMESTAMPTZ))"
    value = (
        f"CASE WHEN NOT {shaped} THEN NULL WHEN length({trimmed}) = 10 THEN TRY_CAST({trimmed} AS DATE)"
        f" WHEN regexp_full_match({trimmed}, '{WITH_OFFSET}') THEN CAST({local} AS DATE)"
        f" ELSE CAST(TRY_CAST({trimmed} AS TIMESTAMP) AS DATE) END"
    )
    return Reading(value, f"coalesce({trimmed}, '') = ''", shaped)
