"""The decision log under another policy: every logged decision judged again, and what came of it in truth."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_context

from sqlmodel import col, func, select

from policies.policy import Policy, policy_text
from winback.canonical import canonical_json
from winback.errors import SetupError
from winback.store.models import DecisionEntry
from winback.store.store import Store
from workers.hindsight.findings import Findings
from workers.hindsight.raw import POSTGRES, SQLITE, Place
from workers.hindsight.replay_part import Stretches, Task, read, start

STRETCH = 2000
"""Entries that are read at once."""
ALONE = 6 * STRETCH
"""Up to so many entries, starting processes would take longer than it saves."""
MOST = 8
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
Progress = Callable[[int, int], None]


def silent(_done: int, _of: int) -> None:
    """Progress that nobody watches."""


def replay(store: Store, policy: Policy, since: datetime | None = None, progress: Progress = silent) -> Findings:
    """Hold every logged decision since then against a policy.

    What its counters ask and the log lacks is counted from the tables as they stood. With the very policy
    that judged, every verdict must come out again, rule by rule: see `Findings.differing`.
    """
    return _read(store, Task(place_of(store), _moment(since), policy=policy_text(policy)), since, progress)


def shadowed(store: Store, shadow: str, since: datetime | None = None, progress: Progress = silent) -> Findings:
    """What the shadow policy with this hash said of every decision that it judged."""
    return _read(store, Task(place_of(store), _moment(since), shadow=shadow), since, progress)


def _moment(since: datetime | None) -> bytes:
    return canonical_json(since or BEGINNING)[1:-1]


def _read(store: Store, task: Task, since: datetime | None, progress: Progress) -> Findings:
    stretches = _stretches(store, since)
    processes = min(os.cpu_count() or 1, MOST)
    alone = processes == 1 or len(stretches) * STRETCH <= ALONE
    found = Findings()
    parts = _alone(task, stretches) if alone else _together(task, stretches, processes)
    for done, part in enumerate(parts, start=1):
        found.merge(part)
        progress(done, len(stretches))
    return found


def _stretches(store: Store, since: datetime | None) -> list[tuple[int, int]]:
    """Ranges of numbers: above the first and up to the second."""
    query = select(func.min(DecisionEntry.id), func.max(DecisionEntry.id))
    with store.read() as session:
        first, last = session.exec(query if since is None else query.where(col(DecisionEntry.at) >= since)).one()
    if first is None or last is None:
        return []
    return [(one - 1, one - 1 + STRETCH) for one in range(first, last + 1, STRETCH)]


def _alone(task: Task, stretches: list[tuple[int, int]]) -> Iterator[Findings]:
    with closing(Stretches(task)) as reader:
        for one in stretches:
            yield reader.read(*one)


def _together(task: Task, stretches: list[tuple[int, int]], processes: int) -> Iterator[Findings]:
    fresh = get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, mp_context=fresh, initializer=start, initargs=(task,)) as pool:
            yield from pool.map(read, stretches)
    except BrokenProcessPool:
        raise SetupError("a process that read the log died", fix="free some memory and try again") from None


def place_of(store: Store) -> Place:
    """Where a store is, for a connection past the ORM."""
    args, kwargs = store.engine.dialect.create_connect_args(store.url)
    kept = {name: value for name, value in kwargs.items() if name != "context"}
    return Place(SQLITE if store.is_sqlite else POSTGRES, tuple(args), kept)
