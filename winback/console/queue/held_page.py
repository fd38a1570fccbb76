"""What reviewers' rejections hold back at this moment, and letting go of it with a reason."""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Query, Response
from pydantic import Field

from winback.console.api import Problem, api_router, page_router
from winback.console.evidence.phrase import shown, shown_text
from winback.console.example import example
from winback.console.problems import problem_of
from winback.console.queue.api import Done, Number, must_be
from winback.console.queue.item_page import CODES
from winback.console.queue.typed import Body
from winback.console.queue.wanted import NUMBER, Words
from winback.console.rights import Decider, Looker, Person
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.errors import ConflictError, InputError
from workers.held_back import Hold, holds_of, lift, reach_of, rules_that_wait
from workers.queue_list import LONGEST, PAGE
from workers.reason import LONGEST as LONGEST_REASON

router = page_router()
api = api_router("queue")
OTHER_CODE = N_("rejected: nothing to this account for %(days)s days")
Account = Annotated[Words | None, Query(max_length=400, description="One account alone, by its key.")]
Before = Annotated[int | None, Query(ge=1, le=NUMBER, description="`next` of the page before.")]


@dataclass(frozen=True)
class HeldPage:
    """What is held back, the newest item first; `next` is the `before` of the following page."""

    items: list[Hold]
    next: int | None


class Lift(Body):
    """Why it is held back no longer."""

    reason: Words = Field(
        max_length=LONGEST_REASON, description="The log keeps it: no names of customers.",
        examples=["they asked for it themselves"],
    )  # fmt: skip


def held_page(here: Visit, account: str | None, before: int | None, limit: int) -> HeldPage:
    """A page of them."""
    with here.services.store.read() as session:
        found = holds_of(session, here.services.clock.now(), account=account, before=before, limit=limit + 1)
    return HeldPage([_view(one) for one in found[:limit]], found[limit - 1].item if len(found) > limit else None)


def _view(one: Hold) -> Hold:
    return replace(one, account=shown(one.account), by=shown(one.by), note=shown_text(one.note))


@router.get("/queue/held")
def show(here: Here, person: Looker, account: Account = None, before: Before = None) -> Response:
    """The page."""
    return _page(here, person, account or None, before)


def _page(
    here: Visit, person: Person, account: str | None, before: int | None = None, *, problem: Problem | None = None
) -> Response:
    held = held_page(here, account, before, PAGE)
    return here.page(
        person, "queue_held.html", problem.status if problem else 200, held=held, account=account,
        following=_address(account, before=held.next), words={one.item: _words(one.code) for one in held.items},
        waits=bool(rules_that_wait(here.services.policy)), problem=problem, longest=LONGEST_REASON,
    )  # fmt: skip


def _words(code: str | None) -> tuple[str, int | None]:
    """What a code says, and the days that it holds."""
    return CODES.get(code or "", OTHER_CODE), reach_of(code).days


def _address(account: str | None, **more: object) -> str:
    rest = urlencode({name: value for name, value in {"account": account, **more}.items() if value is not None})
    return f"/queue/held?{rest}" if rest else "/queue/held"


@router.post("/queue/{number}/lift")
def lift_one(
    here: Here, person: Decider, number: Number,
    reason: Annotated[Words, Form(max_length=LONGEST_REASON)],
    account: Annotated[Words, Form(max_length=400)] = "",
) -> Response:  # fmt: skip
    """Let go of it; where that cannot be, the list as it is now and why."""
    must_be(here, number)
    try:
        lift(here.services, number, person.login, reason)
    except (ConflictError, InputError) as error:
        return _page(here, person, account or None, problem=problem_of(error))
    return here.back(
        person,
        _address(account or None),
        N_("Lifted: item %(number)s holds nothing back any more."),
        number=number,
    )


@api.get("/queue/held", responses=example("queue_held"))
def list_held(
    here: Here,
    person: Looker,  # noqa: ARG001  whoever may look
    account: Account = None,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST)] = PAGE,
) -> HeldPage:
    """What rejections hold back at this moment, and until when."""
    return held_page(here, account, before, limit)


@api.post("/queue/{number}/lift", responses=example("queue_lifted"))
def lift_by_program(here: Here, person: Decider, number: Number, body: Lift) -> Done:
    """Let go of what a rejection holds back; that it was rejected stays."""
    must_be(here, number)
    lift(here.services, number, person.login, body.reason)
    return Done(number)
