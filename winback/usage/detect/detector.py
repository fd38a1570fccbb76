"""From daily usage to drops: everything is judged by usage up to and including `as_of`, nothing later."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np

from winback.settings import Detection
from winback.usage.detect.fall import Fall, account_falls
from winback.usage.detect.grid import Ints, load_accounts, load_seats
from winback.usage.detect.hold import hold
from winback.usage.detect.kind import LIMIT_SHARE, Change, SeatChange, kind_of
from winback.usage.detect.parts import DRIVERS, Parts, load_parts
from winback.usage.detect.scan import Scan
from winback.usage.detect.subjects import Accounts, Seats
from winback.usage.detect.watch import View, days_needed, view
from winback.usage.drop import Drop

WEEKS_SHOWN = 12
BEFORE_DAYS = 56
SEATS_BEFORE_DAYS = 28
WEEK = 7

Limits = Mapping[str, Mapping[str, float]]


def detect(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    as_of: date,
    settings: Detection,
    *,
    groups: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Scan:
    """The drops of one date.

    `relation` is SQL that can stand after FROM, with columns account, contact (may be NULL), feature
    (may be NULL), day, count. `groups` names each account's group (its plan, say). `limits` gives,
    per account and feature, the uses in 30 days that its plan allows.
    """
    days = days_needed(settings)
    grid = load_accounts(connection, relation, as_of, groups, days)
    seats = Seats(load_seats(connection, relation, grid, days), settings)
    accounts = Accounts(grid, seats, settings)
    seen = view(accounts, 0, settings)
    held = hold(grid, accounts.population, 0, settings) if len(grid) else None
    alarms = int(seen.alarms.alarm.sum())
    drops: tuple[Drop, ...] = ()
    if held is None and alarms:
        falls = list(account_falls(seen, accounts, seats))
        keys = [str(grid.account[fall.row]) for fall in falls]
        scene = _Scene(as_of, seen, accounts, seats, load_parts(connection, relation, as_of, keys), limits or {})
        drops = tuple(sorted(scene.drops(falls), key=lambda drop: (-drop.risk, drop.account)))
    return Scan(
        as_of=as_of,
        accounts=len(grid),
        eligible=len(seen.evidence.rows),
        drops=drops,
        held=held,
        withheld=alarms if held else 0,
        threshold=seen.threshold.value,
        threshold_source=seen.threshold.source,
        from_past=seen.threshold.from_past,
    )


@dataclass(frozen=True)
class _Scene:
    """All that the drops of one date are told from."""

    as_of: date
    view: View
    accounts: Accounts
    seats: Seats
    parts: Mapping[str, Parts]
    limits: Limits

    def drops(self, falls: Sequence[Fall]) -> Iterator[Drop]:
        members = _members(self.seats.grid.parent, [fall.row for fall in falls])
        for fall, seats in zip(falls, members, strict=True):
            yield self._drop(fall, seats)

    def _drop(self, fall: Fall, members: Ints) -> Drop:
        grid, evidence = self.accounts.grid, self.view.evidence
        account, place = str(grid.account[fall.row]), fall.place
        parts = self.parts[account]
        known = int(grid.first[fall.row]) - fall.onset
        drivers = parts.drivers(fall.onset, known)
        limit = parts.limit_reached(fall.onset, self.limits.get(account, {}), LIMIT_SHARE)
        kind = kind_of(Change(known, drivers, self._seat_changes(members, fall.onset, known), limit))
        before, now = self._seats(fall, members)
        return Drop(
            account=account,
            as_of=self.as_of,
            kind=kind.kind,
            channel=fall.channel,
            alarm=round(float(self.view.alarms.level[place]), 4),
            threshold=round(self.view.threshold.value, 4),
            expected_days=round(float(evidence.fast.expected[place]), 2),
            seen_days=int(evidence.fast.seen[place]),
            lost_days=round(fall.lost_per_week, 2),
            onset=self.as_of - timedelta(days=fall.onset),
            reason=fall.reason,
            drivers=drivers[:DRIVERS],
            seats_before=before,
            seats_now=now,
            champion=kind.champion,
            limit_feature=limit,
            risk=round(float(evidence.risk[place]), 4),
            weeks=self._weeks(fall.row),
        )

    def _seat_changes(self, members: Ints, onset: int, known: int) -> list[SeatChange]:
        grid, days = self.seats.grid, max(min(BEFORE_DAYS, known), 1)
        if grid.contact is None or not len(members):
            return []
        before = grid.active_days(onset + days, onset + 1, members) * WEEK / days
        after = grid.active_days(onset, 0, members) * WEEK / (onset + 1)
        seen = grid.active_days(WEEK - 1, 0, members)
        return [
            SeatChange(str(grid.contact[seat]), float(b), float(a), int(s))
            for seat, b, a, s in zip(members, before, after, seen, strict=True)
        ]

    def _seats(self, fall: Fall, members: Ints) -> tuple[int, int]:
        """Contacts active in the 28 days before the onset, and in the last seven; an account alone is one."""
        grid, rows = (self.seats.grid, members) if len(members) else (self.accounts.grid, np.array([fall.row]))
        before = grid.active_days(fall.onset + SEATS_BEFORE_DAYS, fall.onset + 1, rows)
        now = grid.active_days(WEEK - 1, 0, rows)
        return int((before > 0).sum()), int((now > 0).sum())

    def _weeks(self, row: int) -> tuple[int, ...]:
        rows = np.array([row])
        weeks = [
            int(self.accounts.grid.active_days(WEEK * week + WEEK - 1, WEEK * week, rows)[0])
            for week in range(WEEKS_SHOWN)
        ]
        return tuple(reversed(weeks))


def _members(parent: Ints, rows: Sequence[int]) -> list[Ints]:
    """The seats of each account, found in one sort."""
    order = np.argsort(parent, kind="stable")
    ordered = parent[order]
    start, end = np.searchsorted(ordered, rows, "left"), np.searchsorted(ordered, rows, "right")
    return [order[a:b] for a, b in zip(start, end, strict=True)]
