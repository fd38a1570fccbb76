"""The Merkle tree of RFC 9162."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.decisions.tree import Tree, leaf_hash, node_hash

# Inputs and roots of the test vectors that Certificate Transparency implementations share.
INPUTS = [bytes.fromhex(one) for one in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_known_roots(size: int, root: str) -> None:
    """The roots are those that other implementations give."""
    tree = Tree()
    tree.extend(leaf_hash(one) for one in INPUTS[:size])
    assert tree.root().hex() == root


@given(st.lists(st.binary(max_size=8), max_size=70), st.integers(0, 70))
def test_growing_in_steps_is_the_definition(data: list[bytes], cut: int) -> None:
    """A tree that was stored and taken up again has the root of the definition."""
    leaves = [leaf_hash(one) for one in data]
    first = Tree()
    first.extend(leaves[:cut])
    again = Tree(first.size, first.edge)
    again.extend(leaves[cut:])
    assert again.root() == recursive_root(leaves)


def test_an_edge_that_does_not_fit_is_refused() -> None:
    """A stored edge must have one hash for each complete subtree."""
    with pytest.raises(ValueError, match="does not fit"):
        Tree(3, b"\0" * 32)
