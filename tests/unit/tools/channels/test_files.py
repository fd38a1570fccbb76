"""The files channel: an effect's folder is there whole or not at all, and once."""

import email
import email.policy
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tools.situations import KEY, parcel, situation
from tools.channels.channel import MaybeSent, NotSent
from tools.channels.files import FilesChannel
from tools.offer_trial_upgrade import OfferTrialUpgrade
from tools.tool import Attachment
from winback.errors import SetupError

NAME = f"12-send_tutorial-{KEY[:12]}"
ROOT = Path(__file__).parents[4]
WHOLE = {"message.eml", "effect.json"}


def visible(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(one): (one.read_bytes(), one.stat().st_mtime_ns) for one in folder.rglob("*") if one.is_file()}


def test_effect_is_one_folder(tmp_path: Path) -> None:
    """The folder holds the mail, the attachments and who, what and why."""
    here = situation(plan="starter")
    tool = OfferTrialUpgrade()
    attachments = tool.attachments(tool.options(here)[0], here, KEY)
    receipt = FilesChannel(tmp_path / "out").send(parcel(attachments=attachments))
    assert visible(tmp_path / "out") == [NAME]
    folder = tmp_path / "out" / NAME
    assert set(visible(folder)) == WHOLE | {"offer.json"}
    record = json.loads((folder / "effect.json").read_text(encoding="utf-8"))
    assert record["key"] == KEY
    assert record["to"] == {"name": "Asha Rao", "address": "asha@customer.example.com"}
    assert record["subject"] == "A subject"
    assert record["why"].startswith("reports fell")
    mail = email.message_from_bytes((folder / "message.eml").read_bytes(), policy=email.policy.default)
    assert mail["to"].addresses[0].addr_spec == "asha@customer.example.com"
    assert (folder / "offer.json").read_bytes() == attachments[0].content
    assert receipt.to_plain() == {
        "channel": "files",
        "reference": NAME,
        "answer": "written",
        "at": "2026-10-16T06:00:00+00:00",
    }


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Letters to customers are for the operator's own eyes."""
    FilesChannel(tmp_path).send(parcel())
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_second_send_writes_nothing(tmp_path: Path) -> None:
    """The same key again gives the first receipt and leaves every byte as it is."""
    channel = FilesChannel(tmp_path)
    first = channel.send(parcel())
    before = snapshot(tmp_path)
    later = parcel(sent_at=parcel().sent_at.replace(year=2027), why="another")
    assert channel.send(later) == first
    assert snapshot(tmp_path) == before


def test_lookup_finds_what_was_sent(tmp_path: Path) -> None:
    """A key that was sent has its receipt, one that was not has none."""
    channel = FilesChannel(tmp_path)
    assert channel.lookup(KEY) is None
    receipt = channel.send(parcel())
    assert channel.lookup(KEY) == receipt
    assert channel.lookup("f" * 64) is None


def test_folder_of_another_key_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Two keys that share their first twelve digits are told apart."""
    channel = FilesChannel(tmp_path)
    channel.send(parcel())
    with pytest.raises(NotSent, match="belongs to another effect"):
        channel.send(parcel(key=KEY[:12] + "0" * 52))


def test_unreadable_record_means_unknown(tmp_path: Path) -> None:
    """A folder whose record somebody spoilt is neither sent nor not sent."""
    channel = FilesChannel(tmp_path)
    channel.send(parcel())
    (tmp_path / NAME / "effect.json").write_text("{")
    with pytest.raises(MaybeSent):
        channel.send(parcel())
    with pytest.raises(MaybeSent):
        channel.lookup(KEY)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A path that is no folder is told by probe with what to do, and by send as something to try again."""
    blocked = tmp_path / "file"
    blocked.touch()
    channel = FilesChannel(blocked / "out")
    with pytest.raises(SetupError, match=r"file/out: cannot be written: Not a directory; mend its permissions"):
        channel.probe()
    with pytest.raises(NotSent, match="Not a directory") as caught:
        channel.send(parcel())
    assert caught.value.retry is True


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails half-way nothing is visible or left behind, and it may be tried again."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    channel = FilesChannel(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NotSent, match="No space left on device") as caught:
            channel.send(parcel())
    assert caught.value.retry is True
    assert list(tmp_path.iterdir()) == []
    assert channel.send(parcel()).reference == NAME


def test_probe_leaves_nothing(tmp_path: Path) -> None:
    """Asking whether the folder can be written leaves it empty."""
    FilesChannel(tmp_path / "out").probe()
    assert list((tmp_path / "out").iterdir()) == []


def test_half_written_folder_of_a_dead_run_is_removed(tmp_path: Path) -> None:
    """What a killed run left is swept away; what a living one holds stays."""
    dead, alive = tmp_path / ".writing-dead", tmp_path / ".writing-alive"
    for folder in (dead, alive):
        folder.mkdir()
        (folder / "message.eml").write_text("half")
    handle = os.open(alive, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        FilesChannel(tmp_path).send(parcel())
        assert not dead.exists()
        assert alive.exists()
    finally:
        os.close(handle)
    FilesChannel(tmp_path).probe()
    assert not alive.exists()


@pytest.mark.parametrize("name", ["../evil.json", "message.eml", "effect.json", ".hidden", "a/b", ""])
def test_attachment_name_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    """An attachment can neither leave the folder nor take the place of the mail or the record."""
    with pytest.raises(NotSent, match="no usable name"):
        FilesChannel(tmp_path / "out").send(parcel(attachments=(Attachment(name, "text/plain", b"x"),)))


SENDER = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.unit.tools.situations import parcel
from tools.channels.files import FilesChannel
channel = FilesChannel(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(100000):
    channel.send(parcel(key=f"{number:064x}", case_id=number))
"""


def test_kill_at_any_point_leaves_whole_folders(tmp_path: Path) -> None:
    """After kill -9 every visible folder is whole, and the next send sweeps the rest and goes on."""
    out = tmp_path / "out"
    out.mkdir()  # a sender that is killed early has not made it yet
    for step in range(4):
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", SENDER, str(out)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05 + step * 0.037)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        for name in visible(out):
            assert set(visible(out / name)) == WHOLE
            assert json.loads((out / name / "effect.json").read_text())["key"]
    FilesChannel(out).send(parcel())
    assert [one.name for one in out.iterdir() if one.name.startswith(".")] == []
