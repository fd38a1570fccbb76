"""Checking the decision log: against itself, against its seals, and against what it speaks of."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from winback.canonical import content_hash
from winback.decisions.action import action_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import leaf_of
from winback.decisions.tree import Tree
from winback.store.models import Case, Contact, DecisionEntry, Effect, Proposal, Review, Seal
from winback.store.store import Store
from winback.store.types import EffectState, ReviewState

PAGE = 10_000


@dataclass(frozen=True)
class Problem:
    """One thing that does not agree: `what` is altered, missing or swapped; `where` names it."""

    what: str
    where: str


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
        problems = [*chain.check(), *_check_cases(session), *_check_things(session)]
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
        self.tree = Tree()
        self.sealed = self.waiting = 0
        self.whole = True
        self.seals = {one.size: one for one in session.exec(select(Seal))}

    def check(self) -> Iterator[Problem]:
        for entry in self._entries():
            yield from self._sealed(entry)
        last = max(self.seals, default=0)
        for position in range(self.tree.size, last):
            yield Problem("missing", f"entry {position}: the log was sealed with {last} entries")
        for entry in self.session.exec(
            select(DecisionEntry).where(col(DecisionEntry.position).is_(None)).execution_options(yield_per=PAGE)
        ):
            self.waiting += 1
            yield from _altered(entry, "not yet sealed")

    def _entries(self) -> Iterator[DecisionEntry]:
        yield from self.session.exec(
            select(DecisionEntry)
            .where(col(DecisionEntry.position).is_not(None))
            .order_by(col(DecisionEntry.position))
            .execution_options(yield_per=PAGE)
        )

    def _sealed(self, entry: DecisionEntry) -> Iterator[Problem]:
        position = entry.position or 0
        for absent in range(self.tree.size, position):
            self.whole = False
            self.tree.append(leaf_of(absent, ""))
            yield Problem("missing", f"entry {absent}")
        found = list(_altered(entry, f"entry {position}"))
        yield from found
        if not found and leaf_of(position, entry.entry_hash).hex() != entry.leaf_hash:
            yield Problem("swapped", f"entry {position} was sealed at another position, or put in later")
        self.sealed += 1
        self.tree.append(_bytes(entry.leaf_hash))
        yield from self._against_seal()

    def _against_seal(self) -> Iterator[Problem]:
        """The root must be the sealed one; after the first that is not, no later one can be."""
        seal = self.seals.get(self.tree.size)
        if self.whole and seal is not None and seal.root != self.tree.root().hex():
            self.whole = False
            yield Problem("altered", f"the root over the first {seal.size} entries is not the sealed one")


def _bytes(leaf_hash: str | None) -> bytes:
    try:
        return bytes.fromhex(leaf_hash or "")
    except ValueError:
        return b""


def _altered(entry: DecisionEntry, where: str) -> Iterator[Problem]:
    """The body must hash to the entry's hash, and the row must say what the body says."""
    if hashlib.sha256(entry.body.encode()).hexdigest() != entry.entry_hash:
        yield Problem("altered", f"{where} ({entry.kind}, case {entry.case_id}, step {entry.step})")
        return
    body = json.loads(entry.body)
    if (body["kind"], body["case"], body["step"]) != (entry.kind, entry.case_id, entry.step):
        yield Problem("altered", f"{where}: the row says {entry.kind}, its body {body['kind']}")


def _check_cases(session: Session) -> Iterator[Problem]:
    """A case's entries are numbered 1 to its version."""
    steps: dict[int, list[int]] = {}
    for case_id, step in session.exec(
        select(DecisionEntry.case_id, DecisionEntry.step)
        .where(col(DecisionEntry.case_id).is_not(None))
        .order_by(col(DecisionEntry.case_id), col(DecisionEntry.step))
    ):
        steps.setdefault(case_id or 0, []).append(step or 0)
    for case_id, version in session.exec(select(Case.id, Case.version)):
        absent = set(range(1, version + 1)) - set(steps.pop(case_id or 0, []))
        for step in sorted(absent):
            yield Problem("missing", f"case {case_id}, step {step} of {version}")
    for case_id in steps:
        yield Problem("missing", f"case {case_id}: the log speaks of it, the table does not have it")


def _check_things(session: Session) -> Iterator[Problem]:
    """What the entries speak of must still hash to what they say, and nothing may have happened unlogged."""
    said = _Said(session)
    for case in session.exec(select(Case)):
        if said.drops.get(case.id or 0) not in (None, content_hash(case.drop)):
            yield Problem("altered", f"the drop of case {case.id}")
    salts = dict(session.exec(select(Contact.id, Contact.salt)).all())
    for proposal in session.exec(select(Proposal)):
        if proposal.action_hash != action_hash(proposal, salts[proposal.contact_id]):
            yield Problem("altered", f"proposal {proposal.id} of case {proposal.case_id}")
        if proposal.action_hash not in said.actions:
            yield Problem("missing", f"proposal {proposal.id} of case {proposal.case_id} is not in the log")
    yield from _check_reviews(session, said)
    yield from _check_effects(session, said)


def _check_reviews(session: Session, said: "_Said") -> Iterator[Problem]:
    decided = {ReviewState.APPROVED: EntryKind.APPROVED, ReviewState.REJECTED: EntryKind.REJECTED}
    for review in session.exec(select(Review)):
        kind = decided.get(ReviewState(review.state))
        if kind and (kind, review.id, review.action_hash, review.decided_by) not in said.reviews:
            yield Problem("missing", f"queue item {review.id} is {review.state}, and the log does not say so")


def _check_effects(session: Session, said: "_Said") -> Iterator[Problem]:
    for effect in session.exec(select(Effect)):
        if effect.state != EffectState.DONE:
            continue
        receipt = said.receipts.get(effect.key)
        if receipt is None:
            yield Problem(
                "missing", f"effect {effect.id} of case {effect.case_id} is done, and the log has no receipt"
            )
        elif receipt != content_hash(effect.receipt):
            yield Problem("altered", f"the receipt of effect {effect.id} of case {effect.case_id}")


class _Said:
    """What the log says of the other tables, gathered in one read."""

    def __init__(self, session: Session) -> None:
        self.drops: dict[int, str] = {}
        self.actions: set[str] = set()
        self.receipts: dict[str, str] = {}
        self.reviews: set[tuple[str, int | None, str, str | None]] = set()
        for text in session.exec(select(DecisionEntry.body).execution_options(yield_per=PAGE)):
            self._hear(json.loads(text))

    def _hear(self, body: dict[str, Any]) -> None:
        if "drop_hash" in body:
            self.drops[body["case"]] = body["drop_hash"]
        if "action_hash" in body:
            self.actions.add(body["action_hash"])
        if "receipt_hash" in body:
            self.receipts[body["effect"]] = body["receipt_hash"]
        if "review" in body and "by" in body:
            self.reviews.add((body["kind"], body["review"], body["action_hash"], body["by"]))
