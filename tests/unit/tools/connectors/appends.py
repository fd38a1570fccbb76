"""Processes that grant many trials: `FOLDER FIRST LAST`, or `FOLDER kill TIMES`, each killed while it writes.

Prints the number of each receipt that somebody had.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.unit.tools.connectors.trials import trial
from tools.connectors.ledger import LedgerConnector


def main(folder: Path, first: str, last: str) -> None:
    """Grant `first` up to but without `last`, or be killed so often."""
    if first == "kill":
        kill_often(folder, int(last))
    else:
        grant(folder, int(first), int(last), sys.stdout.fileno())


def grant(folder: Path, first: int, last: int, out: int) -> None:
    """Each receipt is told as soon as it is there."""
    connector = LedgerConnector(folder)
    for number in range(first, last):
        connector.send(trial(key=f"{number:064x}", account=f"acct-{number}"))
        os.write(out, b"%d\n" % number)


def kill_often(folder: Path, times: int) -> None:
    """Every child begins with the last key that somebody had a receipt for."""
    chance, newest = random.Random(4), 0  # noqa: S311  chosen moments, not secrets
    for _ in range(times):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            grant(folder, newest, 1_000_000, writing)
        os.close(writing)
        with os.fdopen(reading) as told:
            numbers = [told.readline()]
            time.sleep(chance.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            numbers += told.read().split("\n")[:-1]
        os.waitpid(child, 0)
        newest = max(map(int, numbers))
        sys.stdout.write("".join(f"{int(one)}\n" for one in numbers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
