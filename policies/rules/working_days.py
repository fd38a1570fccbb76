"""`working_days`: days on which somebody may be contacted; on others an act waits for the next one."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from policies.facts import Facts, MissingFactError
from policies.rules.fields import WEEKDAYS, AccountOrRegion, Region, Weekday, listed
from policies.rules.opening import OpenAt, Opening

IsHoliday = Callable[[date], bool]
CALENDAR = "the calendar of public holidays in {region}"
"""What is missing where a region is not known."""


class WorkingDays(Opening):
    """Public holidays are those of the package `holidays`, by the region of the account.

    A region is an ISO 3166-1 country or a 3166-2 part of one. Holidays that are kept only in some
    part of a country are known only where the region names that part.
    """

    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"field": (CALENDAR,)}

    kind: Literal["working_days"]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = Field(description="Days of the week.")
    public_holidays: AccountOrRegion | None = Field(
        None,
        description="Whose public holidays are no working days: the account's region, or one for all. "
        "Left out, they are days like others.",
    )
    fallback_region: Region | None = Field(
        None, description="For an account whose region is unknown; left out, such an act is denied."
    )

    @model_validator(mode="after")
    def _fits(self) -> "WorkingDays":
        if self.fallback_region is not None and self.public_holidays != "account":
            raise ValueError("fallback_region is for public_holidays: account; remove it or change that")
        for region in (self.public_holidays, self.fallback_region):
            if region not in (None, "account") and not _is_known(region):
                raise ValueError(f"the public holidays of {region} are not known; give the country's code")
        return self

    def describe(self) -> str:
        parts = [f"open on {listed(self.days)} only"]
        if self.public_holidays == "account":
            otherwise = self.fallback_region or "denied"
            parts.append(f"but not on public holidays of the account's region ({otherwise} if unknown)")
        elif self.public_holidays:
            parts.append(f"but not on public holidays of {self.public_holidays}")
        return f"{', '.join(parts)}, {self.where()}{self.about()}"

    def times(self) -> tuple[time, ...]:
        return (time.min,)

    def open_for(self) -> Callable[[Facts], OpenAt]:
        days = frozenset(WEEKDAYS.index(day) for day in self.days)

        @cache
        def within(region: str) -> OpenAt:
            is_holiday = holidays_of(region)
            return lambda local: local.weekday() in days and not is_holiday(local.date())

        def any_day(local: datetime) -> bool:
            return local.weekday() in days

        match self.public_holidays:
            case None:
                return lambda _: any_day
            case "account":
                fallback = self.fallback_region
                return lambda facts: within(_region(facts, fallback))
            case region:
                return lambda _: within(region)


def _region(facts: Facts, fallback: str | None) -> str:
    region = facts.account.region or fallback
    if region is None:
        raise MissingFactError("account.region")
    return region


def _is_known(region: str) -> bool:
    try:
        holidays_of(region)
    except MissingFactError:
        return False
    return True


@lru_cache(maxsize=512)
def holidays_of(region: str) -> IsHoliday:
    """Whether a day is a public holiday there.

    Raises:
        MissingFactError: the package does not know the region.
    """
    # Takes 0.15 s, which a command that judges nothing need not pay.
    import holidays  # noqa: PLC0415

    country, _, part = region.partition("-")
    try:
        calendar = holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise MissingFactError(CALENDAR.format(region=region)) from None
    return lambda day: day in calendar
