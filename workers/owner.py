"""Who holds a lease, and whether they can still act."""

import os
import platform
import uuid
from datetime import datetime
from functools import cache

import psutil


@cache
def this_owner() -> str:
    """`machine/boot/pid/start`: unique to this process, also after its pid is used again."""
    me = psutil.Process()
    return f"{_machine()}/{me.pid}/{_started(me)}"


os.register_at_fork(after_in_child=this_owner.cache_clear)


def is_dead(owner: str | None) -> bool:
    """True only with proof: the owner ran on this very boot of this machine and runs no more."""
    if owner is None:
        return True
    machine, _, rest = owner.rpartition("/")[0].rpartition("/")
    start = owner.rpartition("/")[2]
    if machine != _machine() or not rest.isdigit():
        return False
    try:
        process = psutil.Process(int(rest))
        return _started(process) != start or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _started(process: psutil.Process) -> str:
    """Seconds from the boot to the start: by the wall clock it would change whenever that is set."""
    return f"{process.create_time() - psutil.boot_time():.2f}"


@cache
def _machine() -> str:
    return f"{platform.node()}-{uuid.getnode():x}/{psutil.boot_time():.0f}"


def abandoned(owner: str | None, until: datetime | None, now: datetime) -> bool:
    """Whether a lease binds no more: it has ended, or its owner has."""
    return (until is not None and until <= now) or (owner is not None and is_dead(owner))
