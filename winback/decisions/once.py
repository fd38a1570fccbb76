"""Files that are written once: whole or not at all, and never over another's."""

import os
import secrets
from pathlib import Path


def write_once(path: Path, content: bytes, *, mode: int = 0o644) -> bool:
    """Write a file that is not there yet; False when there is one, which stays as it is.

    Raises:
        OSError: the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        return _place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _place(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links: here two writers in the same instant would not see each other.
        if path.exists():
            return False
        temporary.replace(path)
    return True
