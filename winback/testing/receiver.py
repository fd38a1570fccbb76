"""A receiver with a memory of its own on disk: what it says it got outlives whoever sent it."""

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from winback.errors import SetupError

KEY, DELIVERED, REFUSED = "key-", "delivered", "refused"


@dataclass
class FolderReceiver:
    """Writes each delivery durably, in one indivisible step, before it answers.

    As `keyed` it refuses a key that it has, and counts that; as `lookup` it can be asked; as `blind` it takes
    everything. `failures` are raised by the next sends, first first; a MaybeSent did arrive where `lost` is set.
    `pause_seconds` pass before a delivery and again before its answer, so that faults fall there.
    """

    folder: Path
    capability: Capability = "keyed"
    name: str = "folder"
    failures: list[NotSent | MaybeSent] = field(default_factory=list)
    lost: bool = True
    pause_seconds: float = 0.0

    @property
    def can_tell(self) -> bool:
        return self.capability != "blind"

    def send(self, parcel: Parcel) -> Receipt:
        time.sleep(self.pause_seconds)
        failure = self.failures.pop(0) if self.failures else None
        if failure is None or (isinstance(failure, MaybeSent) and self.lost):
            self._take(parcel.key)
        time.sleep(self.pause_seconds)
        if failure is not None:
            raise failure
        return self._receipt(parcel.key)

    def lookup(self, key: str) -> Receipt | None:
        if self.capability == "blind":
            raise MaybeSent("a blind receiver cannot tell")
        return self._receipt(key) if key in self.delivered() else None

    def probe(self) -> None:
        if not self.folder.is_dir():
            raise SetupError("folder of the receiver is gone", where=str(self.folder), fix="make it")

    def delivered(self) -> Counter[str]:
        """How often each key was taken: more than once is a customer who got it twice."""
        if self.capability == "keyed":
            return Counter(one.name.removeprefix(KEY) for one in self.folder.glob(f"{KEY}*"))
        return self._lines(DELIVERED)

    def refused(self) -> Counter[str]:
        """How often each key was refused as a repeat."""
        return self._lines(REFUSED)

    def _take(self, key: str) -> None:
        if self.capability != "keyed":
            self._write(DELIVERED, f"{key}\n", os.O_APPEND)
            return
        try:
            # Of two who bring the same key at once, one gets in: the file system decides.
            self._write(KEY + key, "", os.O_EXCL)
        except FileExistsError:
            self._write(REFUSED, f"{key}\n", os.O_APPEND)

    def _write(self, name: str, line: str, how: int) -> None:
        file = os.open(self.folder / name, os.O_CREAT | os.O_WRONLY | how, 0o600)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)

    def _lines(self, name: str) -> Counter[str]:
        path = self.folder / name
        return Counter(path.read_text(encoding="ascii").split() if path.exists() else ())

    def _receipt(self, key: str) -> Receipt:
        kept = self.folder / (KEY + key if self.capability == "keyed" else DELIVERED)
        at = datetime.fromtimestamp(kept.stat().st_mtime, UTC)
        return Receipt(channel=self.name, reference=key[:12], answer="kept", at=at)
