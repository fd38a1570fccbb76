"""The ledger: one line per key, whole or not at all, and what follows from the lines."""

import errno
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tools.connectors.trials import UNTIL, trial
from tools.channels.channel import MaybeSent, NotSent
from tools.connectors import journal
from tools.connectors.ledger import CURRENT, LEDGER, LedgerConnector, read_ledger, standing
from winback.errors import SetupError

ROOT = Path(__file__).parents[4]


def written(folder: Path) -> list[dict[str, Any]]:
    """Read as an operator's product would: whole lines only."""
    raw = (folder / LEDGER).read_bytes()
    return [json.loads(line) for line in raw[: raw.rfind(b"\n") + 1].splitlines()]


def current(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / CURRENT).read_bytes())["accounts"]
    return found


def appending(folder: Path, first: int | str, last: int) -> "subprocess.Popen[str]":
    code = [sys.executable, "-m", "tests.unit.tools.connectors.appends", str(folder), str(first), str(last)]
    return subprocess.Popen(code, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """A disk that takes no byte beyond `size` into any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_grant_is_a_line_and_stands(tmp_path: Path) -> None:
    """The line says all of it; current.json says who has which plan until when."""
    connector = LedgerConnector(tmp_path / "new" / "entitlements")
    receipt = connector.send(trial())
    folder = connector.folder
    assert written(folder) == [
        {
            "key": "a" * 64,
            "part": "grant",
            "account": "acct-1",
            "trial": "trial-team",
            "plan": "team",
            "from_plan": "starter",
            "days": 14,
            "until": UNTIL,
            "case": 12,
            "at": "2026-10-16T06:00:00+00:00",
            "answer": "granted",
        }
    ]
    assert current(folder) == {
        "acct-1": [
            {"plan": "team", "from_plan": "starter", "trial": "trial-team", "until": UNTIL, "key": "a" * 64}
        ]
    }
    assert receipt.to_plain() == {
        "channel": "ledger",
        "reference": "line 1",
        "answer": "granted",
        "at": "2026-10-16T06:00:00+00:00",
    }


def test_taking_back_ends_it_once(tmp_path: Path) -> None:
    """The grant of the same account, trial and end goes; others stay; a second one finds nothing."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial(key="a" * 64))
    connector.send(trial(key="b" * 64, trial="trial-business", plan="business"))
    connector.send(trial(key="c" * 64, account="acct-2"))
    assert connector.send(trial("take_back", key="d" * 64)).answer == "taken back"
    assert connector.send(trial("take_back", key="e" * 64)).answer == "nothing was there to take back"
    assert [(one.values["account"], one.values["plan"]) for one in standing(read_ledger(tmp_path))] == [
        ("acct-1", "business"),
        ("acct-2", "team"),
    ]
    assert {account: [one["plan"] for one in plans] for account, plans in current(tmp_path).items()} == {
        "acct-1": ["business"],
        "acct-2": ["team"],
    }


def test_an_early_end_does_not_take_a_later_trial(tmp_path: Path) -> None:
    """Of two grants that differ in their end, taking back names one."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial(key="a" * 64))
    connector.send(trial(key="b" * 64, until="2027-01-30T06:00:00+00:00"))
    connector.send(trial("take_back", key="c" * 64))
    assert [one["key"] for one in current(tmp_path)["acct-1"]] == ["b" * 64]


def test_a_repeated_key_gets_the_first_receipt(tmp_path: Path) -> None:
    """Whenever and by whomever it is repeated, no byte changes."""
    first = LedgerConnector(tmp_path).send(trial())
    before = (tmp_path / LEDGER).read_bytes(), (tmp_path / CURRENT).read_bytes()
    other = LedgerConnector(tmp_path)
    assert other.send(trial(days=30)) == first
    assert other.lookup("a" * 64) == first
    assert other.lookup("b" * 64) is None
    assert ((tmp_path / LEDGER).read_bytes(), (tmp_path / CURRENT).read_bytes()) == before


def test_a_key_of_another_account_is_refused(tmp_path: Path) -> None:
    """A key that stands for somebody else is a fault that no retry mends."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())
    with pytest.raises(NotSent, match="another account") as caught:
        connector.send(trial(account="acct-2"))
    assert not caught.value.retry


@pytest.mark.parametrize("torn", [b'{"key": "bbbb', b"\0" * 700, b'{"key": "' + b"b" * 64 + b'"}'])
def test_a_torn_last_line_is_healed(tmp_path: Path, torn: bytes) -> None:
    """What a crash left without a line end was never answered for: it goes, and the act can come again."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())
    with (tmp_path / LEDGER).open("ab") as file:
        file.write(torn)
    assert len(read_ledger(tmp_path)) == 1
    assert LedgerConnector(tmp_path).send(trial(key="b" * 64)).reference == "line 2"
    assert connector.lookup("b" * 64) is not None
    assert [one["key"][0] for one in written(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("spoilt", ["not json\n", "{}\n", "[]\n", '{"key": 1}\n'])
def test_a_spoilt_line_stops_it(tmp_path: Path, spoilt: str) -> None:
    """A line that somebody spoilt might hold the key that is asked for: nothing is written, and it says where."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())
    path = tmp_path / LEDGER
    path.write_text(spoilt + path.read_text())
    with pytest.raises(NotSent, match=r"ledger.jsonl:1: is not a line of the ledger") as caught:
        connector.send(trial(key="b" * 64))
    assert caught.value.retry
    with pytest.raises(MaybeSent):
        connector.lookup("b" * 64)
    with pytest.raises(SetupError):
        connector.probe()


def test_current_is_made_again_when_it_is_behind(tmp_path: Path) -> None:
    """After a crash between line and current.json, the repeated key brings it up to date; probe does too."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())
    before = (tmp_path / CURRENT).read_bytes()
    connector.send(trial("take_back", key="b" * 64))
    (tmp_path / CURRENT).write_bytes(before)
    connector.send(trial("take_back", key="b" * 64))
    assert current(tmp_path) == {}
    (tmp_path / CURRENT).write_text("spoilt")
    connector.probe()
    assert current(tmp_path) == {}


def test_a_full_disk_means_not_sent(tmp_path: Path) -> None:
    """Half a line counts for nothing: not sent, to be tried again, and then it goes."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())
    size = (tmp_path / LEDGER).stat().st_size
    for room in (0, 100):
        with file_limit(size + room), pytest.raises(NotSent) as caught:
            connector.send(trial(key="b" * 64))
        assert caught.value.retry
        assert (tmp_path / LEDGER).stat().st_size == size
    assert connector.lookup("b" * 64) is None
    assert connector.send(trial(key="b" * 64)).reference == "line 2"


def test_a_line_without_current_is_unknown(tmp_path: Path) -> None:
    """Where the line stands but current.json cannot be written, nobody may say that it was not sent."""
    connector = LedgerConnector(tmp_path)
    (tmp_path / CURRENT).mkdir()
    with pytest.raises(MaybeSent, match="the ledger is ahead of it"):
        connector.send(trial())
    (tmp_path / CURRENT).rmdir()
    assert connector.send(trial()).reference == "line 1"
    assert len(written(tmp_path)) == 1
    assert list(current(tmp_path)) == ["acct-1"]


def test_a_disk_that_does_not_confirm_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed fsync the line goes again, so that the next try does not take it for kept."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())

    def broken(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(MaybeSent, match="Input/output error"):
            connector.send(trial(key="b" * 64))
    assert len(written(tmp_path)) == 1
    assert connector.send(trial(key="b" * 64)).reference == "line 2"


def test_a_frozen_holder_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stopped with the lock costs the others a delay, not their lease."""
    connector = LedgerConnector(tmp_path)
    connector.send(trial())
    monkeypatch.setattr(journal, "WAIT_SECONDS", 0.05)
    with (tmp_path / ".ledger.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(NotSent, match="does not move") as caught:
            connector.send(trial(key="b" * 64))
    assert caught.value.retry
    assert connector.send(trial(key="b" * 64)).reference == "line 2"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """probe names the folder and what to do; send is tried again later."""
    (tmp_path / "file").write_text("")
    connector = LedgerConnector(tmp_path / "file" / "entitlements")
    with pytest.raises(SetupError, match=r"set entitlements\.folder"):
        connector.probe()
    with pytest.raises(NotSent) as caught:
        connector.send(trial())
    assert caught.value.retry


def test_strangers_may_not_read_it(tmp_path: Path) -> None:
    """The owner writes, the group may read, nobody else."""
    LedgerConnector(tmp_path).send(trial())
    for name in (LEDGER, CURRENT):
        assert (tmp_path / name).stat().st_mode & 0o027 == 0


def test_two_processes_write_the_same_keys_once(tmp_path: Path) -> None:
    """Two at once with the same 200 keys leave 200 lines, and both have a receipt for each."""
    both = [appending(tmp_path, 0, 200) for _ in range(2)]
    said = [process.communicate(timeout=120)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said == [[str(number) for number in range(200)]] * 2
    assert sorted(one["key"] for one in written(tmp_path)) == sorted(f"{number:064x}" for number in range(200))
    assert len(current(tmp_path)) == 200


def test_threads_share_a_connector(tmp_path: Path) -> None:
    """Eight threads with one connector and the same keys leave one line per key."""
    connector = LedgerConnector(tmp_path)
    threads = [
        threading.Thread(target=lambda: [connector.send(trial(key=f"{number:064x}")) for number in range(20)])
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one["key"] for one in written(tmp_path)) == [f"{number:064x}" for number in range(20)]


def test_kill_leaves_no_half_line_and_no_repeat(tmp_path: Path) -> None:
    """Killed fifty times while it writes: every receipt that was told has its line, each key stands once."""
    process = appending(tmp_path, "kill", 50)
    told = {int(one) for one in process.communicate(timeout=120)[0].split()}
    assert process.returncode == 0
    assert len(told) >= 50
    LedgerConnector(tmp_path).probe()
    assert (tmp_path / LEDGER).read_bytes().endswith(b"\n")
    keys = [int(one["key"], 16) for one in written(tmp_path)]
    assert len(keys) == len(set(keys))
    assert told <= set(keys)
    assert set(current(tmp_path)) == {f"acct-{one}" for one in keys}
