"""Which days of usage can be judged now, and who has come back since."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from winback.settings import Settings
from winback.store.models import Account, Case
from winback.store.store import Store
from winback.store.types import CaseState
from winback.usage.detect.recovery import recovered
from winback.usage.drop import drop_from_plain
from winback.usage.warehouse import Warehouse

LATE = timedelta(days=2)
"""Exports often come a day or two behind; later than this, a quiet day may only be a missing one."""


def default_day(warehouse: Warehouse, settings: Settings, now: datetime) -> date:
    """Yesterday in the company's zone, or the last day imported when that is at most two days earlier."""
    yesterday = now.astimezone(ZoneInfo(settings.company.zone)).date() - timedelta(days=1)
    last = warehouse.last_day()
    return last if last is not None and yesterday - LATE <= last < yesterday else yesterday


@dataclass
class Recovery:
    """Accounts of unfinished cases that are back in their band, looked up once per day and import."""

    warehouse: Warehouse
    store: Store
    settings: Settings
    _seen: tuple[object, ...] = ()
    _back: frozenset[str] = field(default=frozenset())

    def back(self, now: datetime) -> frozenset[str]:
        """The keys of those whose usage has returned, by the newest usage there is."""
        as_of = default_day(self.warehouse, self.settings, now)
        seen = (as_of, self.warehouse.partitions())
        if seen != self._seen:
            self._back, self._seen = self._look(as_of), seen
        return self._back

    def _look(self, as_of: date) -> frozenset[str]:
        with self.store.read() as session:
            rows = session.exec(
                select(Case, Account.key).join(Account).where(col(Case.state) != CaseState.CLOSED)
            ).all()
        return recovered_of(self.warehouse, self.settings, rows, as_of)


def recovered_of(
    warehouse: Warehouse, settings: Settings, rows: Sequence[tuple[Case, str]], as_of: date
) -> frozenset[str]:
    """Which of these cases' accounts are back in their band."""
    drops = {key: drop_from_plain(case.drop) for case, key in rows}
    if not drops or warehouse.is_empty():
        return frozenset()
    with warehouse.connect() as connection:
        return frozenset(
            recovered(
                connection,
                warehouse.view(connection),
                as_of,
                {key: drop.onset for key, drop in drops.items()},
                settings.detection,
                champions={key: drop.champion for key, drop in drops.items() if drop.champion is not None},
            )
        )
