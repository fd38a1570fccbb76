"""Files that are there whole or not at all, whatever kills the process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from winback.errors import SetupError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn a failure to write in `folder` into one line.

    Raises:
        SetupError: not a folder, no permission, no room.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise SetupError(
            f"cannot write here: {reason}",
            where=str(folder),
            fix="make it a folder this user may write to, with room on the disk",
        ) from None


def move_into_place(temporary: Path, final: Path) -> None:
    """Rename a finished file, both on the disk before this returns; same file system only."""
    _sync(temporary)
    temporary.replace(final)
    if os.name == "posix":
        _sync(final.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` by `content`; a reader sees the old or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    move_into_place(temporary, path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
