"""Checking the decision log: against itself, against its seals, and against what it speaks of."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import ColumnClause, column, func, select, table
from sqlmodel import Session

from winback.decisions.acts import Seen, check_policies, gone
from winback.decisions.chain import LAST, Chain
from winback.decisions.checkpoint import Checkpoint
from winback.decisions.covered import Covered, Kept
from winback.decisions.held import READERS, Held
from winback.decisions.held import SIZE as ROWS
from winback.decisions.part import SIZE, Part
from winback.decisions.reading import LOG, Span, read_all
from winback.decisions.rows import Problem
from winback.decisions.source import Source
from winback.decisions.tables import STATES, check_things, count_erased, keys_between
from winback.decisions.things import unknown_cases
from winback.store.store import Store


@dataclass(frozen=True)
class Verification:
    """The outcome. `sealed` entries are in the tree; `waiting` ones get their position at the next seal.

    `erased` counts, by table, rows about people whose data were erased: what proposals, receipts and
    notes said can no longer be proven. `bare` entries lost their evidence with such a person.
    `checkpoints` are those whose signature is right. `rows`: what the log speaks of was read too.
    """

    entries: int
    sealed: int
    waiting: int
    root: str
    problems: tuple[Problem, ...]
    erased: Mapping[str, int] = field(default_factory=dict)
    bare: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()
    rows: bool = True


def verify(
    store: Store,
    kept: Kept | None = None,
    *,
    rows: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Verification:
    """Read everything once and report all that is wrong; `kept` are signed checkpoints to hold the log against.

    Without `rows` the log alone is read: its entries, their evidence, its tree and its seals. `progress` hears
    how many parts have been read.
    """
    with store.read() as session, _no_collector():
        reading, covered = _Reading(store, session, rows, progress), Covered(kept)
        problems = [*reading.check(), *covered.check(session, reading.chain.following)]
        chain = reading.chain
        return Verification(
            entries=chain.sealed + chain.waiting,
            sealed=chain.sealed,
            waiting=chain.waiting,
            root=chain.tree.root().hex(),
            problems=tuple(problems),
            erased=dict(sorted((+reading.erased).items())),
            bare=reading.bare,
            checkpoints=tuple(covered.found),
            rows=rows,
        )


@contextmanager
def _no_collector() -> Iterator[None]:
    """What is gathered has no cycles, and looking for some takes a twentieth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Reading:
    """One verification: the log first, then the rows that it speaks of."""

    def __init__(self, store: Store, session: Session, rows: bool, progress: Callable[[int, int], None]) -> None:
        self.store, self.session, self.rows, self.progress = store, session, rows, progress
        self.chain = Chain(session)
        self.cases: set[int] = set()
        self.seen = Seen()
        self.erased: Counter[str] = Counter()
        self.bare = 0

    def check(self) -> Iterator[Problem]:
        log = list(_spans(self.session, LOG, "position", SIZE))
        tables = READERS if self.rows else ()
        things = [span for name in tables for span in _spans(self.session, name, "id", ROWS)]
        found = read_all(source_of(self.store), raw(self.session), [*log, *things])
        for number, span in enumerate(log):
            self.progress(number, len(log) + len(things))
            part = next(found)
            yield from self.chain.add(part if isinstance(part, Part) else None, span.start, span.end)
        yield from self.chain.end()
        yield from self._evidence()
        if not self.rows:
            return
        for number, span in enumerate(things, start=len(log)):
            self.progress(number, len(log) + len(things))
            yield from self._things(next(found), span)
        said = self.chain.said
        yield from unknown_cases(sorted(said.steps.keys() - self.cases))
        yield from gone(self.session, said, self.seen)
        if unmet := sorted(said.erased - self.seen.erased):
            yield from check_things(self.session, said, "contact", unmet)
        yield from check_policies(self.session, said)

    def _evidence(self) -> Iterator[Problem]:
        """Evidence may be gone only with somebody who was erased."""
        said = self.chain.said
        for one in said.bare:
            if said.excuses(one):
                self.bare += 1
            else:
                yield Problem("missing", f"the evidence of {one.named}")

    def _things(self, found: object, span: Span) -> Iterator[Problem]:
        """Rows that differ from the log, or all of a span that could not be read, are looked at with care."""
        if isinstance(found, Held) and found.states <= STATES.get(span.table, set()):
            self.erased += found.skipped
            self.cases |= found.versions.keys()
            self.seen.erased |= found.erased
            self.seen.acts |= found.acts
            self.seen.reviews |= found.reviews.keys()
            self.seen.effects.update(name for name, *_ in found.effects.values())
            self.seen.interactions |= found.recorded.keys()
            keys = sorted(found.not_in(self.chain.said) | self.seen.unlike(found))
        else:
            keys = keys_between(self.session, *span)
            if span.table in {"proposal", "review", "effect"}:
                self.erased[span.table] += count_erased(self.session, span.table, keys)
            if span.table == "cases":
                self.cases.update(keys)
        if keys:
            yield from check_things(self.session, self.chain.said, span.table, keys)


def _spans(session: Session, name: str, key: str, size: int) -> Iterator[Span]:
    """Aligned spans in which a table has rows; the last ends at its last row."""
    number: ColumnClause[int] = column(key)
    rows = table(name, number)
    last = session.connection().execute(select(func.max(number)).select_from(rows).where(number <= LAST)).scalar()
    following = 0
    while True:
        query = select(func.min(number)).select_from(rows).where(number >= following, number <= LAST)
        first = session.connection().execute(query).scalar()
        if first is None:
            return
        start = int(first) // size * size
        following = start + size
        yield Span(name, start, min(following, int(last or 0) + 1))


def source_of(store: Store) -> Source:
    """Where the rows of this store can be read by another process too."""
    if store.is_sqlite:
        return Source(True, store.url.database or "")
    return Source(False, store.url.set(drivername="postgresql").render_as_string(hide_password=False))


def raw(session: Session) -> object:
    """The connection of the database's own driver."""
    return session.connection().connection.dbapi_connection
