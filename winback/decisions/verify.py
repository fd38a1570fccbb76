"""Checking the decision log: against itself, against its seals, and against what it speaks of."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from winback.canonical import canonical_json
from winback.decisions.log import leaf_of
from winback.decisions.rows import Problem, rows, span
from winback.decisions.things import Said, check_things
from winback.decisions.tree import Tree
from winback.store.models import DecisionEntry, Seal
from winback.store.store import Store


@dataclass(frozen=True)
class Verification:
    """The outcome. `sealed` entries are in the tree; `waiting` ones get their position at the next seal."""

    entries: int
    sealed: int
    waiting: int
    root: str
    problems: tuple[Problem, ...]


def verify(store: Store) -> Verification:
    """Read everything once and report all that is wrong."""
    with store.read() as session:
        chain = _Chain(session)
        problems = [*chain.check(), *check_things(session, chain.said)]
        return Verification(
            entries=chain.sealed + chain.waiting,
            sealed=chain.sealed,
            waiting=chain.waiting,
            root=chain.tree.root().hex(),
            problems=tuple(problems),
        )


class _Chain:
    """The entries in the order of their positions, held against the seals."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said = Said()
        self.tree = Tree()
        self.following = self.sealed = self.waiting = 0
        self.whole = True
        self.seals = dict(rows(session, Seal))

    def check(self) -> Iterator[Problem]:
        for size, one in self.seals.items():
            if one is None:
                yield Problem("altered", f"the seal over {size} entries: its row cannot be read")
        position = col(DecisionEntry.position)
        places = dict(
            self.session.exec(
                select(DecisionEntry.id, position).where(position.is_not(None)).order_by(position)
            ).all()
        )
        for key, entry in rows(self.session, DecisionEntry, [key for key in places if key is not None]):
            yield from self._sealed(key, places[key], entry)
        yield from self._end()
        yield from self._unsealed()

    def _sealed(self, key: int, position: int | None, entry: DecisionEntry | None) -> Iterator[Problem]:
        self.sealed += 1
        if not isinstance(position, int) or position < self.following:
            self.whole = False
            yield Problem("altered", f"the entry in row {key}: {position!r} is no position")
            return
        if position > self.following:
            self.whole = False
            yield Problem("missing", span("entry", "entries", self.following, position - 1))
        self.following = position + 1
        found = list(self._altered(entry, f"entry {position}"))
        yield from found
        if entry is not None and not found and leaf_of(position, entry.entry_hash).hex() != entry.leaf_hash:
            yield Problem("swapped", f"entry {position} was sealed at another position, or put in later")
        self.tree.append(_bytes(entry))
        yield from self._against_seal()

    def _against_seal(self) -> Iterator[Problem]:
        """Root and edge must be the sealed ones; after the first that are not, no later one can be."""
        seal = self.seals.get(self.tree.size)
        if self.whole and seal is not None and (seal.root, seal.edge) != (self.tree.root().hex(), self.tree.edge):
            self.whole = False
            yield Problem("altered", f"the root over the first {seal.size} entries is not the sealed one")

    def _end(self) -> Iterator[Problem]:
        """Positions and the last seal come in one transaction, so both end at the same entry."""
        last = max(self.seals, default=0)
        if self.following < last:
            lost = span("entry", "entries", self.following, last - 1)
            yield Problem("missing", f"{lost}: the log was sealed with {last} entries")
        if self.following > last:
            yield Problem("missing", f"the seal over {self.following} entries")

    def _unsealed(self) -> Iterator[Problem]:
        waiting = self.session.exec(
            select(DecisionEntry.id).where(col(DecisionEntry.position).is_(None)).order_by(col(DecisionEntry.id))
        ).all()
        self.waiting = len(waiting)
        for key, entry in rows(self.session, DecisionEntry, [key for key in waiting if key is not None]):
            yield from self._altered(entry, f"the entry in row {key}, not yet sealed")

    def _altered(self, entry: DecisionEntry | None, where: str) -> Iterator[Problem]:
        """The body must hash to the entry's hash, and the row must say what the body says."""
        if entry is None:
            yield Problem("altered", f"{where}: its row cannot be read")
            return
        self.said.count(entry)
        named = f"{where} ({entry.kind}, case {entry.case_id}, step {entry.step})"
        body = _spoken(entry.body)
        try:
            self.said.hear(body)
        except (KeyError, TypeError):
            body = {}
        if not body or hashlib.sha256(entry.body.encode()).hexdigest() != entry.entry_hash:
            yield Problem("altered", named)
            return
        row = [entry.kind, entry.case_id, entry.step, json.loads(canonical_json(entry.at))]
        if row != [body.get(name) for name in ("kind", "case", "step", "at")]:
            yield Problem("altered", f"{named}: its row and its body differ")


def _spoken(body: object) -> dict[str, Any]:
    """What an entry's body says; nothing when it is not the JSON object that Winback wrote."""
    try:
        found = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(entry: DecisionEntry | None) -> bytes:
    try:
        return bytes.fromhex((entry.leaf_hash if entry else None) or "")
    except (ValueError, TypeError):
        return b""
