"""What can be said of a card in the browser; then the next item is shown, from where it can be taken back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Form, Request, Response

from winback.console.api import page_router
from winback.console.problems import problem_of
from winback.console.queue import deeds
from winback.console.queue.api import Number, card
from winback.console.queue.field import given_in
from winback.console.queue.item_page import NOTHING, SAYS, Entered, item_response
from winback.console.queue.preview import changes_in, preview_edit
from winback.console.queue.typed import HASH, NOTE, VERSION, Seen, countable
from winback.console.queue.wanted import Within, Words, address_of
from winback.console.rights import Decider, Person
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.errors import ConflictError, InputError
from workers import desk
from workers import review as reviews
from workers.item import open_item
from workers.queue_list import After, Filters, beside
from workers.undo import undo as take_back

router = page_router()
FIELD = NOTE + 100
"""Characters of one field of an edit; the tool says which are too many."""
Said = tuple[str, dict[str, Any]]


def _seen(
    hash: Annotated[str, Form(pattern=HASH)],  # noqa: A002  as it stands in the form
    version: Annotated[str, Form(pattern=VERSION)],
) -> Seen:
    return Seen(hash=hash, version=version)


async def _fields(request: Request) -> dict[str, str]:
    """The fields of an edit.

    Raises:
        InputError: one is too long, or holds what is no text.
    """
    form = given_in({name: value for name, value in (await request.form()).items() if isinstance(value, str)})
    for name, value in form.items():
        if len(value) > FIELD:
            raise InputError(f"{len(value)} characters", where=name[:40], fix=f"use {NOTE} at most")
    return form


SeenForm = Annotated[Seen, Depends(_seen)]
FieldForm = Annotated[dict[str, str], Depends(_fields)]


Deed = Callable[[], tuple[str, dict[str, Any]]]
"""Does it, and says what to say of it; raises what the commands raise."""


def _do(
    here: Visit, person: Person, number: int, filters: Filters, deed: Deed, *, stay: bool = False,
    entered: Entered = NOTHING,
) -> Response:  # fmt: skip
    """Do it and go to the next item; where it cannot be done, show the card as it is now, and why."""
    with here.services.store.read() as session:
        deeds.must_be(session, number)
        place = After(open_item(session, number).row.priority, number)
    try:
        words, values = deed()
    except (ConflictError, InputError) as error:
        problem = problem_of(error)
        return item_response(
            here, person, number, filters, status=problem.status, problem=problem, entered=entered
        )
    if stay:
        return here.back(person, _item(number, filters), words, **values)
    with here.services.store.read() as session:
        above, below = beside(session, filters, here.services.clock.now(), place)
    following = below or above
    to = _item(following, filters, done=number) if following else _list(filters)
    return here.back(person, to, words, **values)


def _item(number: int, filters: Filters, **more: object) -> str:
    rest = "&".join(one for one in (address_of(filters), urlencode(more)) if one)
    return f"/queue/{number}?{rest}" if rest else f"/queue/{number}"


def _list(filters: Filters) -> str:
    within = address_of(filters)
    return f"/queue?{within}" if within else "/queue"


@router.post("/queue/{number}/approve")
def approve(here: Here, person: Decider, number: Number, seen: SeenForm, within: Within) -> Response:
    """Approve exactly what was shown."""

    def deed() -> Said:
        due = deeds.approve(here.services, person, number, seen).due_at
        if due is None:
            return N_("Approved by you. Another person must approve it too."), {}
        zone = ZoneInfo(person.zone)
        return N_("Approved. It leaves at %(when)s at the earliest."), {"when": f"{due.astimezone(zone):%H:%M:%S}"}

    return _do(here, person, number, within, deed)


@router.post("/queue/{number}/reject")
def reject(
    here: Here, person: Decider, number: Number, seen: SeenForm, within: Within,
    code: Annotated[Words, Form(max_length=40)], note: Annotated[Words, Form(max_length=NOTE)] = "",
) -> Response:  # fmt: skip
    """Say no, with a code and words."""

    def deed() -> Said:
        reviews.reject(here.services, number, seen.hash, person.login, code, note, version=seen.version)
        return N_("Rejected. Nobody is contacted."), {}

    return _do(here, person, number, within, deed, entered=Entered(code=code, note=note))


@router.post("/queue/{number}/snooze")
def snooze(
    here: Here, person: Decider, number: Number, seen: SeenForm, within: Within,
    until: Annotated[str, Form(max_length=40)],
) -> Response:  # fmt: skip
    """Put it out of sight until a moment where the person lives."""

    def deed() -> Said:
        moment = _moment(until, person.zone)
        reviews.snooze(here.services, number, seen.hash, person.login, moment, version=seen.version)
        return N_("Snoozed."), {}

    return _do(here, person, number, within, deed, entered=Entered(until=until))


def _moment(text: str, zone: str) -> datetime:
    try:
        return countable(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))
    except ValueError:
        raise InputError(f"{text!r} is no day and time", where="until", fix="such as 2026-05-13T09:00") from None


@router.post("/queue/{number}/escalate")
def escalate(here: Here, person: Decider, number: Number, seen: SeenForm, within: Within) -> Response:
    """Put it before all others."""

    def deed() -> Said:
        reviews.escalate(here.services, number, seen.hash, person.login, version=seen.version)
        return N_("Escalated: it goes first."), {}

    return _do(here, person, number, within, deed)


@router.post("/queue/{number}/hand")
def hand(
    here: Here, person: Decider, number: Number, seen: SeenForm, within: Within,
    to: Annotated[Words, Form(max_length=100)],
) -> Response:  # fmt: skip
    """Give it to a colleague."""

    def deed() -> Said:
        deeds.hand(here.services, person, number, seen, to)
        return N_("It is given to %(who)s."), {"who": to}

    return _do(here, person, number, within, deed, entered=Entered(to=to))


@router.post("/queue/{number}/claim")
def claim(
    here: Here,
    person: Decider,
    number: Number,
    within: Within,
    take_over: Annotated[bool, Form()] = False,
) -> Response:
    """Take it in hand, from somebody else too where that is said."""

    def deed() -> Said:
        held = deeds.claim(here.services, person, number, desk.MINUTES, take_over=take_over)
        return N_("Yours until %(when)s."), {"when": f"{held.until.astimezone(ZoneInfo(person.zone)):%H:%M}"}

    return _do(here, person, number, within, deed, stay=True)


@router.post("/queue/{number}/release")
def release(here: Here, person: Decider, number: Number, within: Within) -> Response:
    """Let go of it."""

    def deed() -> Said:
        desk.release(here.services, number, person.login)
        return N_("Nobody is kept from it by you."), {}

    return _do(here, person, number, within, deed, stay=True)


@router.post("/queue/{number}/undo")
def undo(here: Here, person: Decider, number: Number, within: Within) -> Response:
    """Take back what was said of it, and show it again."""

    def deed() -> Said:
        take_back(here.services, number, person.login)
        return N_("Taken back: the item waits again."), {}

    return _do(here, person, number, within, deed, stay=True)


@router.post("/queue/{number}/preview")
def preview(here: Here, person: Decider, number: Number, within: Within, given: FieldForm) -> Response:
    """What an edit would make: for HTMX that alone, else the whole card with it."""
    view, problem, made, status = card(here, person, number), None, None, 200
    try:
        made = preview_edit(here.services, number, person.login, changes_in(view, given), person.say)
    except (ConflictError, InputError) as error:
        problem = problem_of(error)
        status = problem.status
    if "hx-request" in here.request.headers:
        # HTMX puts nothing of an answer that says no into the page, and why is what is asked for here.
        return here.part(person, "item.html", "preview", preview=made, problem=problem, says=SAYS)
    return item_response(
        here, person, number, within, status=status, preview=made, problem=problem, entered=Entered(changes=given)
    )


@router.post("/queue/{number}/edit")
def edit(
    here: Here, person: Decider, number: Number, seen: SeenForm, within: Within, given: FieldForm
) -> Response:
    """Put an edited proposal in its place."""

    def deed() -> Said:
        changes = changes_in(card(here, person, number), given)
        made = deeds.edit(here.services, person, number, seen, changes)
        if made.item is None:
            return N_("The policy allows the edited proposal: it will be carried out."), {}
        return N_("The edited proposal waits as item %(number)s."), {"number": made.item}

    return _do(here, person, number, within, deed, entered=Entered(changes=given))
