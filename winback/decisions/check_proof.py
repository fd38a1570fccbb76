"""Checks a proof or an export of Winback's decision log. Needs Python 3.10, and nothing of Winback.

    python check_proof.py FILE [--key VERIFIER_KEY]

FILE comes from `winback log prove` or `winback log export`. Without --key nothing is proven about who signed: give
the key that you have from elsewhere. Exit code: 0 proven or consistent, 1 refused, 2 the file cannot be read.
"""

# ruff: noqa: T201  a program that prints
import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any, TextIO

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]
TEXT = r"([^\n]+)\n(0|[1-9]\d{0,18})\n([^\n]{44})\ntime ([^\n]+)\nnumber ([1-9]\d*)\n"
NOTE = re.compile(rf"\A({TEXT})\n((?:— [^ \n]+ [^ \n]+\n)+)\Z")


def add(p: Point, q: Point) -> Point:
    """The sum of two points of edwards25519 in extended coordinates (RFC 8032, 5.1.4)."""
    a, b, c, d = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0]), 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    half = _times(number >> 1, add(point, point)) if number else (0, 1, 1, 0)
    return add(half, point) if number & 1 else half


def point_of(data: bytes) -> Point:
    """The point that 32 bytes stand for (RFC 8032, 5.1.3); ValueError when there is none."""
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    _need(y < P and (x * x - square) % P == 0 and not (x == 0 and sign), "a point is not on the curve")
    return (x := P - x if x & 1 != sign else x), y, 1, x * y % P


def is_signed(public: bytes, signature: bytes, text: bytes) -> bool:
    """Ed25519 (RFC 8032, 5.1.7)."""
    base = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % ORDER
    left, right = _times(s, base), add(point_of(signature[:32]), _times(h, point_of(public)))
    return s < ORDER and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def _need(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def decoded(text: str, size: int = 32) -> bytes:
    """The bytes of base64, which must be written in its one right way."""
    found = base64.b64decode(text, validate=True)
    _need(base64.b64encode(found).decode() == text and len(found) == size, f"{text[:80]} is not {size} bytes")
    return found


def open_checkpoint(note: str, key: str) -> tuple[int, bytes]:
    """Size and root that a signed note (C2SP tlog-checkpoint) says, signed with the key `name+id+base64`."""
    name, short, public = (*key.split("+", 2), "", "")[:3]
    raw = decoded(public, 33)
    identity = _sha(name.encode() + b"\n" + raw)[:4]
    _need(raw[0] == 1 and identity.hex() == short, "the key is no verifier key")
    _need(bool(found := NOTE.findall(note)), "the checkpoint is no signed note")
    text, origin, size, root, time, number, lines = found[0]
    own = [one for signer, one in re.findall("— (.+) (.+)\n", lines) if signer == name]
    signed = [decoded(one, 68)[4:] for one in own if base64.b64decode(one)[:4] == identity]
    _need(bool(signed) and name == origin, f"the checkpoint is not signed with {name}+{short}")
    _need(all(is_signed(raw[1:], one, text.encode()) for one in signed), "the checkpoint's signature is wrong")
    print(f"ok: checkpoint {number} of {time}: {size} entries, signed by {name}+{short}")
    return int(size), decoded(root)


def leaf_of(entry: dict[str, Any]) -> bytes:
    """The leaf of an entry. Evidence may have been erased; where it is there, the body must name it."""
    position, body, evidence = map(entry.__getitem__, ("position", "body", "evidence"))
    named, digest = json.loads(body)[5].get("evidence"), evidence and _sha(evidence.encode()).hex()
    _need(type(position) is int and position >= 0, "a position is no number")
    _need(evidence is None or named == digest, f"entry {position}: its evidence is not the one it names")
    if named != digest:
        print(f"note: the evidence of entry {position} is not in the file, so nothing is said of it")
    return _sha(b"\0", f'{{"entry":"{_sha(body.encode()).hex()}","position":{position}}}'.encode())


def climb(path: Iterable[bytes], index: int, last: int) -> Iterator[tuple[bytes, bool]]:
    """The nodes from a leaf up to the root, and whether each stands to the left (RFC 9162, 2.1.3.2)."""
    for node in path:
        _need(last > 0, "the path is too long")
        left = bool(index & 1) or index == last
        yield node, left
        while left and index and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    _need(last == 0, "the path is too short")


def check_inclusion(proof: dict[str, Any], key: str) -> None:
    """RFC 9162, 2.1.3.2."""
    size, root = open_checkpoint(proof["checkpoint"], key)
    node = leaf_of(proof)
    _need(proof["position"] < size, "the checkpoint does not cover this position")
    for step, left in climb(map(decoded, proof["path"]), proof["position"], size - 1):
        node = _sha(b"\1", step, node) if left else _sha(b"\1", node, step)
    _need(node == root, "the entry is not in the log of the checkpoint")
    print(f"ok: entry {proof['position']} is in that log, as it stands here")


def check_consistency(proof: dict[str, Any], key: str) -> None:
    """RFC 9162, 2.1.4.2."""
    (size, root), (end, after) = open_checkpoint(proof["old"], key), open_checkpoint(proof["new"], key)
    path = [decoded(one) for one in proof["path"]]
    if size in {0, end}:
        _need(not path and root == (after if size else _sha()), "the two checkpoints do not agree")
    else:
        _need(size < end, "the newer checkpoint covers fewer entries")
        path = path if size & (size - 1) else [root, *path]
        shift = ((size - 1) ^ size).bit_length() - 1
        old = new = path[0]
        for step, left in climb(path[1:], (size - 1) >> shift, (end - 1) >> shift):
            old = _sha(b"\1", step, old) if left else old
            new = _sha(b"\1", step, new) if left else _sha(b"\1", new, step)
        _need((old, new) == (root, after), "the log was not only added to")
    print(f"ok: the first {size} entries are the same in both")


def check_export(first: str, lines: TextIO, given: str | None) -> None:
    """Entries without a gap; last a checkpoint over all, and the nodes of the tree before the first."""
    leaves: list[bytes] = []
    start, entry = 0, json.loads(first)
    while set(entry) == {"position", "body", "evidence", "leaf"}:
        start = start if leaves else entry["position"]
        leaves.append(leaf_of(entry))
        _need(entry["position"] == start + len(leaves) - 1, "an entry is missing or out of place")
        _need(leaves[-1].hex() == entry["leaf"], f"entry {entry['position']}: its leaf is another")
        entry = json.loads(next(lines, "{}"))
    _need(set(entry) == {"before", "checkpoint", "key"} and not next(lines, ""), "the last line is no checkpoint")
    _need(given in {None, entry["key"]}, "the file names another key than the given one")
    size, root = open_checkpoint(entry["checkpoint"], entry["key"])
    edge, count = [decoded(one) for one in entry["before"]], start if leaves else size
    _need(len(edge) == count.bit_count(), "the nodes before the first entry do not fit")
    for number, leaf in enumerate(leaves, start=count):
        edge.append(leaf)
        for _ in range((number ^ (number + 1)).bit_length() - 1):
            edge[-2:] = [_sha(b"\1", *edge[-2:])]
    whole = reduce(lambda right, left: _sha(b"\1", left, right), reversed(edge)) if edge else _sha()
    _need((count + len(leaves), whole) == (size, root), "the entries are not those of the checkpoint")
    print(f"ok: {len(leaves)} entries, as they stand here, are the last of that log")


def check(file: TextIO, given: str | None) -> None:
    """Raises ValueError and the like for whatever is not proven."""
    first = file.readline()
    if first != "{\n":
        return check_export(first, file, given)
    proof = json.loads(first + file.read())
    run, names = {"inclusion": (check_inclusion, 7), "consistency": (check_consistency, 5)}[proof["type"]]
    _need(len(proof) == names, "the proof says more than it should")
    _need(given in {None, proof["key"]}, "the file names another key than the given one")
    return run(proof, proof["key"])


def main() -> None:
    """Say what was checked, a line each; the exit code is the answer."""
    parser = argparse.ArgumentParser(description="Check a proof or an export of Winback's decision log.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", help="the verifier key that you have from elsewhere")
    options = parser.parse_args()
    try:
        with options.file.open(encoding="utf-8", newline="\n") as file:
            check(file, options.key)
        print("proven" if options.key else "consistent with the key in the file (not proven who signed)")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        sys.exit(f"REFUSED: {error or type(error).__name__}")
    except OSError as error:
        parser.error(f"cannot be read: {error}")


if __name__ == "__main__":
    main()
