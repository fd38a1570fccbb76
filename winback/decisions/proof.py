"""Proofs for an outsider (RFC 9162, 2.1.3 and 2.1.4): that an entry is in the log, that a log has only grown."""

import base64
from collections.abc import Callable
from typing import Any

from sqlmodel import Session, col, select

from winback.decisions.note import VerifierKey
from winback.decisions.rows import PAGE
from winback.decisions.tree import Tree
from winback.errors import IntegrityError
from winback.store.models import DecisionEntry

Root = Callable[[int, int], bytes]
"""The root over the leaves from a first one up to and without a last one."""


def inclusion(root: Root, position: int, start: int, end: int) -> list[bytes]:
    """PATH(position, D[start:end]): the nodes that lead from one leaf to the root, its neighbour first."""
    if end - start == 1:
        return []
    middle = start + _largest_power_below(end - start)
    if position < middle:
        return [*inclusion(root, position, start, middle), root(middle, end)]
    return [*inclusion(root, position, middle, end), root(start, middle)]


def consistency(root: Root, old: int, start: int, end: int, *, known: bool = True) -> list[bytes]:
    """SUBPROOF(old, D[start:end], known): the nodes that lead from the first `old` leaves to all of them."""
    if old == end:
        return [] if known else [root(start, end)]
    middle = start + _largest_power_below(end - start)
    if old <= middle:
        return [*consistency(root, old, start, middle, known=known), root(middle, end)]
    return [*consistency(root, old, middle, end, known=False), root(start, middle)]


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


class LogTree:
    """The sealed leaves of the log, read as they are needed: each is read once for a proof."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def root(self, start: int, end: int) -> bytes:
        """The root over the entries from `start` up to and without `end`.

        Raises:
            IntegrityError: one of them is missing, or its leaf is none.
        """
        return self.tree(start, end).root()

    def tree(self, start: int, end: int) -> Tree:
        """The same as a tree of its own."""
        tree = Tree()
        self._extend(tree, start, end)
        return tree

    def grow(self, tree: Tree, end: int) -> None:
        """Add to the tree over the first entries those that follow, up to and without `end`; raises the same."""
        self._extend(tree, tree.size, end)

    def _extend(self, tree: Tree, start: int, end: int) -> None:
        position = col(DecisionEntry.position)
        for first in range(start, end, PAGE):
            last = min(first + PAGE, end)
            leaves = self.session.exec(
                select(DecisionEntry.leaf_hash).where(position >= first, position < last).order_by(position)
            ).all()
            if len(leaves) != last - first:
                raise _broken(first, last)
            try:
                tree.extend(bytes.fromhex(leaf or "") for leaf in leaves)
            except (ValueError, TypeError):
                raise _broken(first, last) from None


def _broken(first: int, last: int) -> IntegrityError:
    return IntegrityError(
        f"an entry between {first} and {last - 1} is missing or altered", fix="see 'winback log verify'"
    )


def inclusion_proof(
    session: Session, entry: DecisionEntry, size: int, note: str, key: VerifierKey
) -> dict[str, Any]:
    """All that an outsider needs to see that a sealed entry is one of the `size` that the note speaks of."""
    position = entry.position or 0
    path = inclusion(LogTree(session).root, position, 0, size)
    return {
        "type": "inclusion",
        "position": position,
        "body": entry.body,
        "evidence": entry.evidence,
        "path": [base64.b64encode(node).decode() for node in path],
        "checkpoint": note,
        "key": str(key),
    }


def consistency_proof(
    session: Session, old: tuple[int, str], new: tuple[int, str], key: VerifierKey
) -> dict[str, Any]:
    """All that an outsider needs to see that the log of a newer note begins with the log of an older one."""
    path = consistency(LogTree(session).root, old[0], 0, new[0]) if 0 < old[0] < new[0] else []
    return {
        "type": "consistency",
        "old": old[1],
        "new": new[1],
        "path": [base64.b64encode(node).decode() for node in path],
        "key": str(key),
    }
