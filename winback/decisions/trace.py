"""The lives of cases as a trace that agentack can judge: whether what was decided is what was done, and once.

Only what the log says and the rows hold is told; docs/decision-log.md says how each entry is told.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TextIO

from sqlalchemy import case as when
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from winback.decisions.entry import spoken
from winback.decisions.kind import EntryKind
from winback.decisions.trace_case import CaseTrace, Entry
from winback.decisions.trace_rows import TraceRows
from winback.decisions.trace_turn import Moment, Turn, event
from winback.errors import IntegrityError
from winback.store.models import Case, DecisionEntry

PAGE = 500
"""Cases that are read at a time."""
READ = 100_000
"""Lines that agentack reads."""
JUDGE = """version = 1

[approval]
require_for = ["*:*"]
single_use = true
exact_action_binding = true
stop_is_terminal = true
max_age_seconds = 86400
"""
"""Its policy: every act needs an approval, which is for this very act and for once."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Traced:
    """What was written: lines, acts, how many were executed, and how many are not over."""

    lines: int
    acts: int
    executed: int
    doubtful: int
    not_over: int


def write_trace(
    session: Session,
    file: TextIO,
    name: str,
    now: datetime,
    *,
    since: datetime | None = None,
    finished: bool = False,
    progress: Progress = lambda _done, _of: None,
) -> Traced:
    """Write the lives of all cases, or of those opened since a moment, in the order of the log.

    `name` is the log's; `finished` leaves out acts that are not over.

    Raises:
        IntegrityError: an entry cannot be read.
        OSError: the file cannot be written.
    """
    turns: list[Turn] = []
    doubtful = not_over = 0
    for trace in _traces(session, since, progress):
        waiting = [turn for turn in trace.turns if not turn.over]
        not_over += len(waiting)
        doubtful += trace.doubtful
        turns.extend(turn for turn in trace.turns if turn.over or not finished)
    lines = sorted((line for turn in turns for line in turn.told(name)), key=lambda line: line[0])
    file.writelines(_line(said) for _, said in lines)
    left_out = "were left out" if finished else "are not over"
    said = f"{len(turns)} acts; {not_over} {left_out}; {doubtful} that may have been sent are told as executed"
    file.write(_line({**event("session_end", now, name), "reason": said}))
    return Traced(len(lines) + 1, len(turns), sum(turn.executed for turn in turns), doubtful, not_over)


def _traces(session: Session, since: datetime | None, progress: Progress) -> Iterator[CaseTrace]:
    query = select(Case.id).order_by(col(Case.id))
    if since is not None:
        query = query.where(Case.opened_at >= since)
    cases = [one for one in session.exec(query) if one is not None]
    for first in range(0, len(cases), PAGE):
        page = cases[first : first + PAGE]
        rows = TraceRows(session, page)
        for case_id, entries in groupby(_entries(session, page), key=lambda one: one[0]):
            try:
                yield CaseTrace(case_id, rows).hear(entry for _, entry in entries)
            except (KeyError, TypeError, ValueError):
                raise IntegrityError(
                    "an entry cannot be read", where=f"case {case_id}", fix="see 'winback log verify'"
                ) from None
        session.expunge_all()
        progress(first + len(page), len(cases))


def _entries(session: Session, cases: Sequence[int]) -> Iterator[tuple[int, Entry]]:
    log = DecisionEntry
    said = when((col(log.kind) == EntryKind.INTENT, col(log.evidence)))
    rows = session.connection().execute(
        sql_select(col(log.id), col(log.case_id), col(log.step), col(log.at), col(log.kind), col(log.body), said)
        .where(col(log.case_id).in_(cases))
        .order_by(col(log.case_id), col(log.step))
    )
    for number, case_id, step, at, kind, body, judged in rows:
        yield case_id, Entry(Moment(number, at), kind, step, spoken(body), judged)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
