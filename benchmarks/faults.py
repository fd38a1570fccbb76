"""Whether an effect reaches its receiver once, whatever happens to the workers: kill -9 and freezing, on and on.

Three workers carry out effects with a short lease while others are fed to them, on a receiver that refuses
repeats (keyed), on one that can be asked (lookup) and on one that does neither (blind). In the kill loop one
of them is killed at a random moment and another takes its place; in the freeze loop one is stopped until its
lease is over, and wakes up. At the end the receiver's own memory is held against the rows: `repeats`,
`done_but_not_sent`, `lost`, `left` and `log_problems` must be 0; `to_a_person` are those of which nobody can
know. The exit code is 1 where they are not.

    python benchmarks/faults.py [--kills 720] [--seconds 20] [--freezes 144]
        [--databases sqlite postgres] [--postgres URL] [--receivers keyed lookup blind] [--json]

On SQLite, and then all of it again on PostgreSQL: its figures end in `_postgres`.

`--engine mark_after` or `ask_first` puts a design in our place that does not hold (naive_engine.py).
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

# One thread, so that forking is safe: before anything brings a library of numbers.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import psycopg
from fault_ground import LEASE_SECONDS, Engine, Ground, Judgement, ground, judge, winback
from naive_engine import ask_first, mark_after

from tools.channels.channel import Capability
from winback import event_log
from winback.settings import Log

POSTGRES = os.environ.get("WINBACK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
WORKERS = 3
MOST_FROZEN = 2
CAPABILITIES: tuple[Capability, ...] = ("keyed", "lookup", "blind")
ENGINES: dict[str, Engine] = {"winback": winback, "mark_after": mark_after, "ask_first": ask_first}
MUST_BE_0 = ("repeats", "done_but_not_sent", "lost", "left", "log_problems")


def kill_loop(place: Ground, times: int, seconds: float) -> None:
    """Kill a worker every so often, and start another in its place."""
    workers = [place.worker() for _ in range(WORKERS)]
    killed: list[int] = []
    started = time.monotonic()
    for number in range(1, times + 1):
        time.sleep(max(0.0, started + seconds * number / times - time.monotonic()))
        victim = random.randrange(WORKERS)  # noqa: S311  any
        os.kill(workers[victim], signal.SIGKILL)
        killed.append(workers[victim])
        workers[victim] = place.worker()
    for one in workers:
        os.kill(one, signal.SIGKILL)
    for one in (*killed, *workers):
        os.waitpid(one, 0)


def freeze_loop(place: Ground, times: int, _seconds: float) -> None:
    """Stop a worker until its lease is over, then let it go on; at least one is always awake."""
    workers = [place.worker() for _ in range(WORKERS)]
    frozen: dict[int, float] = {}
    done = 0
    while done < times or frozen:
        now = time.monotonic()
        for pid in [pid for pid, until in frozen.items() if until <= now]:
            os.kill(pid, signal.SIGCONT)
            del frozen[pid]
        if done < times and len(frozen) < MOST_FROZEN:
            pid = random.choice([one for one in workers if one not in frozen])  # noqa: S311  any
            os.kill(pid, signal.SIGSTOP)
            frozen[pid] = now + LEASE_SECONDS + random.uniform(0.1, 0.3)  # noqa: S311
            done += 1
        time.sleep(random.uniform(0.01, 0.05))  # noqa: S311  moments
    place.stop.touch()
    for one in workers:
        os.waitpid(one, 0)


@dataclass(frozen=True)
class Plan:
    """A loop, how many faults, in how many seconds where that is up to it, and how long each call takes."""

    loop: Callable[[Ground, int, float], None]
    times: int
    seconds: float
    pause: float

    def judged(self, url: str, folder: Path, capability: Capability, engine: Engine) -> tuple[Judgement, float]:
        """From an empty database to the judgement, and how many seconds the faults took."""
        with ground(url, folder, capability, engine, self.pause) as place:
            feeder = place.feeder()
            started = time.monotonic()
            self.loop(place, self.times, self.seconds)
            took = time.monotonic() - started
            place.stop.touch()
            os.waitpid(feeder, 0)
            place.come_to_rest()
            return judge(place.services.store, place.receiver), took


@contextmanager
def database(postgres: str | None, folder: Path) -> Iterator[str]:
    """A database that is gone afterwards."""
    if postgres is None:
        yield f"sqlite:///{folder / 'winback.db'}"
        return
    name = f"winback_faults_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{postgres.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(postgres, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def measure(options: argparse.Namespace, postgres: str | None) -> dict[str, float]:
    """Both loops on each kind of receiver: totals, and the same for each."""
    share = len(options.receivers)
    kills, freezes = -(-options.kills // share), -(-options.freezes // share)
    plans = (
        Plan(kill_loop, kills, options.seconds / share, pause=0.008),
        Plan(freeze_loop, freezes, 0.0, pause=0.03),
    )
    totals: dict[str, float] = {"kills": kills * share, "freezes": freezes * share, "kill_seconds": 0.0}
    each: dict[str, float] = {}
    for capability in options.receivers:
        for plan in plans:
            with tempfile.TemporaryDirectory() as name, database(postgres, Path(name)) as url:
                found, took = plan.judged(url, Path(name) / "home", capability, ENGINES[options.engine])
            totals["kill_seconds"] += round(took, 1) * (plan.loop is kill_loop)
            for key, value in asdict(found).items():
                totals[key] = totals.get(key, 0) + value
                each[f"{capability}_{key}"] = each.get(f"{capability}_{key}", 0) + value
    return totals | each


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=720)
    parser.add_argument("--seconds", type=float, default=20, help="in which the kills happen")
    parser.add_argument("--freezes", type=int, default=144)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgres"), default=("sqlite", "postgres"))
    parser.add_argument("--postgres", metavar="URL", default=POSTGRES, help="a server on which to make databases")
    parser.add_argument("--engine", choices=ENGINES, default="winback")
    parser.add_argument("--receivers", nargs="+", choices=CAPABILITIES, default=CAPABILITIES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    event_log.configure(Log(level="error"))
    result: dict[str, float] = {}
    if "sqlite" in options.databases:
        result |= measure(options, None)
    if "postgres" in options.databases:
        result |= {f"{name}_postgres": value for name, value in measure(options, options.postgres).items()}
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:<37}{value:>10,.0f}")
    sys.exit(any(result.get(f"{one}{where}") for one in MUST_BE_0 for where in ("", "_postgres")))


if __name__ == "__main__":
    main()
