"""What a scan answers."""

from dataclasses import dataclass
from datetime import date

from winback.usage.drop import Drop


@dataclass(frozen=True, slots=True)
class Scan:
    """The drops of one date, riskiest first.

    `accounts` were seen by `as_of`, `eligible` of them have enough past and were active lately.
    `held` says why all alarms are held (then `drops` is empty and `withheld` counts them).
    `threshold` is what an alarm had to pass and `threshold_source` says where it is from;
    `from_past` is False where the product's own past was too short to calibrate by.
    """

    as_of: date
    accounts: int
    eligible: int
    drops: tuple[Drop, ...]
    held: str | None
    withheld: int
    threshold: float
    threshold_source: str
    from_past: bool
