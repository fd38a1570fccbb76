"""The SQL that judges every row of a usage file in one vectorised pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from winback.usage.columns import ROLES
from winback.usage.problems import EARLIEST_YEAR, LARGEST_COUNT, LONGEST_KEY
from winback.usage.readings import Field, read_count, read_day, read_key

# Control characters, marks that turn the direction of text, and the sign of broken text.
BROKEN = r"[\x00-\x1f\x7f-\x{9f}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{fffd}]"
KEYS = ("account", "contact", "feature")
LONGEST_RAW = 301


@dataclass(frozen=True, slots=True)
class Checks:
    """`good` yields account, contact, feature, day, count; `bad` yields line, problem and the raw values."""

    good: str
    bad: str


@dataclass(frozen=True, slots=True)
class DayRule:
    """How days are read: in which zone, from which day 0 if they are numbers, and the last that can be."""

    zone: str
    epoch: date | None
    latest: date


def usage_checks(relation: str, fields: Mapping[str, Field], rule: DayRule) -> Checks:
    """SQL over `relation`: columns `line`, `shape` (a problem of the row, or NULL) and each `Field.sql`.

    Raises:
        InputError: a column has a type that cannot be what it should be.
    """
    judged = f"SELECT *, {_problem(rule)} AS problem FROM ({_tidied(_read(relation, fields, rule))})"  # noqa: S608
    raw = ", ".join(
        f"left(CAST({fields[role].sql} AS VARCHAR), {LONGEST_RAW})" for role in ROLES if role in fields
    )
    return Checks(
        good="SELECT key_account AS account, key_contact AS contact, key_feature AS feature, read_day AS day,"  # noqa: S608
        f" CAST(read_count AS BIGINT) AS count FROM ({judged}) WHERE problem IS NULL",
        bad=f"SELECT line, problem, {raw} FROM ({judged}) WHERE problem IS NOT NULL ORDER BY line",  # noqa: S608
    )


def _read(relation: str, fields: Mapping[str, Field], rule: DayRule) -> str:
    """First step: each value read; `joined` holds all keys of a row, so that one search looks at all."""
    keys = {key: read_key(fields[key]) if key in fields else "CAST(NULL AS VARCHAR)" for key in KEYS}
    texts = ", ".join(f"{sql} AS text_{key}" for key, sql in keys.items())
    joined = "concat('|', " + ", '|', ".join(keys.values()) + ", '|')"
    day, count = read_day(fields["day"], rule.zone, rule.epoch), read_count(fields.get("count"))
    return (
        f"SELECT *, {texts}, {joined} AS joined,"  # noqa: S608
        f" {day.value} AS read_day, {day.missing} AS day_missing, {day.shaped} AS day_shaped,"
        f" {count.value} AS read_count, {count.missing} AS count_missing, {count.shaped} AS count_shaped"
        f" FROM ({relation})"
    )


def _tidied(read: str) -> str:
    """Second step: only a suspect row pays for trimming and for looking at each key by itself."""
    suspect = rf"(regexp_matches(joined, '{BROKEN}|[|] | [|]') OR strlen(joined) > {LONGEST_KEY})"
    marked = f"SELECT *, {suspect} AS suspect FROM ({read})"  # noqa: S608
    tidy = ", ".join(
        f"nullif(CASE WHEN suspect THEN trim(text_{key}, ' \t') ELSE text_{key} END, '') AS key_{key}"
        for key in KEYS
    )
    return f"SELECT *, {tidy} FROM ({marked})"  # noqa: S608


def _problem(rule: DayRule) -> str:
    keys = " ".join(
        f"WHEN length(key_{key}) > {LONGEST_KEY} THEN '{key}_long'"
        f" WHEN regexp_matches(key_{key}, '{BROKEN}') THEN '{key}_broken'"
        for key in KEYS
    )
    unreadable = "day_unreadable" if rule.epoch is None else "day_uncounted"
    return (
        "CASE WHEN shape IS NOT NULL THEN shape WHEN key_account IS NULL THEN 'account_missing'"
        f" WHEN suspect AND (CASE {keys} END) IS NOT NULL THEN (CASE {keys} END)"
        f" WHEN day_missing THEN 'day_missing' WHEN NOT day_shaped THEN '{unreadable}'"
        " WHEN read_day IS NULL THEN 'day_impossible'"
        f" WHEN read_day < DATE '{EARLIEST_YEAR}-01-01' THEN 'day_old'"
        f" WHEN read_day > DATE '{rule.latest.isoformat()}' THEN 'day_future'"
        " WHEN count_missing THEN 'count_missing' WHEN NOT count_shaped THEN 'count_unreadable'"
        " WHEN read_count < 0 THEN 'count_negative'"
        f" WHEN read_count IS NULL OR read_count > {LARGEST_COUNT} THEN 'count_large' END"
    )
