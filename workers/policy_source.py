"""The policy in force: read again when its files change, kept when the change is broken."""

import os
from collections.abc import Callable
from pathlib import Path

import structlog

from policies.policy import Policy
from winback.errors import InputError
from winback.yamlfile import is_folder

log = structlog.get_logger(__name__)

Stamp = tuple[tuple[str, int, int], ...]


class PolicySource:
    """Loads once, and again whenever a file's time or size changes.

    A policy that is broken at the start is an error; one that breaks later is refused with the
    reason in the event log, and the last good one stays in force.
    """

    def __init__(self, path: Path | None, load: Callable[[], Policy]) -> None:
        self._path = path
        self._load = load
        self._stamp = self._look()
        self._policy = load()

    def current(self) -> Policy:
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._reload()
        return self._policy

    def _reload(self) -> None:
        before = self._policy.hash
        try:
            self._policy = self._load()
        except InputError as error:
            log.error("policy.refused", reason=str(error), in_force=before)  # noqa: TRY400  the reason is the line
        else:
            log.info("policy.changed", before=before, now=self._policy.hash)

    def _look(self) -> Stamp:
        if self._path is None:
            return ()
        files = sorted(self._path.glob("*.yaml")) if is_folder(self._path) else [self._path]
        return tuple((str(one), s.st_mtime_ns, s.st_size) for one in files if (s := _stat(one)))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None
