"""How fast the decision log is written, sealed and verified, and what simpler logs do in its place.

Eight processes on PostgreSQL take cases a step further, each in a transaction of its own with four
milliseconds of other work in it, while a sealer numbers what they write. Beside it, on the same server
in the same run: a chain in which each entry holds the hash of the one before, once with a lock that is
taken as late as it can be (`chain`), once without (`naive`). Then a log as a company's would be, on
SQLite and on PostgreSQL: sealed in batches, and verified, the best of three goes: the log alone as by
`winback log verify --log-only` (`verify_per_s`), and with a row of another table for nearly every entry as by
`winback log verify` (`verify_with_tables_per_s`).

    python benchmarks/decision_log.py [--entries 300000] [--seconds 8] [--json]

Needs PostgreSQL at WINBACK_TEST_POSTGRES; makes a database of its own there and drops it.
"""

import argparse
import hashlib
import json
import os
import random
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sample_log import sample_step, write_log
from sqlalchemy import insert, text
from sqlmodel import col, func, select

from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, seal
from winback.decisions.verify import verify
from winback.store.migrate import migrate
from winback.store.models import Account, Case, DecisionEntry, Seal
from winback.store.store import Store
from winback.store.types import CaseState

POSTGRES = os.environ.get("WINBACK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
WRITERS = 8
WORK_SECONDS = 0.004
CASES = 1000
NOW = datetime(2026, 5, 12, 10, tzinfo=UTC)
STATES = tuple(CaseState)
CHAIN = (
    "CREATE TABLE {} (id bigserial PRIMARY KEY, previous text NOT NULL, hash text NOT NULL, body text NOT NULL)"
)
OF_THE_LOG = re.compile(r"entry|entries|the entry|the root|the seal|case \d+, step")
"""How problems of the log itself are named."""
STEPS = 256
"""So many different steps each writer has ready before the clock starts."""
Step = tuple[EntryKind, Mapping[str, Any], bytes | None]
Writer = Callable[[Store, Step], None]


@contextmanager
def scratch() -> Any:
    """The URL of a database that is gone afterwards."""
    name = f"winback_benchmark_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{POSTGRES.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def ours(store: Store, step: Step) -> None:
    """One decision: a case goes one step further, with its entry, and the other work before it commits."""
    with store.write("benchmark") as session:
        kind, body, evidence = step
        case = random.randrange(1, CASES + 1)  # noqa: S311  which case does not matter
        advance(session, case, kind, NOW, body, allowed=STATES, evidence=evidence, state=CaseState.ACTING)
        time.sleep(WORK_SECONDS)


def chain(store: Store, step: Step) -> None:
    """The same in a hash chain: whoever appends keeps all others waiting until it has committed."""
    _link(store, step, "chain", lock=True)


def naive(store: Store, step: Step) -> None:
    """The same without the lock: two may follow the same entry."""
    _link(store, step, "naive", lock=False)


def _link(store: Store, step: Step, table: str, *, lock: bool) -> None:
    with store.write("benchmark") as session:
        run = session.connection().execute
        time.sleep(WORK_SECONDS)
        _, body, evidence = step
        said = json.dumps(body, default=str) + (evidence or b"").decode()
        if lock:
            run(text("SELECT pg_advisory_xact_lock(1)"))
        before = run(text(f"SELECT hash FROM {table} ORDER BY id DESC LIMIT 1")).scalar() or ""  # noqa: S608
        digest = hashlib.sha256((before + said).encode()).hexdigest()
        statement = text(f"INSERT INTO {table} (previous, hash, body) VALUES (:previous, :hash, :body)")  # noqa: S608
        run(statement, {"previous": before, "hash": digest, "body": said})


WRITE: dict[str, Writer] = {"ours": ours, "chain": chain, "naive": naive}


def write_for(seconds: float, url: str, name: str, process: int, ready: Any, counts: Any) -> None:
    """One writer: as many transactions as it can in that time."""
    store, write = Store(url), WRITE[name]
    steps = [sample_step(process * 1_000_000 + number) for number in range(STEPS)]
    write(store, steps[-1])
    ready.wait()
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        write(store, steps[done % STEPS])
        done += 1
    counts[process] = done
    store.close()


class Written(NamedTuple):
    """Transactions a second of all writers together, all that they committed, the first of each before the clock
    too, and how many entries waited for the sealer when the clock stopped."""

    per_second: float
    committed: int
    waiting: int


def write_together(store: Store, url: str, name: str, seconds: float) -> Written:
    """All writers at once; beside ours a sealer runs."""
    context = get_context("spawn")
    ready, counts = context.Barrier(WRITERS + 1), context.Array("q", WRITERS)
    processes = [
        context.Process(target=write_for, args=(seconds, url, name, one, ready, counts), daemon=True)
        for one in range(WRITERS)
    ]
    for one in processes:
        one.start()
    ready.wait()
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        if name == "ours":
            seal(store, NOW)
        time.sleep(0.05)
    waiting = entries_of(store, waiting=True)
    for one in processes:
        one.join()
    return Written(sum(counts) / seconds, sum(counts) + WRITERS, waiting if name == "ours" else 0)


def contest(url: str, seconds: float) -> dict[str, float]:
    """Our writers, a serial chain and a naive one, with what is wrong afterwards."""
    store = Store(url)
    with store.engine.begin() as connection:
        accounts = [{"id": one, "key": f"a{one}", "name": "", "tags": []} for one in range(1, CASES + 1)]
        connection.execute(insert(Account), accounts)
        connection.execute(
            insert(Case),
            [{"id": one, "account_id": one, "state": "open", "version": 0, "drop": {}, "opened_at": NOW,
              "ends_at": NOW} for one in range(1, CASES + 1)],
        )  # fmt: skip
        for table in ("chain", "naive"):
            connection.execute(text(CHAIN.format(table)))
    written = write_together(store, url, "ours", seconds)
    seal(store, NOW)
    found = {"append_per_s_8_writers": written.per_second, "sealer_behind": written.waiting}
    found |= {"committed": written.committed, "appended": entries_of(store)}
    assert found["committed"] == found["appended"], found
    found |= {"gaps": gaps_of(store), "forks": forked(store)}
    found |= {"chain_per_s": write_together(store, url, "chain", seconds / 2).per_second}
    found |= {"naive_per_s": write_together(store, url, "naive", seconds / 2).per_second}
    found |= {"chain_forks": forks_of(store, "chain"), "naive_forks": forks_of(store, "naive")}
    store.close()
    return found


def entries_of(store: Store, *, waiting: bool = False) -> int:
    """How many entries there are, or how many of them have no position yet."""
    query = select(func.count()).select_from(DecisionEntry)
    with store.read() as session:
        return session.exec(query.where(col(DecisionEntry.position).is_(None)) if waiting else query).one()


def forked(store: Store) -> int:
    """Problems of the log itself; its entries speak of acts that these writers never made."""
    return sum(OF_THE_LOG.match(one.where) is not None for one in verify(store).problems)


def gaps_of(store: Store) -> int:
    """Positions from 0 up to the last seal that are not there exactly once, and entries that have none."""
    with store.read() as session:
        places = list(session.exec(select(DecisionEntry.position).order_by(col(DecisionEntry.position))))
        size = session.exec(select(func.max(Seal.size))).one()
    return sum(one != place for one, place in zip(places, range(size), strict=False)) + abs(size - len(places))


def forks_of(store: Store, table: str) -> int:
    """Entries of a chain that follow one that another follows too."""
    with store.read() as session:
        counted = f"SELECT count(*) - count(DISTINCT previous) FROM {table}"  # noqa: S608
        return int(session.connection().execute(text(counted)).scalar() or 0)


def whole(url: str, entries: int) -> dict[str, float]:
    """A company's log: entries sealed a second, verified alone, and with all the rows that it speaks of."""
    store = Store(url)
    migrate(store)
    sealing = write_log(store, entries)
    found = {"entries": entries_of(store), "seal_per_s": entries_of(store) / sealing}
    for name, rows in (("verify_per_s", False), ("verify_with_tables_per_s", True)):
        times = []
        for _ in range(3):
            started = time.perf_counter()
            seen = verify(store, rows=rows)
            times.append(time.perf_counter() - started)
            assert not seen.problems, seen.problems
        found[name] = seen.sealed / min(times)
    store.close()
    return found


def measure(entries: int, seconds: float) -> dict[str, float]:
    """All the figures."""
    with scratch() as url:
        store = Store(url)
        migrate(store)
        store.close()
        result = contest(url, seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        result |= whole(f"sqlite:///{path}", entries)
        result |= {"bytes_per_entry": path.stat().st_size / result["entries"]}
    with scratch() as url:
        result |= {f"{name}_postgres": value for name, value in whole(url, entries // 3).items()}
    return {name: round(value) for name, value in result.items()}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=300_000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.entries, options.seconds)
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:<26}{value:>12,}")


if __name__ == "__main__":
    main()
