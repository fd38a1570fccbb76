"""Types of the values in a policy file. Nothing is guessed from a value of another type."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from policies.zones import UnknownZoneError, zone_of


def _known_zone(name: str) -> str:
    try:
        zone_of(name)
    except UnknownZoneError:
        raise ValueError("is not a time zone of the IANA database, such as Asia/Kolkata") from None
    return name


def _like(pattern: str, what: str) -> AfterValidator:
    """A text that fits a pattern, answered in words when it does not."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"should be {what}")
        return text

    return AfterValidator(check)


ID = r"[a-z0-9][a-z0-9_-]{0,63}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"

RuleId = Annotated[
    str,
    _like(ID, "up to 64 lower-case letters, digits, - and _"),
    Field(json_schema_extra={"pattern": f"^{ID}$"}),
]
ClockTime = Annotated[
    str, _like(CLOCK, 'a time such as "08:00"'), Field(json_schema_extra={"pattern": f"^{CLOCK}$"})
]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True, ge=0)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DropName = Literal["all_quiet", "feature_fell", "limit_reached", "champion_left", "stalled_start"]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Part(BaseModel):
    """The base of every part of a rule: an unknown key is a mistake, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(Part):
    """Both ends belong to it; an end that is left out is open."""

    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Range":
        self._check()
        return self

    def _check(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max, so nothing is in between")

    def describe(self) -> str:
        if self.min is None:
            return f"at most {self.max:g}"
        if self.max is None:
            return f"at least {self.min:g}"
        return f"{self.min:g} to {self.max:g}"

    def bounds(self) -> tuple[float, float]:
        """Lower and upper end, infinite where open."""
        low = float("-inf") if self.min is None else self.min
        return low, float("inf") if self.max is None else self.max


def listed(names: tuple[str, ...]) -> str:
    """`a, b or c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
