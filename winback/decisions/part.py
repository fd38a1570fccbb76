"""A part of the log, read as fast as it can be: whether all of it is as Winback wrote it.

What is not is not named here. Then the part is read again with care (winback.decisions.chain).
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from winback.decisions.entry import EVIDENCE
from winback.decisions.kind import EntryKind
from winback.decisions.said import Said
from winback.decisions.source import Source, Unlike
from winback.decisions.tree import Levels, root_of, split

SIZE = 1 << 14
"""Entries of a part; a power of two, so that a whole part is one node of the tree."""
OPENED, DONE, SETTLED = EntryKind.CASE_OPENED.value, EntryKind.DONE.value, EntryKind.SETTLED.value
REFERRING = frozenset(
    one.value
    for one in (
        EntryKind.CASE_OPENED,
        EntryKind.DONE,
        EntryKind.SETTLED,
        EntryKind.APPROVED,
        EntryKind.REJECTED,
        EntryKind.ERASED,
    )
)
"""Kinds that hold hashes of rows of other tables; as plain words, which are compared ten times as fast."""
DROP, EFFECT, RECEIPT = b'"drop_hash":"', b'"effect":"', b'"receipt_hash":"'
Values = tuple[Any, ...]
NAMED = f'"{EVIDENCE}":"'.encode()


class Part(NamedTuple):
    """A part that is as it was written. `edge` is that of the tree over it.

    `before` is what the seals inside it say of the edge of the tree before it; `last` are root and
    edge of the seal at its end, which may complete subtrees that begin before it.
    """

    edge: bytes
    before: frozenset[bytes]
    last: tuple[str, bytes] | None
    said: Said


def read_part(source: Source, connection: Any, start: int, end: int) -> Part:
    """The entries at the positions from `start` up to and without `end`.

    Raises:
        Unlike: one of them, or of the seals inside, is not as it was written.
    """
    columns = ", ".join(
        (
            "position",
            "case_id",
            "step",
            "kind",
            source.moment_of("at"),
            "action_hash",
            source.bytes_of("body"),
            source.bytes_of("evidence"),
            "entry_hash",
            "leaf_hash",
        )
    )
    query = f"SELECT {columns} FROM decision_entry WHERE position >= ? AND position < ? ORDER BY position"  # noqa: S608
    said = Said()
    leaves: list[bytes] = []
    for page in source.pages(connection, query, (start, end)):
        _check(page, start + len(leaves), leaves, said)
    if len(leaves) != end - start:
        raise Unlike
    levels = Levels(leaves)
    before, last = _seals(source, connection, start, end, levels)
    return Part(levels.edge(len(leaves)), before, last, said)


def _check(page: list[tuple[Any, ...]], position: int, leaves: list[bytes], said: Said) -> None:
    """Column by column: that takes two thirds of the time of row by row."""
    places, cases, steps, kinds, moments, actions, bodies, evidence, hashes, sealed = zip(*page, strict=True)
    heads = [
        f'["{at[:10]}T{at[11:]}Z","{kind}",{_or_null(case)},{_or_null(step)},"{action}",{{'.encode()
        if action is not None
        else f'["{at[:10]}T{at[11:]}Z","{kind}",{_or_null(case)},{_or_null(step)},null,{{'.encode()
        for at, kind, case, step, action in zip(moments, kinds, cases, steps, actions, strict=True)
    ]
    fresh = [
        sha256(f'\0{{"entry":"{one}","position":{place}}}'.encode()).digest()
        for place, one in zip(places, hashes, strict=True)
    ]
    if not (
        places == tuple(range(position, position + len(page)))
        and all(map(bytes.startswith, bodies, heads))
        and tuple([one.hexdigest() for one in map(sha256, bodies)]) == hashes
        and tuple([one.hex() for one in fresh]) == sealed
        and _are_named(bodies, evidence)
    ):
        raise Unlike
    leaves += fresh
    _hear(said, cases, steps, kinds, actions, bodies)


def _or_null(number: int | None) -> int | str:
    return "null" if number is None else number


def _are_named(bodies: Values, evidence: Values) -> bool:
    """Whether each body names the evidence that is there, or none."""
    hashes = [None if one is None else f'{sha256(one).hexdigest()}"'.encode() for one in evidence]
    return all(
        NAMED not in body if one is None else body[(at := body.find(NAMED) + len(NAMED)) : at + 65] == one
        for body, one in zip(bodies, hashes, strict=True)
    )


def _hear(said: Said, cases: Values, steps: Values, kinds: Values, actions: Values, bodies: Values) -> None:
    last = said.steps
    for case, step in zip(cases, steps, strict=True):
        if case is not None and last.get(case, 0) == step - 1:
            last[case] = step
        elif case is not None:
            said.count(case, step, step)
    said.actions.update(filter(None, actions))
    for number in [number for number, kind in enumerate(kinds) if kind in REFERRING]:
        kind, body = kinds[number], bodies[number]
        if kind == OPENED:
            said.drops[cases[number]] = _value(body, DROP)
        elif kind in {DONE, SETTLED}:
            if RECEIPT in body:
                said.receipts[_value(body, EFFECT)] = _value(body, RECEIPT)
        else:
            told = {"action_hash": actions[number], **orjson.loads(body)[-1]}
            said.hear({**told, "kind": kind, "case": cases[number]})


def _value(body: bytes, key: bytes) -> str:
    """A hash in a body, by its key; ValueError when it is not there."""
    start = body.index(key) + len(key)
    return body[start : start + 64].decode()


def _seals(
    source: Source, connection: Any, start: int, end: int, levels: Levels
) -> tuple[frozenset[bytes], tuple[str, bytes] | None]:
    """Each seal's edge must end with the part's own, and its root must be that of its edge."""
    at = source.text_of("at")
    query = f"SELECT size, root, edge, {at} FROM seal WHERE size > ? AND size <= ? ORDER BY size"  # noqa: S608
    before: set[bytes] = set()
    last = None
    for page in source.pages(connection, query, (start, end)):
        for size, root, edge, at in page:
            datetime.fromisoformat(at)
            if size == end:
                last = root, edge
                continue
            own = levels.edge(size - start)
            if not edge.endswith(own) or root_of(split(edge)).hex() != root:
                raise Unlike
            before.add(edge.removesuffix(own))
    return frozenset(before), last
