"""CSV of any sane dialect, row by row, each with the line it starts on."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, NamedTuple, Protocol

from winback.errors import InputError
from winback.usage.source import Source

DELIMITERS = (",", ";", "\t", "|")
LONGEST_HEADER = 131_072
BATCH = 16_384
LINE_END = re.compile(r"\r\n|\r|\n")

FIELDS = "row_fields"
MALFORMED = "row_malformed"


class Progress(Protocol):
    """Called with the work done and the work in all (None: not known), in any one unit."""

    def __call__(self, done: int, total: int | None, /) -> None: ...


class Record(NamedTuple):
    """One row. `problem` is FIELDS or MALFORMED when the row does not fit the header."""

    line: int
    values: Sequence[str]
    problem: str | None = None


class Batch(NamedTuple):
    """Rows side by side: their lines, their values, and what is wrong with each."""

    lines: Sequence[int]
    rows: Sequence[Sequence[str]]
    problems: Sequence[str | None]


class CsvFile:
    """An open CSV file, its header read.

    Text that is not in the file's encoding comes out as U+FFFD, which the checks of keys refuse.
    """

    def __init__(self, source: Source, binary: BinaryIO) -> None:
        self.source = source
        self._binary = binary
        stream = io.TextIOWrapper(binary, encoding=source.encoding, errors="replace", newline="")
        self._stream = stream
        delimiter, first = self._find_header()
        self._reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True)
        self._before = first - 1
        self.header = self._read_header()

    def _find_header(self) -> tuple[str, int]:
        """The delimiter, and the line number of the header, where the stream then stands."""
        line, number, start = "", 0, 0
        named = None
        while not line.strip():
            start = self._stream.tell()
            line, number = self._stream.readline(LONGEST_HEADER), number + 1
            if not line:
                raise InputError(
                    "is empty", where=str(self.source.path), fix="export it again, with a header and rows"
                )
            if line.lower().startswith("sep=") and len(line.strip()) <= 5:
                named, line = line[4:5].strip("\r\n") or None, ""
        if len(line) >= LONGEST_HEADER:
            raise self._not_a_table(number)
        self._stream.seek(start)
        return named or max(DELIMITERS, key=lambda one: _width(line, one)), number

    def _read_header(self) -> tuple[str, ...]:
        try:
            names = tuple(name.strip() for name in next(self._reader))
        except (csv.Error, StopIteration):
            names = ()
        if len(names) < 2 or any("\0" in name for name in names):
            raise self._not_a_table(self._before + 1)
        return names

    def _not_a_table(self, line: int) -> InputError:
        return InputError(
            "is not a table: the first line has no column names between commas, semicolons or tabs",
            where=f"{self.source.path}:{line}",
            fix="export CSV with a header, or Parquet",
        )

    def position(self) -> int:
        """Bytes read so far."""
        return self._binary.tell()

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """Every row but blank ones, at most `size` at a time."""
        reader, width = self._reader, len(self.header)
        while True:
            start, rows, broken = reader.line_num, list[list[str]](), False
            try:
                for row in islice(reader, size):
                    rows.append(row)
            except csv.Error:
                broken = True
            if not rows and not broken:
                return
            if not broken and reader.line_num - start == len(rows) and {width} == set(map(len, rows)):
                first = self._before + start + 1
                yield Batch(range(first, first + len(rows)), rows, [None] * len(rows))
            else:
                yield self._uneven(start, rows, broken=broken)

    def records(self) -> Iterator[Record]:
        """Row by row; one that does not fit the header carries a problem."""
        for batch in self.batches():
            yield from map(Record, *batch)

    def _uneven(self, start: int, rows: list[list[str]], *, broken: bool) -> Batch:
        """A batch in which some row is blank, spans lines or does not fit the header."""
        line, width = self._before + start + 1, len(self.header)
        records: list[Record] = []
        for row in rows:
            if row:
                extra = any(value.strip() for value in row[width:])
                problem = FIELDS if len(row) < width or extra else None
                records.append(Record(line, (row + [""] * width)[:width], problem))
            line += 1 + sum(len(LINE_END.findall(value)) for value in row)
        if broken:
            records.append(Record(line, [""] * width, MALFORMED))
        return Batch(
            [one.line for one in records], [one.values for one in records], [one.problem for one in records]
        )


def _width(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter)))
    except (csv.Error, StopIteration):
        return 0


@contextmanager
def open_csv(source: Source) -> Iterator[CsvFile]:
    """Open a CSV file.

    Raises:
        InputError: it has no header of at least two columns.
    """
    with source.path.open("rb") as binary:
        try:
            yield CsvFile(source, binary)
        except UnicodeError:
            raise InputError("is not text", where=str(source.path), fix="save it as UTF-8") from None
