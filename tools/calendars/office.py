"""The default: office hours as the catalogue has them, and a folder with the calls as .ics files.

Nothing leaves the machine. One file for each call, replaced whole, by one rename, when the call is changed.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tools.calendars.event import PREFIX, Held, entry, held_in, kept, payload_of, resource_name, standing
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.tool import Busy
from winback.errors import SetupError

_LOCK = ".lock"
_HALF = ".writing"


class OfficeCalendar:
    """A host of whom nothing is known but the hours; what Winback itself gave away is known elsewhere."""

    def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        del start, end
        return ()

    def probe(self) -> None:
        """There is nothing to ask."""


class OfficeEvents:
    """Keyed: a file's name is made from the call's UID, and the file tells the keys of all its versions."""

    name = "office"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, parcel: Parcel) -> Receipt:
        payload = payload_of(parcel)
        name = resource_name(payload.uid)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                held = _held(self._folder / name)
                if (found := standing(held, payload, parcel.key)) == "write":
                    self._put(name, entry(parcel, payload, held))
                    answer = "cancelled" if payload.cancelled else "changed" if held else "written"
                else:
                    answer = kept(found)
        except OSError as error:
            raise NotSent(f"folder {self._folder}: {_plain(error)}", retry=True) from None
        except ValueError as error:
            raise NotSent(f"{name} {error}", retry=False) from None
        try:
            _sync(self._folder)
        except OSError as error:
            raise MaybeSent(f"folder {self._folder}: {_plain(error)}") from None
        return Receipt(self.name, name, answer, parcel.sent_at)

    def lookup(self, key: str) -> Receipt | None:
        try:
            for path in sorted(self._folder.glob(f"{PREFIX}*.ics")):
                held = _held(path)
                if held and key in (one for _, one in held.keys):
                    return Receipt(self.name, path.name, "there", held.stamp)
        except (OSError, ValueError) as error:
            raise MaybeSent(f"folder {self._folder} cannot be read: {error}") from None
        return None

    def probe(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                file.write(b"probe")
        except OSError as error:
            raise SetupError(
                f"cannot be written: {_plain(error)}", where=str(self._folder), fix="mend its permissions"
            ) from None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Between reading a version and writing the next nobody else writes; a killed writer lets go."""
        with (self._folder / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _put(self, name: str, content: bytes) -> None:
        half = self._folder / _HALF
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self._folder / name)


def _held(path: Path) -> Held | None:
    try:
        return held_in(path.read_bytes())
    except FileNotFoundError:
        return None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(error: OSError) -> str:
    return error.strerror or type(error).__name__
