"""Steps of several cases in one transaction: the cases are locked once, the entries written in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from winback.decisions.kind import EntryKind
from winback.decisions.log import CASE, ENTRY, NO_KEY, row_of
from winback.errors import ConflictError
from winback.store.among import among
from winback.store.models import Case
from winback.store.types import CaseState

LOCKED = select(Case.id, Case.state, Case.version)


@dataclass
class _Locked:
    """A case in hand: where it stands, and what is to be changed of it."""

    state: str
    version: int
    steps: int = 0
    changes: dict[str, Any] = field(default_factory=dict)


class Steps:
    """What `winback.decisions.log.advance` does one by one. Nothing is written before `flush`.

    Whoever takes several cases locks them in the order of their numbers, and their effects before.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._cases: dict[int, _Locked] = {}
        self._entries: list[dict[str, Any]] = []

    def lock(self, cases: Sequence[int]) -> None:
        """Take these cases in hand."""
        wanted = sorted(set(cases) - self._cases.keys())
        query = LOCKED.where(among(Case.id, wanted)).order_by(col(Case.id)).with_for_update(**NO_KEY)
        self._cases |= {key or 0: _Locked(state, version) for key, state, version in self.session.exec(query)}

    def take(
        self,
        case_id: int,
        kind: EntryKind,
        at: datetime,
        body: Mapping[str, Any],
        *,
        allowed: Iterable[CaseState],
        evidence: bytes | None = None,
        **changes: Any,
    ) -> None:
        """One step of one case.

        Raises:
            ConflictError: the case is gone, or not in one of the `allowed` states: somebody was first.
        """
        if case_id not in self._cases:
            self.lock([case_id])
        case, states = self._cases.get(case_id), tuple(allowed)
        if case is None or case.state not in states:
            now = f"is {case.state} by now, not {' or '.join(states)}" if case else "is gone"
            raise ConflictError(f"case {case_id} {now}", fix="look again")
        case.state = changes.get("state", case.state)
        case.changes |= changes
        case.steps += 1
        step = case.version + case.steps
        self._entries.append(row_of(kind, at, body, case_id=case_id, step=step, evidence=evidence))

    def flush(self) -> None:
        """Write it all. Cases of which the same is changed are changed by one statement."""
        self.session.flush()
        if not self._entries:
            return
        execute = self.session.connection().execute
        alike: dict[tuple[Any, ...], list[int]] = {}
        for case_id, case in self._cases.items():
            if case.steps:
                alike.setdefault((case.steps, *sorted(case.changes.items())), []).append(case_id)
        for (steps, *changes), cases in alike.items():
            values = {"version": CASE.c.version + steps, **dict(changes)}
            execute(update(CASE).where(among(CASE.c.id, cases)).values(values))
        execute(ENTRY, self._entries)
        self._cases.clear()
        self._entries.clear()
