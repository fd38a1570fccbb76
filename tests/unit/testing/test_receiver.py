"""The receiver that remembers on disk keeps the promise of each capability."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prompts.message import Message
from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel
from winback.errors import SetupError
from winback.testing.receiver import FolderReceiver

NOW = datetime(2026, 5, 12, 10, tzinfo=UTC)
PARCEL = Parcel(
    key="ab" * 32,
    case_id=1,
    tool="send_tutorial",
    sender_name="We",
    sender_address="we@example.com",
    recipient_name="Ann",
    recipient_address="ann@example.com",
    reply_to="asha@example.com",
    message=Message("en", "send_tutorial", 1, "s", "b", {}),
    sent_at=NOW,
)


def receiver(folder: Path, capability: Capability) -> FolderReceiver:
    return FolderReceiver(folder, capability)


def test_a_keyed_one_lets_a_key_in_once(tmp_path: Path) -> None:
    """And answers a repeat as it answered the first."""
    one = receiver(tmp_path, "keyed")
    assert one.send(PARCEL) == receiver(tmp_path, "keyed").send(PARCEL)
    assert one.delivered() == {PARCEL.key: 1}
    assert one.refused() == {PARCEL.key: 1}


@pytest.mark.parametrize("capability", ["lookup", "blind"])
def test_the_others_take_what_comes(tmp_path: Path, capability: Capability) -> None:
    """A repeat is a repeat."""
    one = receiver(tmp_path, capability)
    one.send(PARCEL)
    one.send(PARCEL)
    one.send(replace(PARCEL, key="cd" * 32))
    assert one.delivered() == {PARCEL.key: 2, "cd" * 32: 1}


@pytest.mark.parametrize("capability", ["keyed", "lookup"])
def test_it_can_be_asked(tmp_path: Path, capability: Capability) -> None:
    """Also by another process, and the answer is that of the send."""
    one = receiver(tmp_path, capability)
    assert one.lookup(PARCEL.key) is None
    receipt = one.send(PARCEL)
    assert receiver(tmp_path, capability).lookup(PARCEL.key) == receipt


def test_a_blind_one_cannot_tell(tmp_path: Path) -> None:
    """Not even of what it has."""
    with pytest.raises(MaybeSent):
        receiver(tmp_path, "blind").lookup(PARCEL.key)


@pytest.mark.parametrize(("lost", "times"), [(True, 1), (False, 0)])
def test_it_fails_when_told_to(tmp_path: Path, lost: bool, times: int) -> None:
    """A refusal never arrives; an answer that is lost may be of what did."""
    one = FolderReceiver(
        tmp_path, "lookup", failures=[NotSent("busy", retry=True), MaybeSent("dropped")], lost=lost
    )
    with pytest.raises(NotSent):
        one.send(PARCEL)
    assert one.delivered().total() == 0
    with pytest.raises(MaybeSent):
        one.send(PARCEL)
    assert one.delivered().total() == times
    one.send(PARCEL)
    assert one.delivered().total() == times + 1


def test_its_folder_must_be_there(tmp_path: Path) -> None:
    """As `doctor` would say."""
    receiver(tmp_path, "keyed").probe()
    with pytest.raises(SetupError):
        receiver(tmp_path / "gone", "keyed").probe()
