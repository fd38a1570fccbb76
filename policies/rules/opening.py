"""What the rules have in common that let an act wait for an open moment in the recipient's zone."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from policies.facts import Facts, MissingFactError
from policies.rules.fields import WEEKDAYS, OperatorOrZone
from policies.rules.rule import Judge, Narrowed, NextOpen, Say, Wording
from policies.rules.window import operator_zone
from policies.verdict import Decision, Said
from policies.zones import openings, zone_of

OpenAt = Callable[[datetime], bool]
"""Whether a local moment is open."""

HORIZON_DAYS = 40
"""How far an open moment is looked for; a rule that is never open for so long denies."""


def _sentence(what: str) -> Callable[[Mapping[str, Any]], str]:
    def sentence(saw: Mapping[str, Any]) -> str:
        day, (hour, minute) = WEEKDAYS[int(saw["weekday"])], divmod(int(saw["minute"]), 60)
        return f"it is {day} {hour:02}:{minute:02} in {saw['zone']}, which is {what}"

    return sentence


class Opening(Narrowed):
    """The recipient's zone is the contact's, else the account's, else `fallback_zone`."""

    fallback_zone: OperatorOrZone | None = Field(
        None, description="For a recipient whose zone is unknown; left out, such an act is denied."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "open": _sentence("open"),
        "closed": _sentence("closed"),
        "never_open": f"no open moment in the next {HORIZON_DAYS} days in {{zone}}",
    }

    def times(self) -> tuple[time, ...]:
        """The local times of day at which the rule may begin to be open."""
        raise NotImplementedError

    def open_for(self) -> Callable[[Facts], OpenAt]:
        """When it is open for the recipient of an act."""
        raise NotImplementedError

    def where(self) -> str:
        """The zone, as the end of a sentence."""
        known = {None: "denied", "operator": "the operator's"}
        return f"in the recipient's zone ({known.get(self.fallback_zone, self.fallback_zone)} if unknown)"

    def judge(self, say: Say) -> Judge:
        zone_in, open_for, times = self._zone(), self.open_for(), self.times()
        saw = ("weekday", "minute", "zone")
        is_open, closed = say.form(None, "open", *saw), say.form(None, "closed", *saw)
        never = say.form(Decision.DENY, "never_open", *saw)

        def judge(facts: Facts) -> Said:
            name = zone_in(facts)
            zone = zone_of(name)
            local = facts.now.astimezone(zone)
            values = (local.weekday(), local.hour * 60 + local.minute, name)
            open_at = open_for(facts)
            if open_at(local):
                return is_open, values, None
            moment = first_open(facts.now, zone, open_at, times)
            return (never, values, None) if moment is None else (closed, values, moment)

        return judge

    def next_open(self) -> NextOpen:
        zone_in, open_for, times, matches = self._zone(), self.open_for(), self.times(), self.matcher()

        def next_open(facts: Facts, moment: datetime) -> datetime | None:
            if matches is not None and not matches(facts):
                return moment
            return first_open(moment, zone_of(zone_in(facts)), open_for(facts), times)

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


def first_open(moment: datetime, zone: ZoneInfo, open_at: OpenAt, times: tuple[time, ...]) -> datetime | None:
    """The first open moment at or after one, in UTC; None when there is none within the horizon."""
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
