"""A part of the log, read as fast as it can be: whether all of it is as Winback wrote it.

What is not is not named here. Then the part is read again with care (winback.decisions.chain).
"""

import re
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from winback.decisions.bare import bare
from winback.decisions.entry import EVIDENCE
from winback.decisions.kind import EntryKind
from winback.decisions.said import EFFECT_AFTER, NOBODY, REFERRING, Said
from winback.decisions.source import Source, Unlike
from winback.decisions.tree import Levels, root_of, split

SIZE = 1 << 14
"""Entries of a part; a power of two, so that a whole part is one node of the tree."""
OPENED, CLOSED, QUEUED = EntryKind.CASE_OPENED.value, EntryKind.CLOSED.value, EntryKind.QUEUED.value
ALLOWED, APPROVED, DONE = EntryKind.ALLOWED.value, EntryKind.APPROVED.value, EntryKind.DONE.value
CARRIED_OUT = frozenset(EFFECT_AFTER) - {APPROVED}
"""Kinds that say no more than which effect they are about, but for `ALLOWED` and `DONE`."""
DROP, EFFECT, RECEIPT = b'"drop_hash":"', b'"effect":"', b'"receipt_commitment":"'
ACCOUNT, REVIEW, OUTCOME = b'"account":', b'"review":', b'"outcome":"'
W_DROP, W_EFFECT, W_OUTCOME = len(DROP), len(EFFECT), len(OUTCOME)
PLAIN_APPROVAL = re.compile(rb'\{"by":"([^"\\]+)","effect":"([0-9a-f]{64})","review":(\d+)\}\]\Z')
NOTHING_WITHDRAWN, EDITED_BY = b'"lapsed":[]', b'"edited_by":'
Values = tuple[Any, ...]
NAMED = f'"{EVIDENCE}":"'.encode()
WIDTH = len(NAMED)


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
    ):
        raise Unlike
    for number in _bare(bodies, evidence):
        named = f"entry {places[number]} ({kinds[number]}, case {cases[number]}, step {steps[number]})"
        said.bare.append(bare(named, orjson.loads(bodies[number])[-1], cases[number]))
    leaves += fresh
    _count(said, cases, steps)
    _hear(said, cases, steps, kinds, actions, bodies)


def _or_null(number: int | None) -> int | str:
    return "null" if number is None else number


def _bare(bodies: Values, evidence: Values) -> list[int]:
    """The places of those whose evidence is gone; Unlike when some is not the one that its body names."""
    hashes = [None if one is None else sha256(one).hexdigest().encode() + b'"' for one in evidence]
    told = [body[at + WIDTH : at + WIDTH + 65] if (at := body.find(NAMED)) > 0 else None for body in bodies]
    if told == hashes:
        return []
    if any(NAMED + one not in body for body, one in zip(bodies, hashes, strict=True) if one is not None):
        raise Unlike
    return [place for place, body in enumerate(bodies) if hashes[place] is None and NAMED in body]


def _count(said: Said, cases: Values, steps: Values) -> None:
    last = said.steps
    for case, step in zip(cases, steps, strict=True):
        if case is not None and last.get(case, 0) == step - 1:
            last[case] = step
        elif case is not None:
            said.count(case, step, step)


def _hear(said: Said, cases: Values, steps: Values, kinds: Values, actions: Values, bodies: Values) -> None:
    """The most frequent kinds are heard without reading their JSON."""
    opened, effects, approved = said.opened, said.effects, said.approved
    for kind, case, step, action, body in zip(kinds, cases, steps, actions, bodies, strict=True):
        if kind not in REFERRING:
            continue
        if kind in CARRIED_OUT and (at := body.find(EFFECT)) > 0 and EDITED_BY not in body:
            key = body[at + W_EFFECT : at + W_EFFECT + 64].decode()
            effects[key] = (case, action, kind, step, _value(body, RECEIPT) if kind == DONE else None)
            if kind == ALLOWED:
                approved[key] = NOBODY
        elif kind == CLOSED and NOTHING_WITHDRAWN in body:
            at = body.rindex(OUTCOME) + W_OUTCOME
            said.closed[case] = body[at : body.index(b'"', at)].decode()
        elif kind == OPENED:
            at = body.index(DROP) + W_DROP
            opened[case] = (_number(body, ACCOUNT), body[at : at + 64].decode())
        elif kind == QUEUED:
            said.queued[_number(body, REVIEW)] = (case, action, step)
        elif kind == APPROVED and (found := PLAIN_APPROVAL.search(body)):
            by, key, number = found[1].decode(), found[2].decode(), int(found[3])
            effects[key] = (case, action, kind, step, None)
            said.decided[number] = ("approved", by, None, None)
            approved[key] = (number, by)
        else:
            head = {"kind": kind, "case": case, "step": step, "action_hash": action}
            said.hear({**orjson.loads(body)[-1], **head})


def _number(body: bytes, key: bytes) -> int:
    start = body.index(key) + len(key)
    return int(body[start : body.index(b",", start)])


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
