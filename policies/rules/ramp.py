"""`ramp`: a new tool starts with a few contacts a day, and with more as those stay good."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from policies.counter import Counter, What, question
from policies.facts import Facts, MissingFactError
from policies.plural import mend_one
from policies.rules.fields import MOST, Day, Part
from policies.rules.rule import Judge, Narrowed, Say
from policies.rules.window import LONGEST_DAYS, Calendar, Rolling, narrowing, operator_zone
from policies.telling import Wording
from policies.verdict import Decision, Said
from policies.zones import start_of, zone_of

Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
Days = Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)]
Stretch = Callable[[Facts], tuple[datetime, datetime | None]]

SPOILT: tuple[What, ...] = ("bounces", "complaints")
SETTLED: tuple[What, ...] = ("contacts", *SPOILT)
"""What makes up the good ones."""
DOUBLINGS = MOST.bit_length()
"""After so many even the smallest start is past all limits."""


class Asked(NamedTuple):
    """A question to the database; `stretch` is from when until when, for an act."""

    name: str
    what: What
    stretch: Stretch


class Halt(Part):
    """Nothing goes out while so many lie in the last days."""

    bounces: Count | None = Field(None, description="Bounces that halt it.")
    complaints: Count | None = Field(None, description="Complaints that halt it.")
    days: Days = Field(description="Counted over the last so many days.")

    @model_validator(mode="after")
    def _says_something(self) -> "Halt":
        if self.bounces is None and self.complaints is None:
            raise ValueError("give bounces, complaints or both")
        return self

    def limits(self) -> list[tuple[What, int]]:
        given: list[tuple[What, int | None]] = [("bounces", self.bounces), ("complaints", self.complaints)]
        return [(what, most) for what, most in given if most is not None]


class Ramp(Narrowed):
    """`start * 2 ** (good // double_after)` contacts a day, and never more than `max`, or 10**12.

    Good are the contacts of the last 366 days that are older than `settle_days`, less the bounces and
    complaints of the same days. `when.tools` and `when.channels` narrow what is counted; `since`, once
    that day has come, leaves out all that was before it.
    """

    kind: Literal["ramp"]
    start: Count = Field(description="Contacts a day at first; a day is one of the operator's calendar.")
    double_after: Count = Field(description="Good contacts after each of which number the limit doubles.")
    settle_days: Annotated[int, Field(strict=True, ge=1, le=90)] = Field(
        3, description="How long a contact must stay without a bounce or complaint to count as good."
    )
    since: Day | None = Field(
        None,
        description="Contacts, bounces and complaints before this day of the operator's calendar do not count: "
        "the day on which the ramp starts anew.",
    )
    max: Count | None = Field(None, description="Most contacts a day; left out, there is no upper end.")
    halt: Halt | None = Field(None, description="When it stops by itself; left out, it does not.")

    words: ClassVar[Mapping[str, Wording]] = {
        "halted": "{count} {what} in the last {days} days, and {limit} halt it",
        "over_ramp": "{count} contacts today, and {limit} may be after {good} good ones",
        "on_ramp": "{count} contacts today of {limit}, after {good} good ones",
    }
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"what": SPOILT}

    @model_validator(mode="after")
    def _fits(self) -> "Ramp":
        if self.max is not None and self.max < self.start:
            raise ValueError("max is below start")
        return self

    def describe(self) -> str:
        end = "" if self.max is None else f", up to {self.max}"
        grows = f"doubled after every {self.double_after} that stayed good for {self.settle_days} days{end}"
        halt = self.halt
        limits = " or ".join(f"{most} {what}" for what, most in halt.limits()) if halt else ""
        halts = f"; halted by {limits} in {halt.days} days" if halt else ""
        anew = "" if self.since is None else f"; nothing before {self.since} counts"
        return mend_one(f"{self.start} contacts a day, {grows}{halts}{anew}{self.about_counting()}")

    def judge(self, say: Say) -> Judge:
        halted = say.form(Decision.DENY, "halted", "count", "what", "days", "limit")
        over = say.form(Decision.DENY, "over_ramp", "count", "limit", "good")
        fine = say.form(None, "on_ramp", "count", "limit", "good")
        today, settled, bounced, complained = (one.name for one in self._growing())
        halts = [(one.name, one.what, limit) for one, limit in self._halting()]
        days = self.halt.days if self.halt else None
        start, double_after, most = self.start, self.double_after, self.max or MOST

        def judge(facts: Facts) -> Said:
            counts = facts.counts
            try:
                for name, what, limit in halts:
                    if counts[name] >= limit:
                        return halted, (counts[name], what, days, limit), None
                good = max(0, int(counts[settled] - counts[bounced] - counts[complained]))
                count = counts[today]
            except KeyError as error:
                raise MissingFactError(f"counts.{error.args[0]}") from None
            allowed = min(most, start << min(good // double_after, DOUBLINGS))
            return fine if count < allowed else over, (count, allowed, good), None

        return judge

    def counters(self) -> Callable[[Facts], Iterable[Counter]]:
        tools, channels = narrowing(self.when)
        asked = [*self._growing(), *(one for one, _ in self._halting())]
        return lambda facts: [
            Counter(one.name, one.what, *one.stretch(facts), tools=tools, channels=channels) for one in asked
        ]

    def _growing(self) -> tuple[Asked, ...]:
        """The contacts of today, those that had time to settle, and what spoilt some of them."""
        day = Calendar(kind="calendar", unit="day", zone="operator")
        settled = self._anew(_settled(self.settle_days))
        begins, ago = day.since(), f"in {LONGEST_DAYS * 24}h to {self.settle_days * 24}h ago"
        return (
            self._ask("contacts", day.key, lambda facts: (begins(facts), None)),
            *(self._ask(what, ago + self._from(), settled) for what in SETTLED),
        )

    def _from(self) -> str:
        return "" if self.since is None else f" from {self.since}"

    def _anew(self, stretch: Stretch) -> Stretch:
        """Not further back than `since`, once that day has come."""
        if (day := self.since) is None:
            return stretch

        def anew(facts: Facts) -> tuple[datetime, datetime | None]:
            (first, last), begins = stretch(facts), start_of(day, zone_of(operator_zone(facts)))
            return (max(first, begins) if begins <= facts.now else first), last

        return anew

    def _halting(self) -> list[tuple[Asked, int]]:
        """What may halt it, with the number at which it does."""
        if self.halt is None:
            return []
        lately = Rolling(kind="rolling", days=self.halt.days)
        since = lately.since()
        stretch = self._anew(lambda facts: (since(facts), None))
        return [(self._ask(what, lately.key + self._from(), stretch), most) for what, most in self.halt.limits()]

    def _ask(self, what: What, key: str, stretch: Stretch) -> Asked:
        tools, channels = narrowing(self.when)
        return Asked(question(what, key, tools=tools, channels=channels), what, stretch)


def _settled(days: int) -> Stretch:
    longest, latest = timedelta(days=LONGEST_DAYS), timedelta(days=days)
    return lambda facts: (facts.now - longest, facts.now - latest)
