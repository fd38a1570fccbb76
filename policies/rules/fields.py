"""Types of the values in a policy file. Nothing is guessed from a value of another type."""

import re
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from policies.zones import UnknownZoneError, zone_of
from winback.spelling import did_you_mean


def _operator_or_zone(name: str) -> str:
    if name == "operator":
        return name
    try:
        zone_of(name)
    except UnknownZoneError:
        near = did_you_mean(name, {"operator", *available_timezones()})
        fix = near or "write 'operator' or a zone such as Asia/Kolkata"
        raise ValueError(f"should be 'operator' or a time zone of the IANA database; {fix}") from None
    return name


def _account_or_region(text: str) -> str:
    if text != "account" and re.fullmatch(REGION, text) is None:
        fix = did_you_mean(text, ("account",)) or "write 'account' or such a code"
        raise ValueError(f"should be 'account' or an ISO 3166 code such as IN or DE-BY; {fix}")
    return text


def _or(word: str, **other: str) -> WithJsonSchema:
    """What an editor offers for a word that may stand in the place of a text."""
    return WithJsonSchema({"anyOf": [{"const": word, "type": "string"}, {"type": "string", **other}]})


def _like(pattern: str, what: str) -> AfterValidator:
    """A text that fits a pattern, answered in words when it does not."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"should be {what}")
        return text

    return AfterValidator(check)


ID = r"[a-z0-9][a-z0-9_-]{0,63}"
SWITCH_ID = r"switch\.[0-9]{1,10}"
"""Of switches that are engaged beside the files (`policies.switch`)."""
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"

REGION = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"

MOST = 10**12
"""More would be no limit for anybody, and the decision log holds no number of more than 64 bits."""

RuleId = Annotated[
    str,
    _like(rf"{ID}|{SWITCH_ID}", "up to 64 lower-case letters, digits, - and _"),
    Field(json_schema_extra={"pattern": f"^{ID}$"}),
]
ClockTime = Annotated[
    str, _like(CLOCK, 'a time such as "08:00"'), Field(json_schema_extra={"pattern": f"^{CLOCK}$"})
]
Region = Annotated[
    str,
    _like(REGION, "an ISO 3166 code such as IN or DE-BY"),
    Field(json_schema_extra={"pattern": f"^{REGION}$"}),
]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True, ge=0, le=MOST)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
OperatorOrZone = Annotated[str, AfterValidator(_operator_or_zone), _or("operator")]
AccountOrRegion = Annotated[str, AfterValidator(_account_or_region), _or("account", pattern=f"^{REGION}$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DropName = Literal["all_quiet", "feature_fell", "limit_reached", "champion_left", "stalled_start"]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


def _day(value: object) -> object:
    """A date as YAML reads it, or the same in quotes."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and re.fullmatch(DAY, value) else value
    except ValueError:
        found = None
    if not isinstance(found, date) or isinstance(found, datetime):
        raise ValueError("should be a day such as 2026-03-01")  # noqa: TRY004  pydantic wants this one
    return found


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": f"^{DAY}$"})]


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
