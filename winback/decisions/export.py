"""The sealed log as JSON Lines, page by page, closed by a signed checkpoint."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from sqlmodel import Session, col, func, select

from winback.decisions.checkpoint import Checkpoint
from winback.decisions.note import VerifierKey
from winback.decisions.proof import LogTree
from winback.errors import IntegrityError
from winback.store.models import DecisionEntry

PAGE = 1000
Progress = Callable[[int, int], None]


def export(
    session: Session,
    file: TextIO,
    checkpoint: tuple[Checkpoint, str],
    key: VerifierKey,
    since: datetime | None,
    progress: Progress,
) -> int:
    """Write the entries that a checkpoint covers, one a line, and the checkpoint last; returns how many.

    With `since` they begin with the first entry of that time or later, and the last line has the
    nodes of the tree before it, so that these entries can be proven without the others.

    Raises:
        IntegrityError: one of them is missing.
        OSError: the file cannot be written.
    """
    size = checkpoint[0].size
    start = _first(session, since, size)
    for first in range(start, size, PAGE):
        last = min(first + PAGE, size)
        lines = _lines(session, first, last)
        if len(lines) != last - first:
            raise IntegrityError(f"an entry from {first} on is missing", fix="see 'winback log verify'")
        file.writelines(lines)
        progress(last - start, size - start)
    before = LogTree(session).tree(0, start).edge
    nodes = [base64.b64encode(before[at : at + 32]).decode() for at in range(0, len(before), 32)]
    file.write(_line({"before": nodes, "checkpoint": checkpoint[1], "key": str(key)}))
    return size - start


def _first(session: Session, since: datetime | None, size: int) -> int:
    if since is None:
        return 0
    first = session.exec(select(func.min(DecisionEntry.position)).where(DecisionEntry.at >= since)).one()
    return size if first is None else min(first, size)


def _lines(session: Session, first: int, last: int) -> list[str]:
    position = col(DecisionEntry.position)
    rows = session.exec(
        select(position, DecisionEntry.body, DecisionEntry.evidence, DecisionEntry.leaf_hash)
        .where(position >= first, position < last)
        .order_by(position)
    )
    return [_line(dict(zip(("position", "body", "evidence", "leaf"), row, strict=True))) for row in rows]


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
