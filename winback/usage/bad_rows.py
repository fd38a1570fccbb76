"""Refused rows, written aside with their line and the reason, for a person to mend."""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from winback.usage.atomic import move_into_place, writing

LONGEST_VALUE = 300
# A spreadsheet runs a cell that starts so, and the person who mends the file opens it in one.
FORMULA = re.compile(r"\s*[=+\-@|%]|[\t\r\n]")


@dataclass(frozen=True, slots=True)
class BadRow:
    """`line` is the 1-based line of a CSV file (its header is on line 1), or the row of a Parquet file."""

    line: int
    column: str
    reason: str
    values: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class BadRows:
    """What was refused. `reasons` maps "column: reason" to how often, most frequent first."""

    count: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    side_file: Path | None = None


def write_bad_rows(
    folder: Path, source: Path, digest: str, columns: Sequence[str], rows: Iterable[BadRow]
) -> BadRows:
    """Write `rows` to `folder`/NAME-HASH8.csv; no rows, no file.

    Raises:
        SetupError: the folder cannot be written to.
    """
    reasons: Counter[str] = Counter()
    path = folder / f"{_safe_name(source)}-{digest[:8]}.csv"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream)
                writer.writerow(["line", "column", "reason", *map(as_text, columns)])
                for row in rows:
                    reasons[f"{row.column}: {row.reason}"] += 1
                    writer.writerow([row.line, as_text(row.column), row.reason, *map(as_text, row.values)])
            if reasons:
                move_into_place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return BadRows(reasons.total(), dict(reasons.most_common()), path if reasons else None)


def put_aside(bad: BadRows, folder: Path) -> BadRows:
    """Move a finished side file of the same file system to `folder`."""
    if bad.side_file is None:
        return bad
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / bad.side_file.name
    move_into_place(bad.side_file, final)
    return replace(bad, side_file=final)


def as_text(value: str | None) -> str:
    """A cell that no spreadsheet takes for a formula, cut to a length a person can read."""
    if not value:
        return ""
    shown = value[:LONGEST_VALUE] + ("…" if len(value) > LONGEST_VALUE else "")
    shown = shown.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return f"'{shown}" if FORMULA.match(shown) else shown


def _safe_name(source: Path) -> str:
    return re.sub(r"[^\w.-]+", "_", source.stem, flags=re.ASCII).strip("._")[:60] or "file"
