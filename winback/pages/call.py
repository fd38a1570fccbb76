"""A call: choose a time where they live, change it, cancel it."""

from datetime import datetime
from itertools import groupby

from prompts.message import clean
from winback.errors import ConflictError, InputError
from winback.pages.visit import NAME_LIMIT, Fields, Page, PageError, Reply, Visit, first, opened
from winback.pages.words import Words
from workers.booking import Slots, cancel, choose, slots


def show(visit: Visit) -> Reply:
    """The free times, and the one they chose."""
    return _page(visit)


def take(visit: Visit, fields: Fields) -> Reply:
    """Choose a time, or cancel. A time that is gone is said together with those that are left."""
    with opened(visit):
        pass
    match first(fields, "do"):
        case "choose":
            start = _start(first(fields, "start"))
            try:
                choose(visit.services, visit.link.key, start)
            except ConflictError:
                return _page(visit, taken=True)
            except InputError:
                raise PageError("gone", 410) from None
        case "cancel":
            try:
                cancel(visit.services, visit.link.key)
            except InputError:
                _page(visit)  # where there is no call at all, that is what it says
                raise PageError("wrong", 400) from None
        case _:
            raise PageError("wrong", 400)
    return _page(visit)


def _start(text: str) -> datetime:
    """The moment that a button stands for.

    Raises:
        PageError: it is no moment.
    """
    try:
        start = datetime.fromisoformat(text)
        known = start.utcoffset() is not None
    except ValueError:
        known = False
    if not known:
        raise PageError("wrong", 400)
    return start


def _page(visit: Visit, *, taken: bool = False) -> Reply:
    with opened(visit) as (_, one):
        words = visit.words(one.account, one.contact)
    try:
        offered = slots(visit.services, visit.link.key)
    except InputError:
        raise PageError("gone", 410) from None
    booking = offered.booking
    values = {
        "taken": taken,
        "minutes": offered.call.minutes,
        "host": clean(offered.host.name, NAME_LIMIT),
        "call": words.of(offered.call.name),
        "booked": booking.starts_at if booking is not None and booking.cancelled_at is None else None,
        "cancelled": booking is not None and booking.cancelled_at is not None,
        "days": _days(offered, words),
        "silent": offered.silent is not None,
    }
    return Reply("call.html", words, values, 409 if taken else 200)


def _days(offered: Slots, words: Words) -> list[list[datetime]]:
    """The free times, by the day on which they are where the person lives."""
    return [list(times) for _, times in groupby(sorted(offered.free), words.day)]


PAGE = Page(show, take)
