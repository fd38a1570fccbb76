"""The Merkle tree of RFC 9162 (section 2.1), grown a leaf at a time from its right edge."""

from collections.abc import Iterable
from hashlib import sha256

SIZE = 32


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def split(edge: bytes) -> list[bytes]:
    """The hashes that an edge is made of."""
    return [edge[i : i + SIZE] for i in range(0, len(edge), SIZE)]


def root_of(nodes: list[bytes]) -> bytes:
    """The root of a tree from its complete subtrees, largest first; that of nothing is SHA-256 of nothing."""
    if not nodes:
        return sha256().digest()
    root = nodes[-1]
    for left in reversed(nodes[:-1]):
        root = node_hash(left, root)
    return root


class Tree:
    """The roots of the complete subtrees that the leaves so far make, largest first."""

    def __init__(self, size: int = 0, edge: bytes = b"") -> None:
        self.size = size
        self._edge = split(edge)
        if len(edge) % SIZE or len(self._edge) != size.bit_count():
            raise ValueError(f"an edge of {len(edge)} bytes does not fit {size} leaves")

    @property
    def edge(self) -> bytes:
        return b"".join(self._edge)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash: it completes as many subtrees as the size has trailing one bits."""
        self._complete(leaf, 1)

    def join(self, size: int, edge: bytes) -> None:
        """Add the tree of the next `size` leaves; this one's size must be a multiple of a power of two above it.

        Raises:
            ValueError: it is not.
        """
        if size & (size - 1) == 0:
            self._complete(edge, size)
        elif self.size % (1 << size.bit_length()):
            raise ValueError(f"a tree of {size} leaves does not fit after {self.size}")
        else:
            self._edge += split(edge)
            self.size += size

    def _complete(self, node: bytes, size: int) -> None:
        if self.size % size:
            raise ValueError(f"a tree of {size} leaves does not fit after {self.size}")
        rest = self.size // size
        while rest & 1:
            node = node_hash(self._edge.pop(), node)
            rest >>= 1
        self._edge.append(node)
        self.size += size

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The tree's hash."""
        return root_of(self._edge)


class Levels:
    """Every node over some leaves whose first is the first of a tree, or of a whole subtree as large."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.levels = [leaves]
        while len(below := self.levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self.levels.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])

    def edge(self, size: int) -> bytes:
        """The edge of the tree over the first `size` leaves."""
        nodes, taken = [], 0
        for height in reversed(range(len(self.levels))):
            if size >> height & 1:
                nodes.append(self.levels[height][taken >> height])
                taken += 1 << height
        return b"".join(nodes)
