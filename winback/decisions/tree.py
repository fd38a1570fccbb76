"""The Merkle tree of RFC 9162 (section 2.1), grown a leaf at a time from its right edge."""

import hashlib
from collections.abc import Iterable

SIZE = 32


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The roots of the complete subtrees that the leaves so far make, largest first."""

    def __init__(self, size: int = 0, edge: bytes = b"") -> None:
        self.size = size
        self._edge = [edge[i : i + SIZE] for i in range(0, len(edge), SIZE)]
        if len(edge) % SIZE or len(self._edge) != size.bit_count():
            raise ValueError(f"an edge of {len(edge)} bytes does not fit {size} leaves")

    @property
    def edge(self) -> bytes:
        return b"".join(self._edge)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash: it completes as many subtrees as the size has trailing one bits."""
        node, rest = leaf, self.size
        while rest & 1:
            node = node_hash(self._edge.pop(), node)
            rest >>= 1
        self._edge.append(node)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The tree's hash; that of nothing is SHA-256 of nothing."""
        if not self._edge:
            return hashlib.sha256().digest()
        root = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            root = node_hash(left, root)
        return root
