"""The entries of the decision log in which a policy judged, read a stretch at a time."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from winback.decisions.entry import entry_name, spoken
from winback.decisions.kind import EntryKind
from workers.hindsight.raw import Raw

WITHOUT_EVIDENCE = (EntryKind.HELD_OUT, EntryKind.MODEL_FAILED)
"""Judged by what the body says."""
JUDGED = (
    EntryKind.ALLOWED,
    EntryKind.QUEUED,
    EntryKind.DENIED,
    EntryKind.DEFERRED,
    EntryKind.INTENT,
    EntryKind.LAPSED,
    EntryKind.NOTHING_ALLOWED,
    *WITHOUT_EVIDENCE,
)
TOLD = (*JUDGED, EntryKind.NOTHING_CHOSEN)
"""What is told of a case: the agent's choice to do nothing is a choice too."""
ENTRIES = """
    SELECT e.id, e.position, e.kind, e.case_id, e.step, e.action_hash, {body}, {evidence}, c.outcome
    FROM decision_entry e LEFT JOIN cases c ON c.id = e.case_id
    WHERE {which} AND (e.evidence IS NOT NULL OR e.kind IN ({kinds})) ORDER BY e.id
"""
AT = slice(2, 29)
"""Where in a body its moment stands (`winback.decisions.entry`)."""


class JudgedEntry(NamedTuple):
    """One row, undecoded. `outcome` is what the case came to, None while it is open."""

    id: int
    position: int | None
    kind: str
    case: int | None
    step: int | None
    act: str | None
    body: bytes
    evidence: bytes | None
    outcome: str | None

    def __str__(self) -> str:
        return f"entry {self.name} ({self.kind}, case {self.case}, step {self.step})"

    @property
    def name(self) -> str:
        """As `winback log tail` says."""
        return entry_name(self.position, self.id)

    @property
    def at(self) -> datetime:
        """Raises ValueError when the body does not begin with a moment."""
        return datetime.fromisoformat(self.body[AT].decode()).astimezone(UTC)

    @property
    def whole(self) -> bool:
        """Whether the evidence is the one whose hash the body holds."""
        digest = hashlib.sha256(self.evidence or b"").hexdigest()
        return b'"evidence":"%s"' % digest.encode() in self.body

    @property
    def pruned(self) -> bool:
        """Whether it had evidence once."""
        return self.evidence is None and b'"evidence":"' in self.body

    def said(self) -> dict[str, Any]:
        """Raises ValueError for a body that Winback never wrote."""
        return spoken(self.body.decode())


def judged_entries(raw: Raw, after: int, until: int, since: bytes) -> Iterator[JudgedEntry]:
    """Entries numbered above `after` and up to `until`; `since` is a moment as bodies write it."""
    for row in raw.rows(_query(raw, "e.id > ? AND e.id <= ?"), after, until):
        entry = JudgedEntry(*row)
        if entry.body[AT] >= since:
            yield entry


def judged_in(raw: Raw, case: int) -> list[JudgedEntry]:
    """Those of one case, in their order, and those in which the agent chose to do nothing."""
    return [JudgedEntry(*row) for row in raw.rows(_query(raw, "e.case_id = ?", TOLD), case)]


def judged_at(raw: Raw, number: int) -> JudgedEntry | None:
    """One row, if something was judged or chosen in it."""
    rows = raw.rows(_query(raw, "e.id = ?", TOLD), number)
    return JudgedEntry(*rows[0]) if rows else None


def _query(raw: Raw, which: str, told: Iterable[EntryKind] = JUDGED) -> str:
    kinds = ", ".join(f"'{one.value}'" for one in told)
    body, evidence = raw.as_bytes("e.body"), raw.as_bytes("e.evidence")
    return ENTRIES.format(body=body, evidence=evidence, kinds=kinds, which=which)
