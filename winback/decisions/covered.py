"""The checkpoints of a folder, held against the log: what was signed must still be there, unchanged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from winback.decisions.checkpoint import Checkpoint, checkpoint_files, open_checkpoint, read_note
from winback.decisions.note import NotSigned, VerifierKey
from winback.decisions.proof import LogTree
from winback.decisions.remembered import remembered, remembers_any
from winback.decisions.rows import Problem, pages, span
from winback.errors import InputError
from winback.store.models import Seal

FILE = re.compile(r"checkpoint-(\d{1,12})\.txt")


@dataclass(frozen=True)
class Kept:
    """The checkpoints to check by: those of `folder`, signed with `key`; None: there is no key to check with.

    `configured`: the settings name the folder, so that it must be there.
    """

    folder: Path
    key: VerifierKey | None
    configured: bool = False


class Covered:
    """Reads a folder once. `found` are the checkpoints that the key has signed, in the order of their numbers."""

    def __init__(self, kept: Kept | None) -> None:
        self.kept = kept
        self.found: list[Checkpoint] = []

    def check(self, session: Session, entries: int) -> Iterator[Problem]:
        """Signatures and numbers, then each size and root against a log of so many sealed entries."""
        if self.kept is not None:
            files = checkpoint_files(self.kept.folder)
            yield from self._open(self.kept, files, session)
            yield from self._taken_away(self.kept, files, session)
        yield from self._numbers()
        yield from self._missing(entries)
        yield from self._roots(session, entries)

    def _open(self, kept: Kept, files: list[Path], session: Session) -> Iterator[Problem]:
        if kept.configured and not kept.folder.is_dir():
            yield Problem("missing", f"the folder of the checkpoints, {kept.folder}")
        key = kept.key
        if key is None:
            if files or remembers_any(session):
                yield Problem("missing", "the key of the checkpoints: give it with --key")
            return
        for path in files:
            try:
                self.found.append(open_checkpoint(read_note(path), key))
            except NotSigned as error:
                yield Problem("altered", f"{path.name} {error}")
            except InputError as error:
                yield Problem("altered", f"{path.name} {error.what}")

    def _taken_away(self, kept: Kept, files: list[Path], session: Session) -> Iterator[Problem]:
        """The newest that the database remembers must be there, as it was."""
        try:
            known = remembered(session, kept.key) if kept.key else None
        except ValueError:
            yield Problem("altered", "what the database remembers of the newest checkpoint")
            return
        if known is None:
            return
        last = max((int(found[1]) for path in files if (found := FILE.fullmatch(path.name))), default=0)
        if known.number > last:
            lost = span("checkpoint", "checkpoints", last + 1, known.number)
            yield Problem("missing", f"{lost}: the database remembers that it was written")
        for one in self.found:
            if one.number == known.number and (one.size, one.root) != (known.size, known.root):
                yield Problem("altered", f"{one.named} is not the one that the database remembers")

    def _numbers(self) -> Iterator[Problem]:
        """Numbers go up by one, sizes never down."""
        self.found.sort(key=lambda one: one.number)
        following, size = 1, 0
        for one in self.found:
            if one.number > following:
                yield Problem("missing", span("checkpoint", "checkpoints", following, one.number - 1))
            if one.number < following:
                yield Problem("altered", f"{one.named}: there are two of this number")
            if one.size < size:
                yield Problem("altered", f"{one.named} covers {one.size} entries, the one before it {size}")
            following, size = max(following, one.number + 1), max(size, one.size)

    def _missing(self, entries: int) -> Iterator[Problem]:
        most = max(self.found, key=lambda one: one.size, default=None)
        if most is not None and most.size > entries:
            lost = span("entry", "entries", entries, most.size - 1)
            yield Problem("missing", f"{lost}: {most.named} covers {most.size} entries")

    def _roots(self, session: Session, entries: int) -> Iterator[Problem]:
        """The first that does not agree is named; no later one can agree then."""
        covered = [one for one in self.found if one.size <= entries]
        roots = _sealed_roots(session, sorted({one.size for one in covered}))
        for one in covered:
            root = roots.get(one.size)
            if root is None:
                root = roots[one.size] = LogTree(session).root(0, one.size).hex()
            if root != one.root.hex():
                yield Problem("altered", f"the first {one.size} entries are not those of {one.named}")
                return


def _sealed_roots(session: Session, sizes: list[int]) -> dict[int, str]:
    """The roots of these sizes that were sealed; they have been held against the entries before."""
    size = col(Seal.size)
    found: dict[int, str] = {}
    for page in pages(sizes):
        found.update(session.exec(select(size, Seal.root).where(size.in_(page))).all())
    return found
