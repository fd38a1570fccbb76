"""Writing the decision log: an entry in the business transaction, a position from the sealer.

An entry's `body` is canonical JSON and its own evidence: what happened, when, to which case as its
which step, and the content hash of everything it speaks of. No personal data enters in the clear.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from winback.canonical import canonical_json
from winback.decisions.kind import EntryKind
from winback.decisions.tree import Tree, leaf_hash
from winback.errors import ConflictError
from winback.store.models import Case, DecisionEntry, Seal
from winback.store.store import Store
from winback.store.types import CaseState

BATCH = 5000
ENTRY = insert(DecisionEntry)
NO_KEY: Any = {"key_share": True}
"""A row lock that rows pointing at this one do not wait for: two proposals of two workers must not deadlock."""


def advance(
    session: Session,
    case_id: int,
    kind: EntryKind,
    at: datetime,
    body: Mapping[str, Any],
    *,
    allowed: Iterable[CaseState],
    **changes: Any,
) -> None:
    """Take a case one step further: one compare-and-set, with its entry in the same transaction.

    Raises:
        ConflictError: the case is gone, or not in one of the `allowed` states: somebody was first.
    """
    states = sorted(allowed)
    version = (
        session.connection()
        .execute(
            update(Case)
            .where(col(Case.id) == case_id, col(Case.state).in_(states))
            .values(version=Case.version + 1, **changes)
            .returning(col(Case.version))
        )
        .scalar()
    )
    if version is None:
        state = session.connection().execute(select(Case.state).where(Case.id == case_id)).scalar()
        now = f"is {state} by now, not {' or '.join(states)}" if state else "is gone"
        raise ConflictError(f"case {case_id} {now}", fix="look again")
    append(session, kind, at, body, case_id=case_id, step=version)


def append(
    session: Session,
    kind: EntryKind,
    at: datetime,
    body: Mapping[str, Any],
    *,
    case_id: int | None = None,
    step: int | None = None,
) -> None:
    """Add one entry to the transaction; a case's entry is numbered by the case's version."""
    text = canonical_json({"kind": kind, "at": at, "case": case_id, "step": step, **body})
    values = {
        "case_id": case_id,
        "step": step,
        "kind": kind.value,
        "at": at,
        "body": text.decode(),
        "entry_hash": hashlib.sha256(text).hexdigest(),
    }
    session.connection().execute(ENTRY, values)


def leaf_of(position: int, entry_hash: str) -> bytes:
    """The leaf for an entry at a position: swapping two entries changes both leaves."""
    return leaf_hash(canonical_json({"position": position, "entry": entry_hash}))


def seal(store: Store, at: datetime) -> int:
    """Give every entry that has none its position, and write the new root; returns how many there were.

    One sealer at a time; a second waits and finds nothing left to do.
    """
    total = 0
    while count := _seal_batch(store, at):
        total += count
    return total


def _seal_batch(store: Store, at: datetime) -> int:
    with store.write() as session:
        store.lock(session, "seal")
        rows = session.exec(
            select(DecisionEntry)
            .where(col(DecisionEntry.position).is_(None))
            .order_by(col(DecisionEntry.id))
            .limit(BATCH)
        ).all()
        if not rows:
            return 0
        tree = last_tree(session)
        for row in rows:
            leaf = leaf_of(tree.size, row.entry_hash)
            row.position, row.leaf_hash = tree.size, leaf.hex()
            tree.append(leaf)
        session.add(Seal(size=tree.size, root=tree.root().hex(), edge=tree.edge, at=at))
        session.flush()
        return len(rows)


def last_tree(session: Session) -> Tree:
    """The tree as the newest seal left it."""
    newest = session.exec(select(Seal).order_by(col(Seal.size).desc()).limit(1)).first()
    return Tree(newest.size, newest.edge) if newest else Tree()
