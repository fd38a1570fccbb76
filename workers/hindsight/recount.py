"""Counting again, for a logged decision, what stood in the database before it was made."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, partial
from itertools import accumulate
from typing import Any, NamedTuple

from policies.counter import Counter
from winback.store.types import CUSTOMER
from workers.counting import CAME_BACK, CONTACTED, OF_CONTACT
from workers.hindsight.raw import Raw, Row, moment

Act = tuple[int | None, str | None]
"""A case and the hash of an act in it: one effect."""
MILLIONTHS = 1_000_000
"""Amounts are added up as whole numbers: a sum must not depend on where the adding began."""

EFFECTS = f"""
    SELECT intent_at, tool, value, approved_by, first_approved_by, case_id, action_hash, medium FROM effect
    WHERE intent_at IS NOT NULL AND state IN ({", ".join(f"'{one.value}'" for one in CONTACTED)})
    AND part IN ({", ".join(f"'{one}'" for one in OF_CONTACT)}) AND audience = '{CUSTOMER}'
"""  # noqa: S608  names of ours
CAME = "SELECT at, tool, recorded_at, channel FROM interaction WHERE kind = ?"
USED = "SELECT at, tokens_in + tokens_out, money, case_id FROM model_use"
INTENT = "SELECT MIN(id) FROM decision_entry WHERE kind = 'intent' AND at = ? AND case_id = ? AND action_hash = ?"
TURN = """
    SELECT MIN(id) FROM decision_entry WHERE at = ? AND case_id = ?
    AND kind IN ('allowed', 'queued', 'denied', 'nothing_chosen', 'nothing_allowed', 'model_failed')
"""


class Before(NamedTuple):
    """What is counted for: a decision, by its moment and its entry, and the act that it is about."""

    now: datetime
    entry: int
    act: Act | None


class Happened(NamedTuple):
    """One row that counts. `order` gives the log entry that was written with it."""

    at: datetime
    amount: int
    order: Callable[[], int]
    act: Act | None = None


class Recount:
    """Answers counters as the database would have at the time; the tables are read once each, when asked for."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._series: dict[tuple[object, ...], Series] = {}
        self._returned: dict[str, list[tuple[datetime, str | None, datetime, str]]] = {}

    def count(self, counter: Counter, now: datetime, entry: int, act: Act | None) -> float:
        """As `workers.counting.count`, for the moment of an earlier entry and without the act that it is about."""
        if counter.what in CAME_BACK:
            return float(self._came_back(counter, now))
        until = now if counter.until is None else min(counter.until, now)
        key = (counter.what, counter.tools, counter.channels, counter.approved_by)
        if key not in self._series:
            self._series[key] = Series(self._happened(counter))
        total = self._series[key].total(counter.since, until, Before(now, entry, act))
        return float(total) if counter.what in ("contacts", "tokens") else total / MILLIONTHS

    def _happened(self, counter: Counter) -> Iterable[Happened]:
        match counter.what:
            case "contacts":
                return [self._effect(row, 1) for row in self._effects(counter)]
            case "value":
                return [self._effect(row, round(row[2] * MILLIONTHS)) for row in self._effects(counter)]
            case "tokens":
                return [self._use(row, row[1]) for row in self._raw.rows(USED)]
            case _:
                return [self._use(row, round(row[2] * MILLIONTHS)) for row in self._raw.rows(USED)]

    def _effects(self, counter: Counter) -> list[Row]:
        by = counter.approved_by
        return [
            row
            for row in self._raw.rows(EFFECTS)
            if (not counter.tools or row[1] in counter.tools)
            and (not counter.channels or row[7] in counter.channels)
            and (by is None or by in row[3:5])
        ]

    def _effect(self, row: Row, amount: int) -> Happened:
        act = (row[5], row[6])
        return Happened(moment(row[0]), amount, cache(partial(self._entry, INTENT, row[0], *act)), act)

    def _use(self, row: Row, amount: int) -> Happened:
        return Happened(moment(row[0]), amount, cache(partial(self._entry, TURN, row[0], row[3])))

    def _entry(self, query: str, *values: Any) -> int:
        return self._raw.rows(query, *values)[0][0] or 0

    def _came_back(self, counter: Counter, now: datetime) -> int:
        """Few enough to look at each: what was not yet recorded then did not count."""
        what = CAME_BACK[counter.what].value
        if what not in self._returned:
            rows = self._raw.rows(CAME, what)
            self._returned[what] = [
                (moment(at), tool, moment(recorded), channel) for at, tool, recorded, channel in rows
            ]
        return sum(
            counter.since <= at
            and (counter.until is None or at < counter.until)
            and recorded <= now
            and (not counter.tools or tool in (None, *counter.tools))
            and (not counter.channels or channel in counter.channels)
            for at, tool, recorded, channel in self._returned[what]
        )


class Series:
    """Rows in the order of their moments, with running totals."""

    def __init__(self, rows: Iterable[Happened]) -> None:
        self._rows = sorted(rows, key=lambda row: row.at)
        self._ats = [row.at for row in self._rows]
        self._totals = [0, *accumulate(row.amount for row in self._rows)]
        self._of_act: dict[Act, list[Happened]] = {}
        self._at_once: dict[datetime, tuple[list[int], list[int]]] = {}
        for row in self._rows:
            if row.act is not None:
                self._of_act.setdefault(row.act, []).append(row)

    def total(self, since: datetime, until: datetime, before: Before) -> int:
        """From `since` on and before `until`, without the act under judgement.

        What bears the very moment of the decision counts when its entry came first: under a clock that
        stands still, a whole run happens at one moment.
        """
        low, high = bisect_left(self._ats, since), bisect_left(self._ats, until)
        total = self._totals[max(low, high)] - self._totals[low]
        now = before.now if since <= until == before.now else None
        if now is not None and high < len(self._ats) and self._ats[high] == now:
            orders, totals = self._ties(now)
            total += totals[bisect_left(orders, before.entry)]
        own = self._of_act.get(before.act, ()) if before.act else ()
        return total - sum(
            row.amount for row in own if since <= row.at < until or (row.at == now and row.order() < before.entry)
        )

    def _ties(self, now: datetime) -> tuple[list[int], list[int]]:
        """The rows of one moment by the order of their entries, with running totals."""
        if now not in self._at_once:
            rows = self._rows[bisect_left(self._ats, now) : bisect_right(self._ats, now)]
            ordered = sorted((row.order(), row.amount) for row in rows)
            totals = [0, *accumulate(amount for _, amount in ordered)]
            self._at_once[now] = [order for order, _ in ordered], totals
        return self._at_once[now]
