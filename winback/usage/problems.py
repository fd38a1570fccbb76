"""Everything that can be wrong with a row of usage: the column, and the words for a person."""

from typing import NamedTuple

LONGEST_KEY = 200
LARGEST_COUNT = 1_000_000_000
EARLIEST_YEAR = 1970


class Problem(NamedTuple):
    column: str
    reason: str


_LONG = f"is longer than {LONGEST_KEY} characters"
_BROKEN = "holds control characters or broken text"

PROBLEMS = {
    "row_fields": Problem("row", "has not as many values as the header has columns, or a quote is left open"),
    "row_malformed": Problem("row", "holds a quotation mark that is never closed"),
    "account_missing": Problem("account", "is missing"),
    "account_long": Problem("account", _LONG),
    "account_broken": Problem("account", _BROKEN),
    "contact_long": Problem("contact", _LONG),
    "contact_broken": Problem("contact", _BROKEN),
    "feature_long": Problem("feature", _LONG),
    "feature_broken": Problem("feature", _BROKEN),
    "day_missing": Problem("day", "is missing"),
    "day_unreadable": Problem("day", "is not a date (YYYY-MM-DD) or timestamp"),
    "day_uncounted": Problem("day", "is not a whole number of days since --day-zero"),
    "day_impossible": Problem("day", "is not a day or hour that exists"),
    "day_old": Problem("day", f"is before {EARLIEST_YEAR}"),
    "day_future": Problem("day", "is in the future"),
    "count_missing": Problem("count", "is missing"),
    "count_unreadable": Problem("count", "is not a whole number"),
    "count_negative": Problem("count", "is negative"),
    "count_large": Problem("count", f"is over {LARGEST_COUNT:,}"),
}
