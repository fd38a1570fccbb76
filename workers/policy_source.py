"""The policy in force: read again when its files change, kept when the change is broken."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from policies.policy import Policy
from winback.errors import InputError
from winback.yamlfile import is_folder

Stamp = tuple[tuple[str, int, int, int, int], ...]
NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that was broken. The last good policy stays in force."""

    reason: str
    author: str


class PolicySource:
    """Loads once, and again at a `refresh` whenever a file has changed.

    A policy that is broken at the start is an error; one that breaks later is refused.

    Raises:
        InputError: the policy cannot be used.
    """

    def __init__(self, path: Path, load: Callable[[], Policy]) -> None:
        self.path = path
        self._load = load
        self._stamp = self._look()
        self.policy = load()
        self.recorded: str | None = None
        """The hash that was last written down as being in force."""

    def refresh(self) -> Refused | None:
        """Look at the files, and take a changed policy over unless it is broken."""
        stamp = self._look()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            self.policy = self._load()
        except InputError as error:
            return Refused(str(error), self.author())
        return None

    def author(self) -> str:
        """Who the policy says wrote it, else who owns the file that was changed last."""
        return self.policy.author or _owner(max(self._stamp, key=lambda one: one[1], default=None))

    def _look(self) -> Stamp:
        # Whatever comes into a folder is looked at: what may not be there is refused, not overlooked.
        files = sorted(self.path.rglob("*")) if is_folder(self.path) else [self.path]
        # Times can be carried over by a copy; the moment of the change itself and the file's number cannot.
        return tuple(
            (str(one), s.st_mtime_ns, s.st_size, s.st_ctime_ns, s.st_ino) for one in files if (s := _stat(one))
        )


def _owner(newest: tuple[str, int, int, int, int] | None) -> str:
    try:
        return Path(newest[0]).owner() if newest else NOBODY
    except (KeyError, NotImplementedError, OSError):
        return NOBODY


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None
