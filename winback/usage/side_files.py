"""Finding one person's rows in the side files of refused rows, and taking them out."""

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from winback.usage.atomic import move_into_place, writing
from winback.usage.person_fields import HIDDEN

LEAST_WITHIN = 4
"""A shorter word counts only as a whole cell: within others it would mean anybody."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person goes by: keys, addresses and names, as a finder of them in text."""

    words: tuple[str, ...]

    def in_text(self, text: str, least: int = LEAST_WITHIN) -> bool:
        """Whether one of them is the text, or one of at least `least` characters stands in it as a word."""
        plain = _plain(text)
        return any(_stands_in(_plain(word), plain, least) for word in self.words if word.strip())

    def of_length(self, least: int) -> "Words":
        return Words(tuple(word for word in self.words if len(word) >= least))


@dataclass(frozen=True, slots=True)
class Trace:
    """How to know a person in a row of a file whose cells may be in the wrong columns.

    `addresses` tell by themselves. `names` (keys too) tell unless the row names one of the accounts
    `elsewhere` in one of the `columns` that name accounts; short ones only where it names one of
    `accounts`. A row of one of the accounts `gone` is theirs whatever else it says.
    """

    addresses: Words
    names: Words
    accounts: frozenset[str]
    elsewhere: frozenset[str]
    columns: frozenset[str]
    gone: frozenset[str] = frozenset()

    def in_row(self, header: Sequence[str], row: Sequence[str]) -> bool:
        cells = [cell for raw in row for cell in {raw, raw.removeprefix("'")} if cell]
        if any(self.addresses.in_text(cell, 0) for cell in cells):
            return True
        told = {
            cell.removeprefix("'").strip()
            for name, cell in zip(header, row, strict=False)
            if name.strip().casefold() in self.columns
        } - {""}
        if told & self.gone:
            return True
        if not told & self.accounts:
            named = self.names.of_length(LEAST_WITHIN)
            return not told & self.elsewhere and any(named.in_text(cell) for cell in cells)
        return any(self.names.in_text(cell) for cell in cells)


def _plain(text: str) -> str:
    return " ".join(HIDDEN.sub(" ", text).split()).casefold()


def _stands_in(word: str, text: str, least: int) -> bool:
    if word == text:
        return True
    if len(word) < least:
        return False
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def rows_about(folder: Path, trace: Trace) -> Iterator[tuple[str, dict[str, str]]]:
    """Name of the side file and the row, by column, for each that names the person."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            header = next(rows, [])
            for row in rows:
                if trace.in_row(header, row):
                    yield path.name, dict(zip(header, row, strict=False))


def remove_rows(folder: Path, trace: Trace) -> int:
    """Take the person's rows out of every side file, and half-written ones away; returns how many rows.

    Raises:
        SetupError: the folder cannot be written to.
    """
    removed = 0
    with writing(folder):
        for path in sorted(folder.glob("*.csv")):
            removed += _rewrite(path, trace)
        for path in folder.glob(".*.csv.*"):
            if not _is_alive(path.suffix):
                path.unlink(missing_ok=True)
    return removed


def _is_alive(suffix: str) -> bool:
    """Whether the process that a half-written file is named after still runs."""
    pid = suffix.removeprefix(".")
    return pid.isdecimal() and psutil.pid_exists(int(pid))


def _rewrite(path: Path, trace: Trace) -> int:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    removed = 0
    try:
        with (
            path.open(encoding="utf-8", newline="") as stream,
            temporary.open("w", encoding="utf-8", newline="") as kept,
        ):
            rows, writer = csv.reader(stream), csv.writer(kept)
            header = next(rows, [])
            writer.writerow(header)
            for row in rows:
                if trace.in_row(header, row):
                    removed += 1
                else:
                    writer.writerow(row)
        if removed:
            move_into_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return removed
