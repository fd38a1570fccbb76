"""Steps of several cases in one transaction: the cases are locked once, the entries written in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from winback.decisions.kind import EntryKind
from winback.decisions.log import ENTRY, NO_KEY, row_of
from winback.errors import ConflictError
from winback.store.models import Case
from winback.store.types import CaseState


class Steps:
    """What `winback.decisions.log.advance` does one by one. Nothing is written before `flush`.

    Whoever takes several cases locks them in the order of their numbers, and their effects before.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._cases: dict[int, Case] = {}
        self._entries: list[dict[str, Any]] = []

    def lock(self, cases: Sequence[int]) -> None:
        """Take these cases in hand."""
        wanted = sorted(set(cases) - self._cases.keys())
        query = select(Case).where(col(Case.id).in_(wanted)).order_by(col(Case.id))
        query = query.with_for_update(**NO_KEY).execution_options(populate_existing=True)
        self._cases |= {one.id or 0: one for one in self.session.exec(query).all()}

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
        for name, value in changes.items():
            setattr(case, name, value)
        case.version += 1
        self._entries.append(row_of(kind, at, body, case_id=case_id, step=case.version, evidence=evidence))

    def flush(self) -> None:
        """Write it all."""
        self.session.flush()
        if self._entries:
            self.session.connection().execute(ENTRY, self._entries)
            self._entries.clear()
