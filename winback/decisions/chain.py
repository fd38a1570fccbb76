"""The entries in the order of their positions, held against the seals; what is wrong is named."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from winback.canonical import canonical_json
from winback.decisions.bare import bare
from winback.decisions.entry import EVIDENCE, HEAD, spoken
from winback.decisions.log import leaf_of
from winback.decisions.part import Part
from winback.decisions.rows import Problem, hashed, rows, span
from winback.decisions.said import Said
from winback.decisions.tree import Tree
from winback.store.models import DecisionEntry, Seal

POSITION = col(DecisionEntry.position)
STRETCH = 3
"""So many entries beside each other that are out of place are told as one."""
LAST = 2**31 - 1
"""The highest position that a row can have."""


class Chain:
    """Takes the log part by part. `tree` stands where the first gap is, if there is one: `whole` is then False."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.said = Said()
        self.tree = Tree()
        self.following = self.sealed = self.waiting = 0
        self.whole = True
        self.moved: list[int] = []

    def add(self, part: Part | None, start: int, end: int) -> Iterator[Problem]:
        """The entries from `start` up to and without `end`: a part as it was written, or one to read with care."""
        if part is None or not self._fits(part, start, end - start):
            yield from self._read(start, end)
            return
        yield from self._gap(start)
        if self.whole:
            self.tree.join(end - start, part.edge)
        self.said.merge(part.said)
        self.following = end
        self.sealed += end - start

    def _fits(self, part: Part, start: int, size: int) -> bool:
        """The seals of the part must go on from the tree before it; behind a gap none can."""
        if not self.whole or start != self.following:
            return True
        if part.before - {self.tree.edge}:
            return False
        after = Tree(self.tree.size, self.tree.edge)
        after.join(size, part.edge)
        return part.last is None or part.last == (after.root().hex(), after.edge)

    def _gap(self, position: int) -> Iterator[Problem]:
        if position > self.following:
            self.whole = False
            yield Problem("missing", span("entry", "entries", self.following, position - 1))

    def _read(self, start: int, end: int) -> Iterator[Problem]:
        size = col(Seal.size)
        sizes = self.session.exec(select(size).where(size > start, size <= end)).all()
        seals = dict(rows(self.session, Seal, sizes))
        yield from unreadable_seals(seals)
        places = self._places(start <= POSITION, end > POSITION)
        for key, entry in rows(self.session, DecisionEntry, list(places)):
            yield from self._place(key, places[key], entry, seals)

    def _places(self, *where: Any) -> dict[int, int | None]:
        found = self.session.exec(select(DecisionEntry.id, POSITION).where(*where).order_by(POSITION)).all()
        return {key: place for key, place in found if key is not None}

    def _place(
        self, key: int, position: int | None, entry: DecisionEntry | None, seals: dict[int, Seal | None]
    ) -> Iterator[Problem]:
        self.sealed += 1
        if not isinstance(position, int) or position < self.following:
            self.whole = False
            yield Problem("altered", f"the entry in row {key}: {position!r} is no position")
            return
        yield from self._gap(position)
        self.following = position + 1
        found = list(self._altered(entry, f"entry {position}"))
        yield from found
        if entry is not None and not found and leaf_of(position, entry.entry_hash).hex() != entry.leaf_hash:
            self.moved.append(position)
        if self.whole:
            self.tree.append(_bytes(entry))
            yield from self._against_seal(seals.get(self.tree.size))

    def _against_seal(self, seal: Seal | None) -> Iterator[Problem]:
        """Root and edge must be the sealed ones; after the first that are not, no later one can be."""
        if seal is not None and (seal.root, seal.edge) != (self.tree.root().hex(), self.tree.edge):
            self.whole = False
            yield Problem("altered", f"the root over the first {seal.size} entries is not the sealed one")

    def end(self) -> Iterator[Problem]:
        """Positions and the last seal come in one transaction, so both end at the same entry."""
        last = self.session.exec(select(func.max(Seal.size))).one() or 0
        if self.following < last:
            lost = span("entry", "entries", self.following, last - 1)
            yield Problem("missing", f"{lost}: the log was sealed with {last} entries")
        if self.following > last:
            yield Problem("missing", f"the seal over {self.following} entries")
        yield from self._swapped()
        yield from self._out_of_range()
        yield from self._unsealed()

    def _swapped(self) -> Iterator[Problem]:
        """A stretch of them is one problem: whoever numbers the rest anew moves all of it."""
        for _, stretch in groupby(enumerate(self.moved), lambda one: one[1] - one[0]):
            places = [place for _, place in stretch]
            apart = [places] if len(places) >= STRETCH else [[place] for place in places]
            for ones in apart:
                named = span("entry", "entries", ones[0], ones[-1])
                were = "was" if len(ones) == 1 else "were"
                yield Problem("swapped", f"{named} {were} sealed at another position, or put in later")

    def _out_of_range(self) -> Iterator[Problem]:
        for key, place in self._places(or_(POSITION < 0, POSITION > LAST)).items():
            self.sealed += 1
            yield Problem("altered", f"the entry in row {key}: {place!r} is no position")

    def _unsealed(self) -> Iterator[Problem]:
        waiting = list(self._places(POSITION.is_(None)))
        self.waiting = len(waiting)
        for key, entry in rows(self.session, DecisionEntry, sorted(waiting)):
            yield from self._altered(entry, f"the entry in row {key}, not yet sealed")

    def _altered(self, entry: DecisionEntry | None, where: str) -> Iterator[Problem]:
        """The body must hash to the entry's hash, the row must say what the body says, the evidence be there."""
        if entry is None:
            yield Problem("altered", f"{where}: its row cannot be read")
            return
        if entry.case_id is not None and isinstance(entry.step, int):
            self.said.count(entry.case_id, entry.step, entry.step)
        named = f"{where} ({entry.kind}, case {entry.case_id}, step {entry.step})"
        body = _spoken(entry.body)
        try:
            self.said.hear(body)
        except (KeyError, TypeError, AttributeError):
            body = {}
        if not body or _text_hash(entry.body) != entry.entry_hash:
            yield Problem("altered", named)
            return
        row = [json.loads(canonical_json(entry.at)), entry.kind, entry.case_id, entry.step, entry.action_hash]
        if row != [body.get(name) for name in HEAD]:
            yield Problem("altered", f"{named}: its row and its body differ")
        if entry.evidence is None and body.get(EVIDENCE) is not None:
            self.said.bare.append(bare(named, body, entry.case_id))
        if entry.evidence is not None and hashed(_text_hash, entry.evidence) != body.get(EVIDENCE):
            yield Problem("altered", f"the evidence of {named}")


def unreadable_seals(seals: Mapping[int, Seal | None]) -> Iterator[Problem]:
    """Seals that somebody wrote something into."""
    for size, one in seals.items():
        if one is None:
            yield Problem("altered", f"the seal over {size} entries: its row cannot be read")


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _spoken(body: object) -> dict[str, Any]:
    """What an entry's body says; nothing when it is none that Winback wrote."""
    try:
        return spoken(body) if isinstance(body, str) else {}
    except (ValueError, RecursionError):
        return {}


def _bytes(entry: DecisionEntry | None) -> bytes:
    try:
        return bytes.fromhex((entry.leaf_hash if entry else None) or "")
    except (ValueError, TypeError):
        return b""
