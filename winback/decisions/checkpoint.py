"""Signed checkpoints: the log's size and root at a time, in a file that somebody else can keep.

The text is that of C2SP tlog-checkpoint, with two lines more: when it was signed, and its number.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from winback.clock import aware
from winback.decisions.log import last_tree, seal
from winback.decisions.note import NotSigned, SigningKey, VerifierKey
from winback.decisions.once import write_once
from winback.decisions.proof import LogTree
from winback.decisions.remembered import Remembered, remember, remembered
from winback.decisions.tree import Tree
from winback.errors import InputError, IntegrityError
from winback.store.store import Store
from winback.usage.atomic import writing

TEXT = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9]\d{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
    r"time (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\nnumber (?P<number>[1-9]\d{0,11})\n"
)
LARGEST = 16_384
"""Bytes of a checkpoint file; a longer one is none."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says: the log of this origin had `size` entries with this root. `number` counts from 1."""

    origin: str
    size: int
    root: bytes
    time: datetime
    number: int

    @property
    def text(self) -> str:
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.time:%Y-%m-%dT%H:%M:%SZ}\nnumber {self.number}\n"

    @property
    def named(self) -> str:
        """For a person."""
        return f"checkpoint {self.number} of {self.time:%Y-%m-%d %H:%M} UTC"


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """What a note says that this key has signed.

    Raises:
        NotSigned: it has not, or this is no checkpoint.
    """
    found = TEXT.fullmatch(key.open(note))
    try:
        time = datetime.strptime(found["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if found else None
    except ValueError:
        time = None
    if found is None or time is None:
        raise NotSigned("is signed, but no checkpoint")
    return Checkpoint(
        found["origin"], int(found["size"]), base64.b64decode(found["root"]), time, int(found["number"])
    )


def read_note(path: Path) -> str:
    """The note in a file.

    Raises:
        InputError: it cannot be read as text.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)[:LARGEST].decode()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(f"cannot be read ({reason})", where=str(path), fix="check the name") from None
    except UnicodeDecodeError:
        raise InputError(
            "is not a checkpoint", where=str(path), fix="name a file of the checkpoint folder"
        ) from None


def checkpoint_files(folder: Path) -> list[Path]:
    """The files of a folder, in the order of their numbers."""
    return sorted(folder.glob("checkpoint-*.txt"))


def newest_checkpoint(folder: Path, key: VerifierKey) -> tuple[Checkpoint, str] | None:
    """The newest one with its note.

    Raises:
        InputError: its file cannot be read.
        IntegrityError: it is not as this key signed it.
    """
    files = checkpoint_files(folder)
    if not files:
        return None
    note = read_note(files[-1])
    try:
        return open_checkpoint(note, key), note
    except NotSigned as error:
        raise IntegrityError(
            str(error), where=str(files[-1]), fix="keep its key, or begin another folder"
        ) from None


def write_checkpoint(store: Store, folder: Path, key: SigningKey, at: datetime) -> Checkpoint:
    """Seal, sign, write, and let the database remember it; also when nothing has happened since the last one.

    One at a time: a second waits.

    Raises:
        SetupError: the folder cannot be written.
        IntegrityError: the entries are not those of the last one any more: then nothing is signed.
    """
    seal(store, at)
    with store.write("checkpoint") as session, writing(folder):
        store.lock(session, "checkpoint")
        folder.mkdir(exist_ok=True)
        newest, known = newest_checkpoint(folder, key.verifier), _remembered(session, key.verifier)
        tree = last_tree(session)
        _refuse_another_log(session, tree, [one for one in (newest and newest[0], known) if one])
        number = 1 + max(newest[0].number if newest else 0, known.number if known else 0)
        while True:
            made = Checkpoint(key.name, tree.size, tree.root(), aware(at).replace(microsecond=0), number)
            if write_once(folder / f"checkpoint-{number:08}.txt", key.sign(made.text).encode()):
                remember(session, key.verifier, made.number, made.size, made.root)
                return made
            number += 1


def _remembered(session: Session, key: VerifierKey) -> Remembered | None:
    try:
        return remembered(session, key)
    except ValueError as error:
        raise IntegrityError(f"what the database holds is {error}", fix="see 'winback log verify'") from None


def _refuse_another_log(session: Session, tree: Tree, signed: Sequence[Checkpoint | Remembered]) -> None:
    """The leaves must give every root that was signed on the way, and the sealed one at the end."""
    leaves, grown = LogTree(session), Tree()
    for one in sorted(signed, key=lambda one: one.size):
        if one.size <= tree.size:
            leaves.grow(grown, one.size)
        if one.size > tree.size or grown.root() != one.root:
            raise IntegrityError(
                f"the log is not the one of {one.named} any more, so no other is signed",
                fix="see 'winback log verify'",
            )
    leaves.grow(grown, tree.size)
    if grown.root() != tree.root():
        raise IntegrityError("the newest seal is not that of the entries", fix="see 'winback log verify'")
