"""Who was active on which day: one bit a day, 64 days a word.

Days are told by age: 0 is the grid's last day, 1 the day before it. A word "at age a" holds the 64
days that end a days before the grid's last day, the youngest in bit 0, so that the same grid answers
for every earlier date without seeing what came after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WORD_DAYS = 64
NEVER = -1

# A shift of UBIGINT by a signed number becomes a HUGEINT, which reaches NumPy as a float that has
# lost the youngest days; hence both casts.
_BIT = "bit_or((1::UBIGINT << (age % 64)::UBIGINT)::UBIGINT)"


@dataclass(frozen=True)
class Grid:
    """Subjects and their days.

    `first[i]` is the age of the day subject i was first seen; `words[b, i]` holds its days of ages
    64b to 64b+63, youngest in bit 0; `group[i]` numbers its group; `parent[i]` is, for a seat, the
    place of its account among the accounts (else its own place).
    """

    last: date
    account: npt.NDArray[np.object_]
    contact: npt.NDArray[np.object_] | None
    first: Ints
    words: Words
    group: Ints
    groups: int
    parent: Ints

    def __len__(self) -> int:
        return len(self.first)

    @property
    def oldest_age(self) -> int:
        return int(self.first.max()) if len(self.first) else 0

    def word(self, age: int, rows: Ints | None = None) -> Words:
        """The 64 days that end at `age`, for some rows or all; days before the grid are empty."""
        block, shift = divmod(age, WORD_DAYS)
        word = self._block(block, rows) >> np.uint64(shift)
        if shift:
            word = word | (self._block(block + 1, rows) << np.uint64(WORD_DAYS - shift))
        return word

    def active_days(self, oldest: int, youngest: int, rows: Ints) -> Ints:
        """Active days of the ages `youngest` to `oldest`, both included."""
        found = np.zeros(len(rows), np.int64)
        for age in range(youngest, oldest + 1, WORD_DAYS):
            found += popcount(self.word(age, rows) & mask(min(WORD_DAYS, oldest - age + 1)))
        return found

    def _block(self, block: int, rows: Ints | None) -> Words:
        if block >= len(self.words):
            return np.zeros(len(self) if rows is None else len(rows), np.uint64)
        found: Words = self.words[block] if rows is None else self.words[block, rows]
        return found


def mask(days: int) -> np.uint64:
    """The youngest `days` bits."""
    return np.uint64((1 << days) - 1)


def popcount(words: Words) -> Ints:
    """Active days in each word."""
    return np.bitwise_count(words).astype(np.int64)


def silence(words: Words) -> Ints:
    """Days since the last active one; 64 for a word without any."""
    below = ~words & (words - np.uint64(1))  # wraps to all ones for an empty word
    return popcount(below)


def load_accounts(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    last: date,
    groups: Mapping[str, str] | None,
    days: int | None = None,
) -> Grid:
    """All accounts seen up to `last`, active when any of their seats is; words of the last `days`."""
    first = _fetch(
        connection,
        f"SELECT account, min(day) AS first FROM {relation} "  # noqa: S608  the relation is our own text
        "WHERE day <= $last AND count > 0 GROUP BY account ORDER BY account",
        last,
    )
    account = _keys(first["account"])
    _number_keys(connection, account)
    bits = _fetch(
        connection,
        f"SELECT place, age // 64 AS block, {_BIT} AS word FROM "  # noqa: S608
        f"(SELECT account, ($last - day)::INTEGER AS age FROM {relation} WHERE day <= $last AND count > 0 "
        f"{_since(days)}) JOIN winback_accounts USING (account) GROUP BY place, block",
        last,
    )
    group, number = _group_numbers(account, groups)
    return Grid(
        last=last,
        account=account,
        contact=None,
        first=_ages(first["first"], last),
        words=_words(bits, len(account)),
        group=group,
        groups=number,
        parent=np.arange(len(account)),
    )


def load_seats(
    connection: duckdb.DuckDBPyConnection, relation: str, accounts: Grid, days: int | None = None
) -> Grid:
    """Every contact, if any account had more than one by the accounts' last day; else nobody.

    Contacts alone in their account are in it too: which accounts have several depends on the date that
    is judged, and an earlier date must not be told by a later one.
    """
    named = f"(SELECT * FROM {relation} WHERE contact IS NOT NULL AND day <= $last AND count > 0)"  # noqa: S608
    _number_keys(connection, accounts.account)
    first = _fetch(
        connection,
        "SELECT account, contact, min(day) AS first, any_value(place) AS parent "  # noqa: S608
        f"FROM {named} JOIN winback_accounts USING (account) GROUP BY account, contact ORDER BY account, contact",
        accounts.last,
    )
    if np.bincount(np.asarray(first["parent"], np.int64)).max(initial=0) < 2:
        first = {name: column[:0] for name, column in first.items()}
    account, contact = _keys(first["account"]), _keys(first["contact"])
    seats = {"account": account, "contact": contact, "place": np.arange(len(account))}
    _register(connection, "winback_seats", seats)
    bits = _fetch(
        connection,
        f"SELECT place, age // 64 AS block, {_BIT} AS word FROM "  # noqa: S608
        f"(SELECT account, contact, ($last - day)::INTEGER AS age FROM {named} WHERE true {_since(days)}) "
        "JOIN winback_seats USING (account, contact) GROUP BY place, block",
        accounts.last,
    )
    parent = np.asarray(first["parent"], np.int64)
    return Grid(
        last=accounts.last,
        account=account,
        contact=contact,
        first=_ages(first["first"], accounts.last),
        words=_words(bits, len(account)),
        group=accounts.group[parent],
        groups=accounts.groups,
        parent=parent,
    )


def _since(days: int | None) -> str:
    return "" if days is None else f"AND day > $last - {int(days)}"


def _fetch(connection: duckdb.DuckDBPyConnection, query: str, last: date) -> dict[str, Any]:
    found: dict[str, Any] = connection.execute(query, {"last": last}).fetchnumpy()
    return found


def _keys(column: Any) -> npt.NDArray[np.object_]:
    return np.asarray(column, dtype=object)


def _number_keys(connection: duckdb.DuckDBPyConnection, account: npt.NDArray[np.object_]) -> None:
    _register(connection, "winback_accounts", {"account": account, "place": np.arange(len(account))})


def _register(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Any]) -> None:
    import pyarrow as pa  # noqa: PLC0415  heavy, and wanted only where usage is read

    table = pa.table(
        {key: pa.array(column, pa.int64() if key == "place" else pa.string()) for key, column in columns.items()}
    )
    connection.register(name, table)


def _ages(days: Any, last: date) -> Ints:
    youngest = np.datetime64(last, "D")
    ages: Ints = (youngest - np.asarray(days).astype("datetime64[D]")).astype(np.int64)
    return ages


def _words(bits: Mapping[str, Any], subjects: int) -> Words:
    block = np.asarray(bits["block"], np.int64)
    words = np.zeros((int(block.max()) + 1 if len(block) else 1, subjects), np.uint64)
    words[block, np.asarray(bits["place"], np.int64)] = np.asarray(bits["word"], np.uint64)
    return words


def _group_numbers(account: npt.NDArray[np.object_], groups: Mapping[str, str] | None) -> tuple[Ints, int]:
    if not groups:
        return np.zeros(len(account), np.int64), 1
    names, numbers = np.unique([groups.get(key, "") for key in account], return_inverse=True)
    return numbers.astype(np.int64), max(len(names), 1)
