"""Proofs of RFC 9162: they lead where they should, and nowhere else."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.decisions.check_proof import climb
from winback.decisions.proof import consistency, inclusion
from winback.decisions.tree import Levels, Tree, leaf_hash, node_hash

MOST = 70
LEAVES = [leaf_hash(bytes([number])) for number in range(MOST)]


@cache
def root(start: int, end: int) -> bytes:
    tree = Tree()
    tree.extend(LEAVES[start:end])
    return tree.root()


def included(position: int, size: int, path: list[bytes]) -> bool:
    """Section 2.1.3.2, with the steps of the outsider's checker."""
    node = LEAVES[position]
    for step, left in climb(path, position, size - 1):
        node = node_hash(step, node) if left else node_hash(node, step)
    return node == root(0, size)


def consistent(old: int, new: int, path: list[bytes]) -> bool:
    """Section 2.1.4.2, word for word."""
    if old == new:
        return not path
    nodes = path if old & (old - 1) else [root(0, old), *path]
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    first = second = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            first, second = node_hash(node, first), node_hash(node, second)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            second = node_hash(second, node)
        index, last = index >> 1, last >> 1
    return last == 0 and (first, second) == (root(0, old), root(0, new))


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_leaf_of_every_tree_can_be_proven(size: int) -> None:
    """Inclusion, and a path no longer than the tree is high."""
    for position in range(size):
        path = inclusion(root, position, 0, size)
        assert included(position, size, path)
        assert len(path) <= (size - 1).bit_length()


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_every_tree_begins_with_every_smaller_one(new: int) -> None:
    """Consistency of all pairs of sizes."""
    assert all(consistent(old, new, consistency(root, old, 0, new)) for old in range(1, new + 1))


@given(st.data())
def test_a_path_proves_nothing_else(data: st.DataObject) -> None:
    """Another leaf, another size or another node: refused."""
    size = data.draw(st.integers(2, MOST))
    position, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    path = inclusion(root, position, 0, size)
    where = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:where], leaf_hash(b"another"), *path[where + 1 :]]
    for wrong_place, wrong_path in ((other, path), (position, changed), (position, path[:-1])):
        try:
            assert not included(wrong_place, size, wrong_path)
        except ValueError as error:
            assert "the path is too" in str(error)  # noqa: PT017  one of two ways to refuse


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_levels_know_every_edge(size: int, most: int) -> None:
    """The edge of a tree over the first leaves, without growing it anew."""
    size = min(size, most)
    grown = Tree()
    grown.extend(LEAVES[:size])
    assert Levels(LEAVES[:most]).edge(size) == grown.edge


@given(st.integers(0, 4), st.integers(0, 16))
def test_trees_are_joined(parts: int, rest: int) -> None:
    """Whole subtrees and an open end, put together, are the tree that was grown leaf by leaf."""
    joined, grown = Tree(), Tree()
    leaves = (LEAVES * 2)[: parts * 16 + rest]
    grown.extend(leaves)
    for start in range(0, len(leaves), 16):
        part = Tree()
        part.extend(leaves[start : start + 16])
        joined.join(part.size, part.edge)
    assert (joined.size, joined.edge) == (grown.size, grown.edge)


def test_trees_that_do_not_fit_are_not_joined() -> None:
    """A tree of four leaves has no place after three."""
    tree, part = Tree(), Tree()
    tree.extend(LEAVES[:3])
    part.extend(LEAVES[:4])
    with pytest.raises(ValueError, match="does not fit"):
        tree.join(4, part.edge)
    part.extend(LEAVES[:1])
    with pytest.raises(ValueError, match="does not fit"):
        tree.join(5, part.edge)
