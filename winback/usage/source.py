"""What kind of file was given: decided by its content, not by its name."""

import codecs
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from winback.errors import InputError

SAMPLE_BYTES = 65_536
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
OTHER_KINDS = {
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "save the sheet as CSV, or unpack it"),
    b"\x1f\x8b": ("packed with gzip", "unpack it first"),
    b"(\xb5/\xfd": ("packed with zstd", "unpack it first"),
    b"%PDF": ("a PDF document", "export CSV or Parquet"),
    b"SQLite format 3": ("an SQLite database", "export CSV or Parquet"),
}


class Kind(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Source:
    """A readable file, as it was when it was opened. `encoding` is of a CSV file."""

    path: Path
    kind: Kind
    size: int
    changed_ns: int
    sha256: str
    encoding: str = "utf-8-sig"

    def check_unchanged(self) -> None:
        """Raises InputError if the file was written to since: its hash would name other content."""
        try:
            now = self.path.stat()
        except OSError:
            now = None
        if now is None or (now.st_size, now.st_mtime_ns) != (self.size, self.changed_ns):
            raise InputError(
                "changed while it was read; nothing was imported",
                where=str(self.path),
                fix="import it when it is finished",
            )


def open_source(path: Path) -> Source:
    """Look at a file.

    Raises:
        InputError: not there, not readable, empty, or not a table.
    """
    if path.is_dir():
        raise InputError("is a folder", where=str(path), fix="name a CSV or Parquet file")
    try:
        with path.open("rb") as stream:
            before = path.stat()
            sample = stream.read(SAMPLE_BYTES)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix="check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise InputError(
            f"cannot be read: {reason.lower()}", where=str(path), fix="check its permissions"
        ) from None
    kind, encoding = _look(sample, path)
    return Source(path, kind, before.st_size, before.st_mtime_ns, digest, encoding)


def _look(sample: bytes, path: Path) -> tuple[Kind, str]:
    if not sample.strip():
        raise InputError("is empty", where=str(path), fix="export it again, with a header and rows")
    if sample.startswith(b"PAR1"):
        return Kind.PARQUET, ""
    for magic, (what, fix) in OTHER_KINDS.items():
        if sample.startswith(magic):
            raise InputError(f"is {what}, not CSV or Parquet", where=str(path), fix=fix)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Kind.CSV, "utf-16"
    if BINARY.search(sample.split(b"\n", 1)[0]):
        raise InputError("is neither CSV nor Parquet", where=str(path), fix="export CSV or Parquet")
    return Kind.CSV, "utf-8-sig"
