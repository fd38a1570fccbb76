"""Writing the decision log: an entry in the business transaction, a position from the sealer.

An entry's `body` (winback.decisions.entry) says what happened, when, to which case as its which step,
with the content hash of everything it speaks of. No personal data enters in the clear.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, inspect, or_, text, update
from sqlalchemy import select as sql_select
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, col, select

from winback.decisions.entry import body_of
from winback.decisions.kind import EntryKind
from winback.decisions.tree import Tree, leaf_hash
from winback.errors import ConflictError
from winback.store.models import Case, DecisionEntry, Seal
from winback.store.store import Store
from winback.store.types import CaseState

BATCH = 5000
CASE = cast("Table", inspect(Case).local_table)
LOG = cast("Table", inspect(DecisionEntry).local_table)
ENTRY = insert(LOG).inline()
UNSEALED = sql_select(LOG.c.id, LOG.c.entry_hash).where(LOG.c.position.is_(None)).order_by(LOG.c.id).limit(BATCH)
PLACED = (
    update(LOG)
    .where(LOG.c.id == bindparam("row"))
    .values(position=bindparam("place"), leaf_hash=bindparam("leaf"))
)
PLACED_AT_ONCE = text(
    "UPDATE decision_entry SET position = place, leaf_hash = leaf FROM unnest("
    "CAST(:rows AS integer[]), CAST(:places AS integer[]), CAST(:leaves AS text[])"
    ") AS placed(number, place, leaf) WHERE id = number"
)
"""The same on PostgreSQL, which takes a third of the time for it."""
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
    evidence: bytes | None = None,
    **changes: Any,
) -> None:
    """Take a case one step further: one compare-and-set, with its entry in the same transaction.

    `evidence` is canonical JSON of what was judged by; the entry names it by its hash.

    Raises:
        ConflictError: the case is gone, or not in one of the `allowed` states: somebody was first.
    """
    states = tuple(sorted(allowed))
    given = {f"new_{name}": value for name, value in changes.items()}
    step = _step(states, tuple(changes))
    version = session.connection().execute(step, {"the_case": case_id, **given}).scalar()
    if version is None:
        state = session.connection().execute(select(Case.state).where(Case.id == case_id)).scalar()
        now = f"is {state} by now, not {' or '.join(states)}" if state else "is gone"
        raise ConflictError(f"case {case_id} {now}", fix="look again")
    append(session, kind, at, body, case_id=case_id, step=version, evidence=evidence)


@cache
def _step(states: tuple[str, ...], changed: tuple[str, ...]) -> ReturningUpdate[Any]:
    """A case's compare-and-set, kept for each set of states and columns: making it costs more than doing it."""
    values = {name: bindparam(f"new_{name}", type_=CASE.c[name].type) for name in changed}
    return (
        update(CASE)
        .where(CASE.c.id == bindparam("the_case", type_=CASE.c.id.type))
        .where(or_(*(CASE.c.state == state for state in states)))
        .values(version=CASE.c.version + 1, **values)
        .returning(CASE.c.version)
    )


def append(
    session: Session,
    kind: EntryKind,
    at: datetime,
    body: Mapping[str, Any],
    *,
    case_id: int | None = None,
    step: int | None = None,
    evidence: bytes | None = None,
) -> None:
    """Add one entry to the transaction; a case's entry is numbered by the case's version."""
    session.connection().execute(ENTRY, row_of(kind, at, body, case_id=case_id, step=step, evidence=evidence))


def row_of(
    kind: EntryKind,
    at: datetime,
    body: Mapping[str, Any],
    *,
    case_id: int | None,
    step: int | None,
    evidence: bytes | None,
) -> dict[str, Any]:
    """An entry's row, for `ENTRY`."""
    said = body_of(at, kind.value, case_id, step, body, evidence)
    return {
        "case_id": case_id,
        "step": step,
        "kind": kind.value,
        "at": at,
        "action_hash": body.get("action_hash"),
        "body": said.decode(),
        "evidence": None if evidence is None else evidence.decode(),
        "entry_hash": hashlib.sha256(said).hexdigest(),
    }


def leaf_of(position: int, entry_hash: str) -> bytes:
    """The leaf for an entry at a position: swapping two entries changes both leaves."""
    return leaf_hash(f'{{"entry":"{entry_hash}","position":{position}}}'.encode())


def seal(store: Store, at: datetime) -> int:
    """Give every entry that has none its position, and write the new root; returns how many there were.

    One sealer at a time; a second waits and finds nothing left to do. What is written meanwhile may
    wait for the next: under steady writers there is always more.
    """
    total = count = _seal_batch(store, at)
    while count == BATCH:
        count = _seal_batch(store, at)
        total += count
    return total


def _seal_batch(store: Store, at: datetime) -> int:
    with store.write("seal") as session:
        store.lock(session, "seal")
        connection = session.connection()
        rows = connection.execute(UNSEALED).all()
        if not rows:
            return 0
        tree = last_tree(session)
        places = range(tree.size, tree.size + len(rows))
        leaves = [leaf_of(place, entry_hash) for place, (_, entry_hash) in zip(places, rows, strict=True)]
        tree.extend(leaves)
        keys, hashes = [key for key, _ in rows], [leaf.hex() for leaf in leaves]
        if store.is_sqlite:
            placed = zip(keys, places, hashes, strict=True)
            connection.execute(PLACED, [{"row": row, "place": place, "leaf": leaf} for row, place, leaf in placed])
        else:
            connection.execute(PLACED_AT_ONCE, {"rows": keys, "places": list(places), "leaves": hashes})
        session.add(Seal(size=tree.size, root=tree.root().hex(), edge=tree.edge, at=at))
        session.flush()
        return len(rows)


def last_tree(session: Session) -> Tree:
    """The tree as the newest seal left it."""
    newest = session.exec(select(Seal).order_by(col(Seal.size).desc()).limit(1)).first()
    return Tree(newest.size, newest.edge) if newest else Tree()
