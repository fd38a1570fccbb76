"""An append-only file of JSON lines that several processes write: one line per key, whole or not at all.

A line counts once it ends with a line end. What stands behind the last line end was being written when
its process died; nobody was told that it stands, so the next writer cuts it off.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from winback.errors import SetupError, WinbackError

WAIT_SECONDS = 10.0
POLL_SECONDS = 0.005
BLOCK = 1 << 20
MODE = 0o640

Check = Callable[[dict[str, Any]], object]
"""Raises KeyError, TypeError or ValueError."""


class Unwritten(WinbackError):  # noqa: N818 - it names what is known
    """The line does not stand."""


class Unsure(WinbackError):  # noqa: N818
    """The line may stand or not: the disk did not confirm it."""


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1."""

    number: int
    values: dict[str, Any]


@dataclass
class Pages:
    """What was read of the file so far."""

    inode: int = 0
    size: int = 0
    last: bytes = b""
    lines: list[Line] = field(default_factory=list)
    by_key: dict[str, Line] = field(default_factory=dict)

    def take(self, raw: bytes, check: Check) -> None:
        values = json.loads(raw)
        check(values)
        line = Line(len(self.lines) + 1, values)
        self.by_key[values["key"]] = line
        self.lines.append(line)
        self.size += len(raw)
        self.last = raw

    def are_of(self, handle: int) -> bool:
        """Whether the file is the same one, and only grew."""
        seen = os.pread(handle, len(self.last), self.size - len(self.last))
        return os.fstat(handle).st_ino == self.inode and seen == self.last


class Journal:
    """The file `path`. Every line has a `key`; `check` raises for what else is not a line of this file."""

    def __init__(self, path: Path, check: Check) -> None:
        self.path = path
        self._check = check
        self._pages = Pages()

    @contextlib.contextmanager
    def held(self) -> Iterator["Held"]:
        """Nobody else writes meanwhile; a process that froze with the lock is waited for ten seconds.

        Raises:
            Unwritten: the lock or the file cannot be had now.
            SetupError: a line is not one of ours.
        """
        with contextlib.ExitStack() as stack:
            try:
                handle = self._open(stack)
                self._heal(handle)
            except OSError as error:
                raise Unwritten(f"{self.path}: {plain(error)}") from None
            yield Held(self, handle)

    def read(self) -> tuple[Line, ...]:
        """Every whole line, without waiting for a writer.

        Raises:
            SetupError: the file cannot be read.
        """
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise SetupError(plain(error), where=str(self.path), fix="mend its permissions") from None
        try:
            self.catch_up(handle)
        except OSError as error:
            raise SetupError(plain(error), where=str(self.path), fix="mend the disk") from None
        finally:
            os.close(handle)
        return self.lines()

    def catch_up(self, handle: int) -> None:
        """Read what others wrote since, from the start if the file is another one."""
        if not self._pages.are_of(handle):
            self._pages = Pages(os.fstat(handle).st_ino)
        rest, offset = b"", self._pages.size
        while block := os.pread(handle, BLOCK, offset):
            offset += len(block)
            *whole, rest = (rest + block).split(b"\n")
            for raw in whole:
                self._take(raw + b"\n")

    def lines(self) -> tuple[Line, ...]:
        """What was read."""
        return tuple(self._pages.lines)

    def find(self, key: str) -> Line | None:
        """Among what was read."""
        return self._pages.by_key.get(key)

    @property
    def size(self) -> int:
        """Bytes up to the end of the last whole line that was read."""
        return self._pages.size

    def _take(self, raw: bytes) -> None:
        try:
            self._pages.take(raw, self._check)
        except (ValueError, KeyError, TypeError):
            raise SetupError(
                "is not a line of the ledger",
                where=f"{self.path}:{len(self._pages.lines) + 1}",
                fix="put it back as it was: nothing is written until then",
            ) from None

    def _open(self, stack: contextlib.ExitStack) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_name(f".{self.path.stem}.lock"), os.O_RDWR | os.O_CREAT, MODE)
        stack.callback(os.close, lock)
        _lock(lock)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, MODE)
        stack.callback(os.close, handle)
        if not os.fstat(handle).st_size:
            # Before its first line a file must be where a power cut finds it again.
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
        return handle

    def _heal(self, handle: int) -> None:
        self.catch_up(handle)
        if os.fstat(handle).st_size > self.size:
            os.ftruncate(handle, self.size)


@dataclass(frozen=True, slots=True)
class Held:
    """The file while it is ours alone."""

    journal: Journal
    handle: int

    def append(self, values: dict[str, Any]) -> Line:
        """Write one line and wait until the disk has it; if it stands already, only wait.

        Raises:
            Unwritten, Unsure: as they say.
        """
        if (earlier := self.journal.find(values["key"])) is not None:
            # Whoever wrote it may have died before the disk confirmed it.
            self._confirm()
            return earlier
        before = self.journal.size
        try:
            self._write(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            self._confirm()
        except (Unwritten, Unsure):
            # A line that the disk refused once must not be taken for a kept one by the next try. If it cannot
            # be taken off, half a line counts for nothing and a whole one stands for itself.
            with contextlib.suppress(OSError):
                os.ftruncate(self.handle, before)
            raise
        self.journal.catch_up(self.handle)
        return self.journal.lines()[-1]

    def _write(self, raw: bytes) -> None:
        try:
            written = os.write(self.handle, raw)
        except OSError as error:
            raise Unwritten(f"{self.journal.path}: {plain(error)}") from None
        if written != len(raw):
            raise Unwritten(f"{self.journal.path}: the disk took {written} of {len(raw)} bytes")

    def _confirm(self) -> None:
        try:
            os.fsync(self.handle)
        except OSError as error:
            raise Unsure(f"{self.journal.path}: {plain(error)}") from None


def replace_file(path: Path, content: bytes) -> None:
    """The whole new content, or the old one, whatever dies in between; one writer at a time.

    Raises:
        OSError: it could not be written; the old one stands.
    """
    beside = path.with_name(f".{path.name}.writing")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of the files in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def plain(error: OSError) -> str:
    """The reason without the path."""
    return error.strerror or type(error).__name__


def _lock(handle: int) -> None:
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise TimeoutError(0, "another process holds it and does not move") from None
        time.sleep(POLL_SECONDS)
