"""Which accounts are back: this week held against the level they had before their drop."""

from collections.abc import Mapping
from datetime import date

import duckdb
import numpy as np

from winback.settings import Detection
from winback.usage.detect.grid import Floats, Grid, Ints, load_accounts, load_seats
from winback.usage.detect.population import ALIVE_DAYS, Population

BAND_SHARE = 0.5
SINCE_DAYS = 200


def recovered(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    as_of: date,
    accounts: Mapping[str, date],
    settings: Detection,
    *,
    groups: Mapping[str, str] | None = None,
    champions: Mapping[str, str] | None = None,
) -> set[str]:
    """The accounts back in their band; `accounts` gives the onset of each one's drop.

    Back means: active days of the last window come to at least half of what the level in the
    baseline before the onset makes expected (population considered), and to one day at least; for an
    account with several contacts, seat-days as well, or, where `champions` names the contact whose
    stopping was the drop, that contact's days: colleagues who go on bring nobody back. An account
    whose onset is less than a window ago is not judged yet. Baselines are read up to 200 days back.
    """
    if not accounts:
        return set()
    days = max(SINCE_DAYS, (as_of - min(accounts.values())).days + settings.baseline_days + 1) + ALIVE_DAYS
    grid = load_accounts(connection, relation, as_of, groups, days)
    known = {key: place for place, key in enumerate(grid.account.tolist()) if key in accounts}
    rows = np.array(list(known.values()), np.int64)
    onset = np.array([(as_of - accounts[key]).days for key in known], np.int64)
    own = _back(grid, rows, onset, settings, [rows[place : place + 1] for place in range(len(rows))])
    seats = load_seats(connection, relation, grid, days)
    members = [_members(seats, int(row), (champions or {}).get(key)) for key, row in known.items()]
    team = _back(seats, rows, onset, settings, members) if len(seats) else np.ones(len(rows), bool)
    alone = np.array([not len(member) for member in members], bool)
    return {key for key, back in zip(known, own & (team | alone), strict=True) if back}


def _members(seats: Grid, row: int, champion: str | None) -> Ints:
    """The seats of an account that are judged: the champion's alone where there is one."""
    of_account = np.flatnonzero(seats.parent == row)
    if champion is None or seats.contact is None:
        return of_account
    led = of_account[seats.contact[of_account] == champion]
    return led if len(led) else of_account


def _back(
    grid: Grid, rows: Ints, onset: Ints, settings: Detection, members: list[Ints]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    window, baseline = settings.window_days, settings.baseline_days
    levels = Population(grid).levels(0, int(onset.max(initial=0)) + baseline + 1)
    back = np.zeros(len(rows), bool)
    for place, member in enumerate(members):
        if not len(member) or onset[place] + 1 < window:
            continue
        start = int(onset[place]) + 1
        level: Floats = levels[grid.group[member[0]]]
        known = np.minimum(grid.first[member] + 1, start + baseline)
        exposure = sum(level[start:end].sum() for end in known)
        active = grid.active_days(start + baseline - 1, start, member).sum()
        seats = int((known > start).sum())
        expected = active / exposure * level[:window].sum() * seats if exposure > 0 else 0.0
        seen = grid.active_days(window - 1, 0, member).sum()
        back[place] = seen >= max(1.0, BAND_SHARE * expected)
    return back
