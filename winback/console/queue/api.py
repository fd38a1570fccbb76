"""The queue for programs: everything that its pages show and do."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query

from policies.telling import Translate
from winback.console.api import api_router, page_router
from winback.console.evidence.item import ItemView, item_view
from winback.console.example import example
from winback.console.queue import deeds
from winback.console.queue.listing import QueuePage, queue_page
from winback.console.queue.preview import EditPreview, preview_edit
from winback.console.queue.typed import (
    Claim,
    Colleague,
    Draft,
    Edit,
    Later,
    Refusal,
    Seen,
    Together,
    ViewFilters,
)
from winback.console.queue.wanted import NUMBER, Place, Wanted, Words
from winback.console.rights import Decider, Looker, Person, Right
from winback.console.visit import Here, Visit
from workers import desk
from workers import review as reviews
from workers.bulk import Chosen, approve_all
from workers.ended import Ended, ended_items
from workers.queue_list import LONGEST, PAGE, Filters, counts_of
from workers.saved_view import drop_view, save_view, views_of
from workers.undo import undo

router = page_router()
api = api_router("queue")
Number = Annotated[int, Path(ge=1, le=NUMBER, description="The item.")]
Called = Annotated[Words, Path(min_length=1, max_length=200, description="The view's name.")]


@dataclass(frozen=True)
class Came:
    """What came of one of several: when it is due, or why it was not approved."""

    item: int
    due_at: datetime | None
    problem: str | None


@dataclass(frozen=True)
class SavedView:
    """Filters that one keeps under a name."""

    name: str
    filters: dict[str, str | float]


@dataclass(frozen=True)
class EndedPage:
    """Items that ended without a yes or a no; `next` is the `before` of the following page."""

    items: list[Ended]
    next: int | None


@dataclass(frozen=True)
class Done:
    """It is done."""

    item: int


@api.get("/queue", responses=example("queue"))
def list_items(
    here: Here, person: Looker, filters: Wanted, after: Place = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST)] = PAGE,
) -> QueuePage:  # fmt: skip
    """What waits for a person, the most urgent first."""
    with here.services.store.read() as session:
        counts = counts_of(session, filters, here.services.clock.now())
        return queue_page(here.services, person, filters, counts, session, after=after, limit=limit)


@api.get("/queue/ended", responses=example("queue_ended"))
def list_ended(
    here: Here,
    person: Looker,  # noqa: ARG001  whoever may look
    before: Annotated[int | None, Query(ge=1, le=NUMBER)] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST)] = PAGE,
) -> EndedPage:
    """What nobody has to decide any more, and why: expired, superseded, withdrawn."""
    return ended_page(here, before, limit)


def ended_page(here: Visit, before: int | None, limit: int) -> EndedPage:
    """A page of them, the newest first."""
    with here.services.store.read() as session:
        found = ended_items(session, limit=limit + 1, before=before)
    return EndedPage(found[:limit], found[limit - 1].number if len(found) > limit else None)


@api.get("/queue/views", responses=example("queue_views"))
def list_views(here: Here, person: Looker) -> list[SavedView]:
    """One's own saved views."""
    with here.services.store.read() as session:
        return [SavedView(name, kept.to_plain()) for name, kept in views_of(session, person.login).items()]


@api.put("/queue/views/{name}", responses=example("queue_view_kept"))
def keep_view(here: Here, person: Looker, name: Called, body: ViewFilters) -> SavedView:
    """Keep filters under a name; what was under it is replaced."""
    filters = Filters.from_plain(dict(body.filters))
    save_view(here.services, person.login, name, filters)
    return SavedView(name, filters.to_plain())


@api.delete("/queue/views/{name}", responses=example("queue_view_forgotten"))
def forget_view(here: Here, person: Looker, name: Called) -> list[SavedView]:
    """Forget one; what is left."""
    drop_view(here.services, person.login, name)
    return list_views(here, person)


@api.post("/queue/approve", responses=example("queue_approved_several"))
def approve_several(here: Here, person: Decider, body: Together) -> list[Came]:
    """Approve several of one tool and template; each is judged by itself, and none that costs money is taken."""
    chosen = [Chosen(one.item, one.hash, one.version) for one in body.items]
    with here.services.store.read() as session:
        for one in chosen:
            deeds.must_be(session, one.review)
    return [Came(one.review, one.due_at, one.problem) for one in approve_all(here.services, chosen, person.login)]


@api.get("/queue/{number}", responses=example("queue_item"))
def read_item(here: Here, person: Looker, number: Number) -> ItemView:
    """What would happen if it were approved now, exactly, and everything that it can be decided by."""
    return card(here, person, number)


def card(here: Visit, person: Person, number: int, say: Translate = str) -> ItemView:
    """The card, as this person may see it; raises HTTPException 404 where there is none."""
    must_be(here, number)
    view = item_view(here.services, number, person.login, say)
    return view if person.may(Right.OPERATE) else replace(view, planted=None)


def must_be(here: Visit, number: int) -> None:
    """Raises HTTPException 404 where there is no such item."""
    with here.services.store.read() as session:
        deeds.must_be(session, number)


@api.post("/queue/{number}/approve", responses=example("queue_approved"))
def approve(here: Here, person: Decider, number: Number, body: Seen) -> deeds.Approved:
    """Approve exactly what was shown. The policy is asked once more when it leaves."""
    must_be(here, number)
    return deeds.approve(here.services, person, number, body)


@api.post("/queue/{number}/preview", responses=example("queue_preview"))
def preview(here: Here, person: Decider, number: Number, body: Draft) -> EditPreview:
    """What an edit would make, judged and rendered; nothing is written."""
    must_be(here, number)
    return preview_edit(here.services, number, person.login, body.changes)


@api.post("/queue/{number}/edit", responses=example("queue_edited"))
def edit(here: Here, person: Decider, number: Number, body: Edit) -> deeds.Edited:
    """Put a proposal of one's own in its place, which the policy judges anew."""
    must_be(here, number)
    return deeds.edit(here.services, person, number, body, body.changes)


@api.post("/queue/{number}/reject", responses=example("queue_rejected"))
def reject(here: Here, person: Decider, number: Number, body: Refusal) -> Done:
    """Say no; the code says what else is held back."""
    must_be(here, number)
    reviews.reject(here.services, number, body.hash, person.login, body.code, body.note, version=body.version)
    return Done(number)


@api.post("/queue/{number}/snooze", responses=example("queue_snoozed"))
def snooze(here: Here, person: Decider, number: Number, body: Later) -> Done:
    """Put it out of sight for a while."""
    must_be(here, number)
    reviews.snooze(here.services, number, body.hash, person.login, body.until, version=body.version)
    return Done(number)


@api.post("/queue/{number}/escalate", responses=example("queue_escalated"))
def escalate(here: Here, person: Decider, number: Number, body: Seen) -> Done:
    """Put it before all others."""
    must_be(here, number)
    reviews.escalate(here.services, number, body.hash, person.login, version=body.version)
    return Done(number)


@api.post("/queue/{number}/hand", responses=example("queue_handed"))
def hand(here: Here, person: Decider, number: Number, body: Colleague) -> Done:
    """Give it to a colleague, who finds it among theirs; anybody may still decide it."""
    must_be(here, number)
    deeds.hand(here.services, person, number, body, body.to)
    return Done(number)


@api.post("/queue/{number}/claim", responses=example("queue_claimed"))
def claim(here: Here, person: Decider, number: Number, body: Claim) -> deeds.Held:
    """Take it in hand: nobody else decides it meanwhile."""
    must_be(here, number)
    return deeds.claim(here.services, person, number, body.minutes, take_over=body.take_over)


@api.post("/queue/{number}/release", responses=example("queue_released"))
def release(here: Here, person: Decider, number: Number) -> Done:
    """Let go of it."""
    must_be(here, number)
    desk.release(here.services, number, person.login)
    return Done(number)


@api.post("/queue/{number}/undo", responses=example("queue_undone"))
def take_back(here: Here, person: Decider, number: Number) -> Done:
    """Take back an approval or a rejection, as long as nothing has left."""
    must_be(here, number)
    undo(here.services, number, person.login)
    return Done(number)
