"""`quiet_hours`: an act outside the recipient's open hours waits for the next open moment."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from policies.facts import Facts, MissingFactError
from policies.rules.fields import WEEKDAYS, ClockTime, Weekday, ZoneName, listed
from policies.rules.rule import Judge, Narrowed, NextOpen, Say, Wording
from policies.rules.window import operator_zone
from policies.verdict import Decision, RuleResult
from policies.zones import openings, zone_of

OpenAt = Callable[[datetime], bool]

HORIZON_DAYS = 40
"""How far an open moment is looked for; a rule that is never open for so long denies."""


def _sentence(what: str) -> Callable[[Mapping[str, Any]], str]:
    def sentence(saw: Mapping[str, Any]) -> str:
        day, (hour, minute) = WEEKDAYS[int(saw["weekday"])], divmod(int(saw["minute"]), 60)
        return f"it is {day} {hour:02}:{minute:02} in {saw['zone']}, which is {what}"

    return sentence


class QuietHours(Narrowed):
    """From `from` until `to` nobody is contacted, nor on a day that is not a working day.

    The recipient's zone is the contact's, else the account's, else `fallback_zone`. A span across
    midnight is written as it is said: from 20:00 to 08:00.
    """

    kind: Literal["quiet_hours"]
    from_: ClockTime | None = Field(None, alias="from", description="HH:MM, the first quiet minute.")
    to: ClockTime | None = Field(None, description="HH:MM, the first open minute.")
    working_days: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = Field(
        None, description="Days on which somebody may be contacted; left out, all of them."
    )
    fallback_zone: Literal["operator"] | ZoneName | None = Field(
        None, description="For a recipient whose zone is unknown; left out, such an act is denied."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "open": _sentence("open"),
        "closed": _sentence("quiet"),
        "never_open": f"no open moment in the next {HORIZON_DAYS} days in {{zone}}",
    }

    @model_validator(mode="after")
    def _says_something(self) -> "QuietHours":
        if (self.from_ is None) != (self.to is None):
            raise ValueError("give both from and to, or neither")
        if self.from_ is None and self.working_days is None:
            raise ValueError("give from and to, or working_days, or all three")
        if self.from_ is not None and self.from_ == self.to:
            raise ValueError("from and to are the same; leave both out, or use kill_switch to stop everything")
        return self

    def describe(self) -> str:
        parts = []
        if self.from_:
            parts.append(f"quiet from {self.from_} to {self.to}")
        if self.working_days:
            parts.append(f"open on {listed(self.working_days)} only")
        known = {None: "denied", "operator": "the operator's"}
        fallback = f"{known.get(self.fallback_zone, self.fallback_zone)} if unknown"
        return f"{', '.join(parts)}, in the recipient's zone ({fallback}){self.about()}"

    def judge(self, say: Say) -> Judge:
        zone_in, open_at, opens = self._zone(), self._open_at(), self._opens()

        def judge(facts: Facts) -> RuleResult:
            name = zone_in(facts)
            zone = zone_of(name)
            local = facts.now.astimezone(zone)
            saw = (("weekday", local.weekday()), ("minute", local.hour * 60 + local.minute), ("zone", name))
            if open_at(local):
                return say(None, "open", saw)
            moment = opens(facts.now, zone)
            if moment is None:
                return say(Decision.DENY, "never_open", saw)
            return say(None, "closed", saw, moment)

        return judge

    def next_open(self) -> NextOpen:
        zone_in, opens, matches = self._zone(), self._opens(), self.matcher()

        def next_open(facts: Facts, moment: datetime) -> datetime | None:
            if matches is not None and not matches(facts):
                return moment
            return opens(moment, zone_of(zone_in(facts)))

        return next_open

    def _zone(self) -> Callable[[Facts], str]:
        fallback = self.fallback_zone

        def zone(facts: Facts) -> str:
            found = (facts.contact.zone if facts.contact else None) or facts.account.zone
            if found is not None:
                return found
            if fallback is None:
                raise MissingFactError("contact.zone")
            return operator_zone(facts) if fallback == "operator" else fallback

        return zone

    def _open_at(self) -> OpenAt:
        """Whether a local moment is open. Borders lie on whole minutes."""
        days = frozenset(WEEKDAYS.index(day) for day in self.working_days or WEEKDAYS)
        if self.from_ is None or self.to is None:
            return lambda local: local.weekday() in days
        first, last = _minutes(self.from_), _minutes(self.to)
        across = first > last

        def open_at(local: datetime) -> bool:
            minute = local.hour * 60 + local.minute
            quiet = (minute >= first or minute < last) if across else (first <= minute < last)
            return not quiet and local.weekday() in days

        return open_at

    def _opens(self) -> Callable[[datetime, ZoneInfo], datetime | None]:
        """The first open moment at or after one, in UTC; None when there is none within the horizon."""
        open_at = self._open_at()
        times = (time.min,) if self.to is None else (time.min, time.fromisoformat(self.to))

        def opens(moment: datetime, zone: ZoneInfo) -> datetime | None:
            local = moment.astimezone(zone)
            if open_at(local):
                return moment
            today = local.date()
            # From yesterday on: clocks that are set back at midnight show a part of it again.
            for ahead in range(-1, HORIZON_DAYS):
                found = [
                    one
                    for one in openings(today + timedelta(days=ahead), times, zone)
                    if one >= moment and open_at(one.astimezone(zone))
                ]
                if found:
                    return min(found)
            return None

        return opens


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
