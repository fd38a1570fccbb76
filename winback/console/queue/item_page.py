"""A card, and what can be said of it: every form carries the hash and the version that were shown."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Response
from sqlmodel import Session
from starlette.responses import HTMLResponse

from policies.rejection import REACHES
from winback.console.api import Problem, page_router
from winback.console.evidence.outgoing import outgoing_of
from winback.console.headers import MAIL
from winback.console.queue import deeds
from winback.console.queue.api import Number, card
from winback.console.queue.field import PREFIX, fields_of
from winback.console.queue.preview import EditPreview
from winback.console.queue.typed import NOTE
from winback.console.queue.wanted import NUMBER, Wanted, address_of
from winback.console.rights import Looker, Person
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.errors import InputError
from winback.store.types import ReviewState
from workers.item import open_item, same_person
from workers.past import past_of
from workers.queue_list import After, Filters, beside

router = page_router()
MORNING = time(9)

CODES = {
    "not_now": N_("not now: this offer to this person rests for %(days)s days"),
    "wrong_tool": N_("the wrong tool: it rests for this account for %(days)s days"),
    "wrong_person": N_("the wrong person: nothing to them for %(days)s days"),
    "wrong_words": N_("the wrong words: this offer to this person rests for %(days)s days"),
    "already_in_touch": N_("we are in touch already: nothing to this account for %(days)s days"),
    "never_contact": N_("never contact: nothing to this account for good"),
}
if CODES.keys() != REACHES.keys():
    raise ValueError("every code of a rejection needs words")
STATES = {
    "pending": N_("It waits for a person."),
    "approved": N_("It was approved."),
    "edited": N_("An edited proposal took its place."),
    "rejected": N_("It was rejected."),
    "expired": N_("Nobody decided it in time: nothing was sent."),
    "lapsed": N_("It was withdrawn: nothing was sent."),
}
SAYS = {
    "allow": N_("The policy allows it: it will be carried out."),
    "review": N_("It will wait for approval as a new item."),
    "deny": N_("The policy refuses it: the item would stay as it is."),
}


@dataclass(frozen=True)
class Entered:
    """What somebody has typed into the forms of a card, shown again where it could not be done."""

    code: str = ""
    note: str = ""
    until: str = ""
    to: str = ""
    changes: dict[str, str] = field(default_factory=dict)


NOTHING = Entered()


@router.get("/queue/{number}")
def show(
    here: Here, person: Looker, number: Number, filters: Wanted,
    done: Annotated[int | None, Query(ge=1, le=NUMBER)] = None,
) -> Response:  # fmt: skip
    """The card. `done` is the item that was decided before it, which can be taken back from here."""
    return item_response(here, person, number, filters, done=done)


def item_response(
    here: Visit, person: Person, number: int, filters: Filters, *, status: int = 200, done: int | None = None,
    problem: Problem | None = None, entered: Entered = NOTHING, preview: EditPreview | None = None,
) -> Response:  # fmt: skip
    """The card as a page, with what could not be done and what was typed, or with the preview of an edit."""
    services = here.services
    view = card(here, person, number, person.say)
    with services.store.read() as session:
        place = After(open_item(session, number).row.priority, number)
        above, below = beside(session, filters, services.clock.now(), place)
        undoable = _undoable(session, person, number)
        decided = done if done is not None and _undoable(session, person, done) else None
        colleagues = deeds.colleagues(session)
    holder = view.hands.holder
    return here.page(
        person, "item.html", status, view=view, within=address_of(filters), above=above, below=below,
        undoable=undoable, done=decided, colleagues=colleagues, problem=problem, entered=entered,
        preview=preview, fields=fields_of(services, view), prefix=PREFIX, codes=CODES, reaches=REACHES,
        states=STATES, says=SAYS, morning=_morning(here, person),
        holds=holder is not None and same_person(holder, person.login),
        waits=view.standing.state == ReviewState.PENDING, note_limit=NOTE,
    )  # fmt: skip


def _undoable(session: Session, person: Person, number: int) -> bool:
    """Whether there is such an item, and what was said of it can be taken back."""
    try:
        return deeds.can_undo(session, open_item(session, number), person.login)
    except InputError:
        return False


def _morning(here: Visit, person: Person) -> str:
    """Tomorrow morning where they live, as a browser's field for moments has it."""
    zone = ZoneInfo(person.zone)
    day = here.services.clock.now().astimezone(zone).date() + timedelta(days=1)
    return f"{datetime.combine(day, MORNING):%Y-%m-%dT%H:%M}"


@router.get("/queue/{number}/mail")
def mail(here: Here, person: Looker, number: Number) -> Response:
    """The message as HTML, alone in a frame in which nothing runs and nothing is loaded."""
    with here.services.store.read() as session:
        deeds.must_be(session, number)
        item = open_item(session, number)
        if item.contact.erased_at is not None or item.proposal.tool not in here.services.registry.tool_names():
            return HTMLResponse("", headers=MAIL)
        past = past_of(session, item.account, here.services.clock.now())
        html = outgoing_of(session, here.services, item, person.login, past).words.html
    return HTMLResponse(html, headers=MAIL)
