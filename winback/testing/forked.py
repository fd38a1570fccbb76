"""Running a step in a process of its own, forked from one that has imported everything.

Only for a process without threads: close every store before, and let nothing of DuckDB run in the parent.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: by which signal (0: by none), with which code, and its standard error."""

    signal: int
    code: int
    said: str

    @property
    def died_at(self) -> str | None:
        """The failpoint that killed it."""
        last = self.said.rstrip().rpartition("\n")[2]
        at_point = self.signal == signal.SIGKILL and last.startswith("failpoint ")
        return last.removeprefix("failpoint ") if at_point else None


def start(step: Callable[[], object]) -> int:
    """Run `step` in a child and return its pid; it exits with 0, or with 1 and a traceback."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        step()
        code = 0
    except BaseException:  # noqa: BLE001  a child must never run on in its parent's code
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def run(step: Callable[[], object]) -> Ended:
    """Run `step` in a child until it ends."""
    reading, writing = os.pipe()

    def told() -> None:
        os.dup2(writing, 2)
        step()

    pid = start(told)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return Ended(os.WTERMSIG(status), 0, said)
    return Ended(0, os.WEXITSTATUS(status), said)
