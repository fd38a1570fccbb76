"""Acts, cases and the ways out: looked at, and for operators what nobody else can settle."""

from typing import Annotated

from fastapi import Form, HTTPException, Query, Response
from pydantic import BaseModel

from winback.console.api import api_router, page_router
from winback.console.effects import (
    Cases,
    Effects,
    EffectView,
    Way,
    case_list,
    effect_list,
    effect_view,
    ways,
)
from winback.console.example import example
from winback.console.overview_page import STATES
from winback.console.rights import Looker, Operator
from winback.console.visit import Here, Number, Visit
from winback.console.words import N_
from winback.store.types import CaseState, EffectState
from workers.settle import OPEN_ENDS, ask_receiver, send_again, settle

router = page_router()
api = api_router("channels")
After = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
Medium = Annotated[str, Query(max_length=40)]
EffectStates = Annotated[list[EffectState], Query(description="Those in one of these states.")]
CaseStates = Annotated[list[CaseState], Query(description="Those in one of these states.")]
CaseNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
CAPABILITIES = {
    "keyed": N_("refuses repeats"),
    "lookup": N_("can be asked"),
    "blind": N_("can tell nothing: what may have been sent is never sent again by itself"),
}


class Asked(BaseModel):
    """Whether the receiver has it; then it is settled as sent."""

    has_it: bool


@router.get("/channels")
def show_ways(here: Here, person: Looker) -> Response:
    """Every medium, and what waits for a person."""
    with here.services.store.read() as session:
        dead = effect_list(session, state=[one.value for one in OPEN_ENDS])
    return here.page(
        person, "channels.html", ways=ways(here.services), dead=dead, states=STATES, capabilities=CAPABILITIES
    )


@router.get("/effects")
def show_effects(
    here: Here,
    person: Looker,
    state: EffectStates = [],  # noqa: B006  never changed
    medium: Medium = "",
    after: After = None,
) -> Response:
    """Acts, the newest first."""
    with here.services.store.read() as session:
        found = effect_list(session, state=state, medium=medium, after=after)
    return here.page(
        person, "effects.html", found=found, state=state, medium=medium, states=STATES, known=list(EffectState),
        first=after is None,
    )  # fmt: skip


@router.get("/effects/{number}")
def show_effect(here: Here, person: Looker, number: Number) -> Response:
    """One act."""
    return here.page(person, "effect.html", one=_one(here, number), states=STATES)


@router.post("/effects/{number}/ask")
def ask(here: Here, person: Operator, number: Number) -> Response:
    """Ask the receiver whether it has it."""
    has_it = ask_receiver(here.services, number, person.login)
    words = N_("The receiver has it: settled as sent.") if has_it else N_("The receiver does not have it.")
    return here.back(person, f"/effects/{number}", words)


@router.post("/effects/{number}/settle")
def say(here: Here, person: Operator, number: Number, sent: Annotated[bool, Form()]) -> Response:
    """What somebody found out."""
    settle(here.services, number, sent=sent, by=person.login)
    words = N_("Settled: it counts as a contact.") if sent else N_("Settled: an agent may look at the case again.")
    return here.back(person, f"/effects/{number}", words)


@router.post("/effects/{number}/again")
def again(here: Here, person: Operator, number: Number) -> Response:
    """Let a worker try once more."""
    send_again(here.services, number, person.login)
    return here.back(person, f"/effects/{number}", N_("It is tried again at the next run."))


@router.get("/cases")
def show_cases(
    here: Here,
    person: Looker,
    state: CaseStates = [],  # noqa: B006
    contacted: bool = False,
    case: CaseNumber = None,
    after: After = None,
) -> Response:
    """Cases, the newest first."""
    with here.services.store.read() as session:
        found = case_list(session, state=state, contacted=contacted, number=case, after=after)
    return here.page(
        person, "cases.html", found=found, state=state, contacted=contacted, states=STATES, known=list(CaseState),
        first=after is None,
    )  # fmt: skip


@api.get("/channels", responses=example("channels"))
def list_ways(here: Here, person: Looker) -> tuple[Way, ...]:  # noqa: ARG001  whoever may look
    """Every medium with its channel, what it can promise, whether it rests, and what waits."""
    return ways(here.services)


@api.get("/effects", responses=example("effects"))
def list_effects(
    here: Here,
    person: Looker,  # noqa: ARG001
    state: EffectStates = [],  # noqa: B006
    medium: Medium = "",
    after: After = None,
) -> Effects:
    """Acts, the newest first, fifty a page."""
    with here.services.store.read() as session:
        return effect_list(session, state=state, medium=medium, after=after)


@api.get("/effects/{number}", responses=example("effect"))
def read_effect(here: Here, person: Looker, number: Number) -> EffectView:  # noqa: ARG001
    """One act, and what can be done about it."""
    return _one(here, number)


@api.post("/effects/{number}/ask", responses=example("asked"))
def ask_api(here: Here, person: Operator, number: Number) -> Asked:
    """Ask the receiver; 409 where it cannot tell, or nothing is open about it."""
    return Asked(has_it=ask_receiver(here.services, number, person.login))


@api.post("/effects/{number}/settle", status_code=204)
def settle_api(
    here: Here, person: Operator, number: Number, sent: Annotated[bool, Form(examples=[False])]
) -> None:
    """Say whether it was sent; 409 where nothing is open about it."""
    settle(here.services, number, sent=sent, by=person.login)


@api.post("/effects/{number}/again", status_code=204)
def again_api(here: Here, person: Operator, number: Number) -> None:
    """Try it once more; 409 where it may have arrived and a repeat would too, or its case has gone on."""
    send_again(here.services, number, person.login)


@api.get("/cases", responses=example("cases"))
def list_cases(
    here: Here,
    person: Looker,  # noqa: ARG001
    state: CaseStates = [],  # noqa: B006
    contacted: bool = False,
    case: CaseNumber = None,
    after: After = None,
) -> Cases:
    """Cases, the newest first, fifty a page."""
    with here.services.store.read() as session:
        return case_list(session, state=state, contacted=contacted, number=case, after=after)


def _one(here: Visit, number: int) -> EffectView:
    found = effect_view(here.services, number)
    if found is None:
        raise HTTPException(404, "there is no such effect")
    return found
