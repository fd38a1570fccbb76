"""The list: what waits, filtered and searched, page by page; several of one kind approved at once; saved views."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Query, Response

from winback.console.api import page_router
from winback.console.queue.api import EndedPage, ended_page
from winback.console.queue.listing import QueuePage, queue_page
from winback.console.queue.news import news_of
from winback.console.queue.wanted import NUMBER, Place, Wanted, Within, Words, address_of
from winback.console.rights import Decider, Looker
from winback.console.visit import Here
from winback.console.words import N_
from winback.errors import InputError
from workers.bulk import Chosen, approve_all
from workers.queue_list import PAGE, counts_of
from workers.saved_view import drop_view, save_view, views_of

router = page_router()

STATE_WORDS = {
    "waiting": N_("Waiting"),
    "snoozed": N_("Snoozed"),
    "claimed": N_("In somebody's hands"),
    "escalated": N_("Escalated"),
    "needs_another": N_("Needs another approval"),
}
REASONS = {
    "expired": N_("expired"),
    "superseded": N_("superseded by an edit"),
    "came_back": N_("withdrawn: the account came back"),
    "case_closed": N_("withdrawn: the case was closed"),
    "erased": N_("withdrawn: the contact was erased"),
    "unsubscribed": N_("withdrawn: the contact unsubscribed"),
}
Name = Annotated[Words, Form(max_length=200)]


@router.get("/queue")
def show(here: Here, person: Looker, filters: Wanted, after: Place = None) -> Response:
    """The page; for HTMX the list alone."""
    services = here.services
    with services.store.read() as session:
        now = services.clock.now()
        counts = counts_of(session, filters, now)
        news = news_of(session, now)
        page = queue_page(services, person, filters, counts, session, after=after, limit=PAGE)
        views = views_of(session, person.login)
    values: dict[str, Any] = {
        "page": page,
        "filters": filters,
        "within": address_of(filters),
        "here_again": _address("/queue", address_of(filters), after=after),
        "following": _address("/queue", address_of(filters), after=page.next),
        "counted": _counted(page),
        "news": news,
        "most": services.settings.console.bulk_most,
        "fresh": "hx-request" in here.request.headers,
    }
    if values["fresh"]:
        return here.part(person, "queue.html", "list", **values)
    return here.page(
        person, "queue.html", **values, views={name: address_of(one) for name, one in views.items()},
        states=STATE_WORDS, tools=[one.name for one in services.registry],
        rules=[one.id for one in services.policy.rules],
    )  # fmt: skip


def _counted(page: QueuePage) -> str:
    return f"{page.shown}+" if page.more else str(page.shown)


def _address(path: str, within: str, **more: object) -> str:
    rest = "&".join(one for one in (within, urlencode({k: v for k, v in more.items() if v is not None})) if one)
    return f"{path}?{rest}" if rest else path


@router.get("/queue/ended")
def ended(here: Here, person: Looker, before: Annotated[int | None, Query(ge=1, le=NUMBER)] = None) -> Response:
    """What nobody has to decide any more, each with its reason."""
    found: EndedPage = ended_page(here, before, PAGE)
    return here.page(person, "queue_ended.html", ended=found, reasons=REASONS)


@router.post("/queue/approve")
def approve_several(
    here: Here, person: Decider, within: Within, chosen: Annotated[list[str] | None, Form(max_length=200)] = None
) -> Response:
    """Approve what was ticked, each judged by itself; the page says what came of each."""
    items = [_chosen(one) for one in chosen or ()]
    results = approve_all(here.services, items, person.login)
    return here.page(person, "queue_approved.html", results=results, within=address_of(within))


def _chosen(text: str) -> Chosen:
    number, _, rest = text.partition(":")
    digest, _, version = rest.partition(":")
    if not (number.isdecimal() and number.isascii() and len(number) <= 9 and digest and version):
        raise InputError("this is no item of the list", where="chosen", fix="load the list again")
    return Chosen(int(number), digest, version)


@router.post("/queue/views")
def save(here: Here, person: Looker, within: Within, name: Name) -> Response:
    """Keep the filters under a name."""
    save_view(here.services, person.login, name, within)
    return here.back(person, _address("/queue", address_of(within)), N_("Saved."))


@router.post("/queue/views/forget")
def forget(here: Here, person: Looker, name: Name) -> Response:
    """Forget a view."""
    drop_view(here.services, person.login, name)
    return here.back(person, "/queue", N_("Forgotten."))
