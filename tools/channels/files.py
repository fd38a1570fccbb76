"""The default channel: a folder with what would have gone out. Nothing leaves the machine.

Each effect is one folder that appears whole, by one rename, or not at all.
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from prompts.message import clean
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from tools.channels.email_message import email_message, message_id
from winback.clock import aware
from winback.errors import SetupError

RECORD = "effect.json"
_HIDDEN = ".writing-"


class FilesChannel:
    """Keyed: a folder's name is made from the effect's key, and a name exists once."""

    name = "files"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, parcel: Parcel) -> Receipt:
        """Write the effect's folder; if it is there already, return its receipt and write nothing."""
        final = self.folder / folder_name(parcel)
        files = {**_mail(parcel), RECORD: _json(_record(parcel))}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            if not final.exists():
                self._write(final, files)
        except OSError as error:
            raise NotSent(f"folder {self.folder}: {_plain(error)}", retry=True) from None
        try:
            _sync(self.folder)
        except OSError as error:
            raise MaybeSent(f"folder {self.folder}: {_plain(error)}") from None
        return _receipt(final, parcel.key)

    def lookup(self, key: str) -> Receipt | None:
        try:
            found = [one for one in self.folder.glob(f"*-{key[:12]}") if not one.name.startswith(_HIDDEN)]
        except OSError as error:
            raise MaybeSent(f"folder {self.folder}: {_plain(error)}") from None
        return _receipt(found[0], key) if found else None

    def probe(self) -> None:
        """Raises SetupError when nothing can be written into the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(b"probe")
        except OSError as error:
            raise SetupError(
                f"cannot be written: {_plain(error)}",
                where=str(self.folder),
                fix="mend its permissions or set channels.folder",
            ) from None

    def _write(self, final: Path, files: dict[str, bytes]) -> None:
        with self._hidden_folder() as hidden:
            for name, content in files.items():
                _write_file(hidden / name, content)
            _sync(hidden)
            # Where the name exists this fails: another worker wrote the same effect first.
            with contextlib.suppress(FileExistsError):
                _rename(hidden, final)

    @contextlib.contextmanager
    def _hidden_folder(self) -> Iterator[Path]:
        """A folder of our own, locked while we live, gone afterwards unless renamed."""
        while True:
            hidden = Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=self.folder))
            handle = _locked(hidden)
            if handle is not None:
                break
        try:
            yield hidden
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
            os.close(handle)

    def _sweep(self) -> None:
        """Remove what a killed run left half-written: a folder that nobody holds locked."""
        for hidden in self.folder.glob(f"{_HIDDEN}*"):
            if (handle := _locked(hidden)) is not None:
                shutil.rmtree(hidden, ignore_errors=True)
                os.close(handle)


def folder_name(parcel: Parcel) -> str:
    """`case-tool-key`, the key's first twelve digits."""
    return f"{parcel.case_id}-{parcel.tool}-{parcel.key[:12]}"


def _mail(parcel: Parcel) -> dict[str, bytes]:
    beside = {one.name: one.content for one in parcel.attachments}
    for name in beside:
        if not name or name != Path(name).name or name in (RECORD, "message.eml") or name.startswith("."):
            raise NotSent(f"attachment {clean(name, 80)!r} has no usable name", retry=False)
    return {"message.eml": email_message(parcel).as_bytes(), **beside}


def _record(parcel: Parcel) -> dict[str, Any]:
    return {
        "key": parcel.key,
        "case": parcel.case_id,
        "tool": parcel.tool,
        "to": {"name": clean(parcel.recipient_name, 80), "address": parcel.recipient_address},
        "from": {"name": clean(parcel.sender_name, 80), "address": parcel.sender_address},
        "reply_to": parcel.reply_to,
        "message_id": message_id(parcel),
        "language": parcel.message.language,
        "subject": parcel.message.subject,
        "body": parcel.message.body,
        "template": f"{parcel.message.template}@{parcel.message.template_version}",
        "why": parcel.why,
        "attachments": [one.name for one in parcel.attachments],
        "at": aware(parcel.sent_at).isoformat(),
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _receipt(final: Path, key: str) -> Receipt:
    try:
        record = json.loads((final / RECORD).read_text(encoding="utf-8"))
        held, at = record["key"], datetime.fromisoformat(record["at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MaybeSent(f"{final / RECORD} cannot be read: {error}") from None
    if held != key:
        raise NotSent(f"folder {final.name} belongs to another effect", retry=False)
    return Receipt(channel=FilesChannel.name, reference=final.name, answer="written", at=at)


def _locked(folder: Path) -> int | None:
    """A handle that holds the folder's lock; None when another process has it, or it is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.stat().st_ino == os.fstat(handle).st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def _rename(hidden: Path, final: Path) -> None:
    try:
        hidden.rename(final)
    except OSError:
        if not final.exists():
            raise
        raise FileExistsError(final) from None


def _write_file(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(error: OSError) -> str:
    return error.strerror or type(error).__name__
