"""How the work goes: one's own decisions in numbers (everybody's, for operators), and how the queue fares."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query, Response

from winback.console.api import api_router, page_router
from winback.console.example import example
from winback.console.rights import Looker, Person, Right
from winback.console.visit import Here, Visit
from workers.meters import Health, Meter, Meters, meters_of

router = page_router()
api = api_router("queue")
DAYS = 30
Days = Annotated[int, Query(ge=1, le=366, description="Over how many days up to now.")]


@dataclass(frozen=True)
class PersonMeter:
    """What one person decided. `seconds` is the median time from the claim to the decision, over `timed` of them;
    `words_changed` the mean over the edits. `caught` and `missed` are planted faults: for operators alone.
    """

    person: str
    decided: int
    approved: int
    rejected: int
    edited: int
    share_approved: float | None
    timed: int
    seconds: float | None
    words_changed: float | None
    caught: int | None
    missed: int | None


@dataclass(frozen=True)
class MetersOut:
    """Over a while; ages are seconds that what waits has waited."""

    since: datetime
    until: datetime
    people: list[PersonMeter]
    queue: Health


def meters_for(here: Visit, person: Person, days: int) -> Meters:
    """One's own numbers; everybody's for an operator, with the faults that they found."""
    until = here.services.clock.now()
    everybody = person.may(Right.OPERATE)
    with here.services.store.read() as session:
        return meters_of(
            session, until - timedelta(days=days), until, of=None if everybody else person.login, faults=everybody
        )


@router.get("/meters")
def show(here: Here, person: Looker, days: Days = DAYS) -> Response:
    """The page."""
    return here.page(person, "meters.html", meters=meters_for(here, person, days), days=days)


@api.get("/meters", responses=example("meters"))
def read(here: Here, person: Looker, days: Days = DAYS) -> MetersOut:
    """What was decided, by whom, and how the queue fares."""
    found = meters_for(here, person, days)
    return MetersOut(found.since, found.until, [_person(one) for one in found.people], found.queue)


def _person(one: Meter) -> PersonMeter:
    return PersonMeter(
        person=one.person, decided=one.decided, approved=one.approved, rejected=one.rejected, edited=one.edited,
        share_approved=one.share_approved, timed=one.timed, seconds=one.seconds,
        words_changed=one.words_changed, caught=one.caught, missed=one.missed,
    )  # fmt: skip
