"""Windows in which contacts and goodwill are counted. Vendors differ, so the kind is always named."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from policies.facts import Facts, MissingFactError, PastContact
from policies.plural import mend_one
from policies.rules.fields import Part
from policies.rules.when import When
from policies.zones import start_of, zone_of

Since = Callable[[Facts], datetime]

DAYS, HOURS = "the last {count} days", "the last {count} hours"
WINDOWS = (
    DAYS,
    HOURS,
    *(
        f"the calendar {unit} in the {zone}'s zone"
        for unit in ("day", "week", "month")
        for zone in ("account", "operator")
    ),
)
"""What `describe` makes the words for a window of."""

LONGEST_DAYS = 366
"""Earlier contacts are remembered this long; a longer window would count too few."""


class Rolling(Part):
    """The last so many days or hours, to the second; what lies exactly on the edge still counts."""

    kind: Literal["rolling"]
    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = None
    hours: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS * 24)] | None = None

    @model_validator(mode="after")
    def _one_length(self) -> "Rolling":
        if (self.days is None) == (self.hours is None):
            raise ValueError("give either days or hours")
        return self

    def describe(self) -> str:
        """For the decision log, whose words stay as they are; `says` is for people."""
        return DAYS.format(count=self.days) if self.days is not None else HOURS.format(count=self.hours)

    def says(self) -> str:
        return mend_one(self.describe())

    @property
    def key(self) -> str:
        """The window's name in the name of a question: equal windows have equal names."""
        return f"in {self.hours or (self.days or 0) * 24}h"

    def since(self) -> Since:
        length = timedelta(days=self.days or 0, hours=self.hours or 0)
        return lambda facts: facts.now - length


class Calendar(Part):
    """The day, week (from Monday) or month that is running on a calendar on the wall of `zone`."""

    kind: Literal["calendar"]
    unit: Literal["day", "week", "month"]
    zone: Literal["account", "operator"]

    def describe(self) -> str:
        return f"the calendar {self.unit} in the {self.zone}'s zone"

    def says(self) -> str:
        return self.describe()

    @property
    def key(self) -> str:
        """As `Rolling.key`."""
        return f"in {self.unit} of {self.zone}"

    def since(self) -> Since:
        zone_in = account_zone if self.zone == "account" else operator_zone
        unit = self.unit

        def since(facts: Facts) -> datetime:
            zone = zone_of(zone_in(facts))
            return _start(unit, facts.now.astimezone(zone).date(), zone)

        return since


Window = Annotated[Rolling | Calendar, Field(discriminator="kind")]

FIRST_DAY: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


@lru_cache(maxsize=4096)
def _start(unit: str, day: date, zone: ZoneInfo) -> datetime:
    return start_of(FIRST_DAY[unit](day), zone)


def account_zone(facts: Facts) -> str:
    """The account's zone, else the contact's."""
    zone = facts.account.zone or (facts.contact.zone if facts.contact else None)
    if zone is None:
        raise MissingFactError("account.zone")
    return zone


def operator_zone(facts: Facts) -> str:
    """The operator's zone, from the settings."""
    if facts.operator_zone is None:
        raise MissingFactError("operator_zone")
    return facts.operator_zone


def narrowing(when: When | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tools and channels that a question to the database is about; empty means all of them."""
    return (when.tools or (), when.channels or ()) if when else ((), ())


def counted(when: When | None) -> Callable[[PastContact], bool] | None:
    """Which earlier contacts count: `when` narrows them by tool and channel. None: all of them."""
    if when is None or (when.tools is None and when.channels is None):
        return None
    tools = frozenset(when.tools) if when.tools is not None else None
    channels = frozenset(when.channels) if when.channels is not None else None
    return lambda past: (tools is None or past.tool in tools) and (channels is None or past.channel in channels)
