"""What the rules have in common that let an act wait for an open moment in the recipient's zone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from policies.facts import Facts, MissingFactError
from policies.rules.fields import WEEKDAYS, OperatorOrZone
from policies.rules.rule import Judge, Narrowed, NextOpen, Say
from policies.rules.window import operator_zone
from policies.telling import Composed, Seen, Translate, Wording
from policies.verdict import Decision, Said
from policies.zones import openings, zone_of

OpenAt = Callable[[datetime], bool]
"""Whether a local moment is open."""
Opens = Callable[[date, ZoneInfo, OpenAt], Sequence[datetime]]

HORIZON_DAYS = 40
"""How far an open moment is looked for; a rule that is never open for so long denies."""


def _at(template: str) -> Composed:
    """A sentence with the day and the time that the clocks there show."""

    def tell(seen: Seen, say: Translate) -> str:
        day, (hour, minute) = WEEKDAYS[int(seen["weekday"] or 0)], divmod(int(seen["minute"] or 0), 60)
        return say(template).format(day=say(day), time=f"{hour:02}:{minute:02}", zone=seen["zone"])

    return Composed((template, *WEEKDAYS), tell)


class Opening(Narrowed):
    """The recipient's zone is the contact's, else the account's, else `fallback_zone`."""

    fallback_zone: OperatorOrZone | None = Field(
        None, description="For a recipient whose zone is unknown; left out, such an act is denied."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "open": _at("it is {day} {time} in {zone}, which is open"),
        "closed": _at("it is {day} {time} in {zone}, which is closed"),
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
        zone_in, open_for, opens = self._zone(), self.open_for(), _opens(self.times())
        saw = ("weekday", "minute", "zone")
        is_open, closed = say.form(None, "open", *saw), say.form(None, "closed", *saw)
        never = say.form(Decision.DENY, "never_open", *saw)

        def judge(facts: Facts) -> Said:
            _, _, zone, local, values = _there(facts.now, zone_in(facts))
            open_at = open_for(facts)
            if open_at(local):
                return is_open, values, None
            moment = first_open(facts.now, zone, open_at, opens)
            return (never, values, None) if moment is None else (closed, values, moment)

        return judge

    def next_open(self) -> NextOpen:
        zone_in, open_for, opens, matches = self._zone(), self.open_for(), _opens(self.times()), self.matcher()

        def next_open(facts: Facts, moment: datetime) -> datetime | None:
            if matches is not None and not matches(facts):
                return moment
            return first_open(moment, zone_of(zone_in(facts)), open_for(facts), opens)

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


_There = tuple[datetime, str, ZoneInfo, datetime, tuple[int, int, str]]


class _Last:
    """What was asked last: the rules of a policy ask for one moment in one zone, one after the other."""

    there: _There | None = None


def _there(now: datetime, name: str) -> _There:
    """A moment, a zone's name, the zone, the moment there, and what a rule saw: weekday, minute, zone."""
    last = _Last.there
    if last is not None and last[0] is now and last[1] == name:
        return last
    zone = zone_of(name)
    local = now.astimezone(zone)
    last = _Last.there = (now, name, zone, local, (local.weekday(), local.hour * 60 + local.minute, name))
    return last


def _opens(times: tuple[time, ...]) -> Opens:
    """The moments of a local day, in UTC and in order, at which a rule with these times begins to be open."""

    @lru_cache(maxsize=1024)
    def opens(day: date, zone: ZoneInfo, open_at: OpenAt) -> tuple[datetime, ...]:
        return tuple(sorted(one for one in openings(day, times, zone) if open_at(one.astimezone(zone))))

    return opens


def first_open(moment: datetime, zone: ZoneInfo, open_at: OpenAt, opens: Opens) -> datetime | None:
    """The first open moment at or after one, in UTC; None when there is none within the horizon."""
    local = moment.astimezone(zone)
    if open_at(local):
        return moment
    today = local.date()
    # From yesterday on: clocks that are set back at midnight show a part of it again.
    for ahead in range(-1, HORIZON_DAYS):
        for one in opens(today + timedelta(days=ahead), zone, open_at):
            if one >= moment:
                return one
    return None
