"""What an entry of the decision log looks like: the bytes that are hashed, and how they are read again.

A body is the canonical JSON of the array `[at, kind, case, step, action_hash, {the rest}]`. What the
row's columns say is its first five values, so that a row is held against its body without reading JSON.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from winback.canonical import canonical_json

HEAD = ("at", "kind", "case", "step", "action_hash")
EVIDENCE = "evidence"
"""The key of the rest under which the hash of the evidence stands."""


def entry_name(position: int | None, row: int | None) -> str:
    """How an entry is named to a person: by its position, which is sealed; `+ROW` until it has one.

    The number of a row is not covered by the log: two entries could change theirs.
    """
    return f"+{row}" if position is None else str(position)


class Witnessed(Protocol):
    """A row of the log, or a part of one."""

    @property
    def evidence(self) -> str | None: ...


def body_of(
    at: datetime,
    kind: str,
    case_id: int | None,
    step: int | None,
    said: Mapping[str, Any],
    evidence: bytes | None = None,
) -> bytes:
    """The body of an entry that says `said`; its key `action_hash` has a place of its own.

    Raises:
        TypeError, ValueError: a value with no canonical form.
    """
    rest = dict(said)
    action = rest.pop("action_hash", None)
    if evidence is not None:
        rest[EVIDENCE] = hashlib.sha256(evidence).hexdigest()
    return canonical_json((at, kind, case_id, step, action, rest))


def spoken(body: str) -> dict[str, Any]:
    """What a body says, as one mapping: `at`, `kind`, `case`, `step`, `action_hash` if any, and the rest.

    Raises:
        ValueError: this is no body that Winback wrote.
    """
    found = json.loads(body)
    if not (isinstance(found, list) and len(found) == len(HEAD) + 1 and isinstance(found[-1], dict)):
        raise ValueError("not the body of an entry")
    said = {**found[-1], **dict(zip(HEAD, found, strict=False))}
    if said["action_hash"] is None:
        del said["action_hash"]
    return said


def spoken_evidence(entry: Witnessed) -> dict[str, Any]:
    """What was judged by and how, rule by rule; empty when the entry has no evidence.

    Raises:
        ValueError: this is no evidence that Winback wrote.
    """
    if entry.evidence is None:
        return {}
    found = json.loads(entry.evidence)
    if not isinstance(found, dict):
        raise ValueError("not the evidence of an entry")  # noqa: TRY004  it is a value of the database
    return found
