"""What a scan would have said on each of many dates, by what was known on each of them.

One row per date and subject that used the product in the 64 days up to it: accounts (contact is
null) and, in accounts with more than one contact, every contact as a subject of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from winback.settings import Detection
from winback.usage.detect.fall import Fall, account_falls, seat_falls
from winback.usage.detect.grid import Floats, Ints, load_accounts, load_seats
from winback.usage.detect.hold import hold
from winback.usage.detect.subjects import Accounts, Seats, Subjects
from winback.usage.detect.watch import View, view
from winback.usage.drop import Channel

SCHEMA = pa.schema(
    [
        ("as_of", pa.date32()),
        ("account", pa.string()),
        ("contact", pa.string()),
        ("eligible", pa.bool_()),
        ("fast", pa.float64()),
        ("slow", pa.float64()),
        ("risk", pa.float64()),
        ("alarm", pa.bool_()),
        ("channel", pa.string()),
        ("expected_days", pa.float64()),
        ("seen_days", pa.int64()),
        ("onset", pa.date32()),
        ("reason", pa.string()),
    ]
)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class BacktestReport:
    """What was written. On `held` dates all alarms were held; on `borrowed` dates the past was too short."""

    dates: int
    rows: int
    alarms: int
    held: int
    borrowed: int


def backtest(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    dates: list[date],
    out: Path,
    settings: Detection,
    *,
    groups: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> BacktestReport:
    """Write the scores of every date to a Parquet file.

    `dates` is not empty and ascends. Columns as in SCHEMA: fast and slow are each channel's level (-ln
    of the share of the healthy past at or above it, less the channel's handicap; 0 below the least
    loss), and a subject alarms when the larger passes the date's threshold and nothing is held.
    """
    grid = load_accounts(connection, relation, dates[-1], groups)
    seats = Seats(load_seats(connection, relation, grid), settings)
    accounts = Accounts(grid, seats, settings)
    rows = alarms = held = borrowed = 0
    with pq.ParquetWriter(out, SCHEMA) as writer:
        for done, day in enumerate(dates):
            age = (dates[-1] - day).days
            seen = view(accounts, age, settings)
            quiet = hold(grid, accounts.population, age, settings) is not None if len(grid) else False
            held, borrowed = held + quiet, borrowed + (not seen.threshold.from_past)
            tables = [_table(day, accounts, seen, account_falls(seen, accounts, seats), quiet=quiet)]
            if len(seats.grid):
                own = view(seats, age, settings)
                tables.append(_table(day, seats, own, seat_falls(own, seats), quiet=quiet))
            for table in tables:
                writer.write_table(table)
                rows, alarms = rows + len(table), alarms + int(np.sum(table["alarm"].to_numpy()))
            if progress is not None:
                progress(done + 1, len(dates))
    return BacktestReport(len(dates), rows, alarms, held, borrowed)


def every(first: date, last: date, days: int) -> list[date]:
    """The dates from first to last, `days` apart."""
    return [first + timedelta(days=step) for step in range(0, (last - first).days + 1, days)]


def _table(day: date, subjects: Subjects, seen: View, falls: Iterator[Fall], *, quiet: bool) -> pa.Table:
    age, grid = seen.evidence.age, subjects.grid
    alive = np.flatnonzero(grid.word(age))
    alive = alive[subjects.told(age, alive)]
    own = subjects.told(age, seen.evidence.rows)
    place = np.searchsorted(alive, seen.evidence.rows[own])
    told = [] if quiet else list(falls)
    spoken = np.searchsorted(alive, [fall.row for fall in told])

    def of_eligible(values: Floats | Ints) -> pa.Array:
        return _sparse(len(alive), place, values[own])

    def of_alarms(values: list[object], kind: pa.DataType) -> pa.Array:
        spread: list[object] = [None] * len(alive)
        for where, value in zip(spoken, values, strict=True):
            spread[where] = value
        return pa.array(spread, kind)

    fast, slow = (_level(seen, channel) for channel in (Channel.FAST, Channel.SLOW))
    eligible, alarm = np.zeros(len(alive), bool), np.zeros(len(alive), bool)
    eligible[place], alarm[spoken] = True, True
    contact = [None] * len(alive) if grid.contact is None else grid.contact[alive]
    return pa.table(
        {
            "as_of": pa.array([day] * len(alive), pa.date32()),
            "account": pa.array(grid.account[alive], pa.string()),
            "contact": pa.array(contact, pa.string()),
            "eligible": pa.array(eligible),
            "fast": of_eligible(fast),
            "slow": of_eligible(slow),
            "risk": of_eligible(seen.evidence.risk),
            "alarm": pa.array(alarm),
            "channel": of_alarms([fall.channel.value for fall in told], pa.string()),
            "expected_days": of_eligible(seen.evidence.fast.expected),
            "seen_days": of_eligible(seen.evidence.fast.seen),
            "onset": of_alarms([day - timedelta(days=fall.onset) for fall in told], pa.date32()),
            "reason": of_alarms([fall.reason for fall in told], pa.string()),
        },
        schema=SCHEMA,
    )


def _level(seen: View, channel: Channel) -> Floats:
    levels = [
        level for signal, level in zip(seen.signals, seen.alarms.levels, strict=True) if signal.channel is channel
    ]
    found: Floats = np.max(levels, axis=0)
    return found


def _sparse(size: int, place: Ints, values: Floats | Ints) -> pa.Array:
    spread = np.zeros(size, values.dtype)
    missing = np.ones(size, bool)
    spread[place], missing[place] = values, False
    return pa.array(spread, mask=missing)
