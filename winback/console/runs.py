"""Schedules and their runs: what came last, what comes next, and what each run says of itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from winback.console.evidence import cursor
from winback.console.evidence.phrase import shown
from winback.store.bookkeeping import Pause
from winback.store.models import Run
from winback.store.types import RunState
from workers.schedule import SCHEDULES, next_slot
from workers.services import Services

PAGE = 50


@dataclass(frozen=True)
class RunRow:
    """One run. `seconds` from its start to its end; `report` in words, one line for each thing."""

    number: int
    schedule: str
    fire_time: datetime
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    report: tuple[str, ...]


@dataclass(frozen=True)
class Runs:
    """A page of them, the newest first; `next` names the following one, None on the last."""

    rows: tuple[RunRow, ...]
    next: str | None


@dataclass(frozen=True)
class Resting:
    """Who lets a schedule rest, since when and why."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Schedule:
    """One schedule; `next` is None where it never comes here, or rests."""

    name: str
    next: datetime | None
    last: RunRow | None
    open: bool
    resting: Resting | None


def schedules(services: Services) -> tuple[Schedule, ...]:
    """All of them."""
    with services.store.read() as session:
        resting = {one.schedule: one for one in session.exec(select(Pause)).all()}
        return tuple(_schedule(session, services, one, resting.get(one)) for one in SCHEDULES)


def _schedule(session: Session, services: Services, name: str, pause: Pause | None) -> Schedule:
    last = session.exec(
        select(Run).where(Run.schedule == name).order_by(col(Run.fire_time).desc()).limit(1)
    ).first()
    waiting = select(Run.id).where(Run.schedule == name, col(Run.state).in_((RunState.DUE, RunState.RUNNING)))
    return Schedule(
        name=name,
        next=None if pause else next_slot(services, name),
        last=_row(last) if last else None,
        open=session.exec(waiting.limit(1)).first() is not None,
        resting=Resting(shown(pause.by), pause.at, shown(pause.reason)) if pause else None,
    )


def run_list(session: Session, *, schedule: str = "", after: str | None = None) -> Runs:
    """Runs, the newest first; raises InputError where `after` is no page of this list."""
    query = select(Run).order_by(col(Run.id).desc()).limit(PAGE + 1)
    if schedule:
        query = query.where(Run.schedule == schedule)
    if after is not None:
        query = query.where(col(Run.id) < cursor.read(after, int)[0])
    found = session.exec(query).all()
    rows = tuple(_row(one) for one in found[:PAGE])
    return Runs(rows, cursor.written((rows[-1].number,)) if len(found) > PAGE else None)


def _row(one: Run) -> RunRow:
    took = (one.finished_at - one.started_at).total_seconds() if one.started_at and one.finished_at else None
    return RunRow(
        number=one.id or 0,
        schedule=one.schedule,
        fire_time=one.fire_time,
        state=one.state,
        started_at=one.started_at,
        finished_at=one.finished_at,
        seconds=took,
        report=tuple(
            shown(f"{name}: {_said(value)}".replace("_", " "), 300) for name, value in one.report.items()
        ),
    )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "0"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
