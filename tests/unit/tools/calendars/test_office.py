"""The folder of calls: one file a call, the newest version, whole or not there."""

import fcntl
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from tests.unit.tools.calendars.events import KEYS, START, UID, call
from tools.calendars.event import resource_name
from tools.calendars.office import OfficeCalendar, OfficeEvents
from tools.channels.channel import MaybeSent, NotSent, Receipt
from winback.errors import SetupError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "calendar"


def only(folder: Path) -> Any:
    (path,) = folder.glob("*.ics")
    (event,) = Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    return event


def test_two_sends_leave_one_file(folder: Path) -> None:
    answers = [OfficeEvents(folder).send(call()).answer for _ in range(2)]
    assert answers == ["written", "already there"]
    assert str(only(folder)["uid"]) == UID
    assert only(folder)["dtstart"].dt == START


def test_the_newest_version_stays(folder: Path) -> None:
    """A change replaces, a late repeat of the old one does not, a cancellation is marked."""
    office = OfficeEvents(folder)
    sent = [call(0), call(1), call(0), call(0, key="d" * 64), call(2, cancelled=True), call(1)]
    assert [office.send(one).answer for one in sent] == [
        "written",
        "changed",
        "already there",
        "kept: a newer version is there",
        "cancelled",
        "already there",
    ]
    assert (int(only(folder)["sequence"]), str(only(folder)["status"])) == (2, "CANCELLED")


def test_every_version_can_be_looked_up(folder: Path) -> None:
    office = OfficeEvents(folder)
    assert office.lookup(KEYS[0]) is None
    office.send(call(0))
    office.send(call(1))
    assert {type(office.lookup(key)) for key in KEYS[:2]} == {Receipt}
    assert office.lookup(KEYS[2]) is None


def test_what_a_killed_writer_left_is_in_nobodys_way(folder: Path) -> None:
    """Half a file has another name; the next write takes its place."""
    folder.mkdir()
    (folder / ".writing").write_bytes(b"BEGIN:VCAL")
    assert OfficeEvents(folder).lookup(KEYS[0]) is None
    assert OfficeEvents(folder).send(call()).answer == "written"
    assert not (folder / ".writing").exists()


def test_many_at_once_write_once(folder: Path) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(OfficeEvents(folder).send(call()).answer)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["already there"] * 7 + ["written"]


def test_a_writer_waits_for_another(folder: Path) -> None:
    """Between reading a version and writing the next there is one writer, of whatever process."""
    folder.mkdir()
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(OfficeEvents(folder).send(call()).answer))
    with (folder / ".lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        thread.start()
        thread.join(0.3)
        assert answers == []
    thread.join(10)
    assert answers == ["written"]


def test_a_file_that_somebody_broke_is_left_to_a_person(folder: Path) -> None:
    folder.mkdir()
    (folder / resource_name(UID)).write_text("hello")
    with pytest.raises(NotSent, match="holds no event") as caught:
        OfficeEvents(folder).send(call())
    assert not caught.value.retry
    with pytest.raises(MaybeSent, match="cannot be read"):
        OfficeEvents(folder).lookup(KEYS[0])


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    office = OfficeEvents(tmp_path / "file")
    with pytest.raises(NotSent) as caught:
        office.send(call())
    assert caught.value.retry
    with pytest.raises(SetupError, match="cannot be written"):
        office.probe()
    OfficeEvents(tmp_path / "new").probe()


def test_plain_office_hours_know_of_no_other_time() -> None:
    OfficeCalendar().probe()
    assert OfficeCalendar().busy(START, START + timedelta(days=1)) == ()
