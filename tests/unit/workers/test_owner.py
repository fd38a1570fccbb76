"""Who holds a lease, and the proof that they are dead."""

import os

import psutil
import pytest

from winback.testing import forked
from workers.owner import is_dead, this_owner

# A child here does nothing that a thread of its parent's could have left locked.
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@FORKS
def test_a_fork_is_another_owner() -> None:
    """A child that kept its parent's name would hold its leases."""
    mine = this_owner()

    def child() -> None:
        assert this_owner() != mine
        assert f"/{os.getpid()}/" in this_owner()
        assert not is_dead(mine)

    assert forked.run(child).code == 0


@FORKS
def test_a_killed_process_is_dead_and_this_one_is_not() -> None:
    """Also while nobody has buried it."""
    pid = forked.start(lambda: os.kill(os.getpid(), 9))
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    mine = this_owner()
    zombie = mine.replace(f"/{os.getpid()}/", f"/{pid}/").rpartition("/")[0] + f"/{started(pid)}"
    assert is_dead(zombie)
    os.waitpid(pid, 0)
    assert is_dead(zombie)
    assert not is_dead(mine)


def started(pid: int) -> str:
    return f"{psutil.Process(pid).create_time() - psutil.boot_time():.2f}"


def test_nobody_elsewhere_is_proven_dead() -> None:
    """Another machine, another boot, a name that is none: no proof."""
    machine, boot, pid, start = this_owner().rsplit("/", 3)
    assert not is_dead(f"{machine}x/{boot}/999999999/{start}")
    assert not is_dead(f"{machine}/{int(boot) - 100}/999999999/{start}")
    assert not is_dead("somebody")
    assert is_dead(f"{machine}/{boot}/999999999/{start}")
    assert is_dead(f"{machine}/{boot}/{pid}/{float(start) - 50:.2f}"), "its pid is used again"
    assert is_dead(None)


def test_setting_the_clock_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel counts starts from the boot, and tells the boot by the clock that was set meanwhile."""
    mine = this_owner()
    boot = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 7)
    assert not is_dead(mine)
