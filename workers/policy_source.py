"""The policy in force: read again when its files change, kept when the change is broken."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from policies.load import author_of, is_nothing, texts_of
from policies.policy import Policy
from policies.rules.kill_switch import KillSwitch
from policies.switch import with_switches
from winback.errors import InputError
from winback.yamlfile import is_folder

Stamp = tuple[tuple[str, int, int, int, int], ...]
NOBODY = "unknown"


@dataclass(frozen=True, slots=True)
class Refused:
    """Files that cannot be used as they are, and who answers for them. The last good policy stays in force."""

    reason: str
    author: str


def nothing_kept() -> None:
    """No policy was in force before."""


class PolicySource:
    """Loads once, and again at a `refresh` whenever a file has changed.

    A policy that is broken is refused, and the last good one stays in force; at the start that is what
    `kept` gives. Without one it is an error, unless the policy is not `needed`: then there is none, and none
    either while its file is not there.

    Switches that are engaged beside the files stand above it.

    Raises:
        InputError: the policy cannot be used, and there is no earlier one.
    """

    def __init__(
        self,
        path: Path,
        load: Callable[[], Policy],
        kept: Callable[[], Policy | None] = nothing_kept,
        *,
        needed: bool = True,
    ) -> None:
        self.path = path
        self._load = load
        self._needed = needed
        self._stamp = self._look()
        self._switches: tuple[KillSwitch, ...] = ()
        self._one = Lock()
        self.texts: dict[str, str] | None = None
        """The files as the policy in force was read from them, by name; None where that is not known."""
        self.refused: Refused | None = None
        self.recorded: object = None
        """What was `standing` when it was last written down."""
        self.said: Refused | None = None
        """The refusal that this process has said on its screen."""
        self.loaded: Policy | None = None
        if self.gone():
            return
        try:
            self.loaded = self._read()
        except InputError as error:
            self.loaded = kept()
            if self.loaded is None and needed:
                raise
            self.refused = self._refusal(error)

    @property
    def policy(self) -> Policy:
        """The one in force."""
        if self.loaded is None:
            raise LookupError("no policy was ever in force here")
        return self.loaded

    def gone(self) -> bool:
        """Whether there is no policy because nobody put one there; one that is needed is broken then."""
        return not self._needed and is_nothing(self.path)

    @property
    def standing(self) -> object:
        """What is in force, and why the files are refused, if they are."""
        return self.loaded and self.loaded.hash, self.refused

    def refresh(self, switches: Sequence[KillSwitch] | None = None) -> None:
        """Look at the files, and take a changed policy over unless it is broken.

        `switches` are those engaged now; None: nobody has looked, and those stay that were.
        """
        with self._one:
            self._refresh(switches)

    def _refresh(self, switches: Sequence[KillSwitch] | None) -> None:
        stamp, loaded = self._look(), self.loaded
        if switches is not None and tuple(switches) != self._switches:
            self._switches = tuple(switches)
        elif stamp == self._stamp:
            return
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                loaded, self.refused = None if self.gone() else self._read(), None
            except InputError as error:
                self.refused = self._refusal(error)
        self.loaded = loaded and with_switches(loaded, self._switches)

    def _read(self) -> Policy:
        texts, loaded = texts_of(self.path), self._load()
        # A file that changes in between is read once more, at the next look.
        self.texts = texts if self._look() == self._stamp else None
        return loaded

    def author(self) -> str:
        """Who the policy says wrote it, else who owns the file that was changed last."""
        return self.policy.author or _owner(self._newest())

    def _refusal(self, error: InputError) -> Refused:
        """By whom the broken file says, else by its owner: the last good one's author is not to blame."""
        named = [one[0] for one in self._stamp if f"{error.where}:".startswith(f"{one[0]}:")]
        broken = Path(named[0]) if named else self._newest()
        return Refused(str(error), (broken and author_of(broken)) or _owner(broken))

    def _newest(self) -> Path | None:
        newest = max(self._stamp, key=lambda one: one[1], default=None)
        return Path(newest[0]) if newest else None

    def _look(self) -> Stamp:
        # Whatever comes into a folder is looked at: what may not be there is refused, not overlooked.
        files = sorted(self.path.rglob("*")) if is_folder(self.path) else [self.path]
        # Times can be carried over by a copy; the moment of the change itself and the file's number cannot.
        return tuple(
            (str(one), s.st_mtime_ns, s.st_size, s.st_ctime_ns, s.st_ino) for one in files if (s := _stat(one))
        )


def _owner(file: Path | None) -> str:
    try:
        return file.owner() if file else NOBODY
    except (KeyError, NotImplementedError, OSError):
        return NOBODY


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None
