"""Kill switches: what is engaged, engaging with a reason, releasing with a reason."""

from datetime import datetime
from typing import Annotated

from fastapi import Form, HTTPException, Path, Response
from pydantic import BaseModel, Field

from winback.console.api import api_router, page_router
from winback.console.example import example
from winback.console.rights import Looker, Operator, Person
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.store.bookkeeping import Switch
from workers.known_names import known_names
from workers.switches import engage, release, switches

router = page_router()
api = api_router("policies")
PAGE = "/policies/switches"
Typed = Annotated[str, Form(max_length=400)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
SCOPES = {
    "everything": N_("everything"),
    "tool": N_("a tool"),
    "channel": N_("a channel"),
    "tag": N_("accounts with a tag"),
    "plan": N_("accounts on a plan"),
    "region": N_("accounts of a region"),
}


class SwitchOut(BaseModel):
    """A kill switch, engaged while nobody released it."""

    id: int = Field(examples=[3])
    scope: str = Field(description="everything, tool, channel, tag, plan or region.", examples=["tool"])
    name: str = Field(description="Of what; empty for everything.", examples=["offer_trial_upgrade"])
    reason: str = Field(examples=["the price list is being changed"])
    engaged_at: datetime
    engaged_by: str = Field(examples=["ann@example.com"])
    released_at: datetime | None = Field(examples=[None])
    released_by: str = Field(examples=[""])
    release_reason: str = Field(examples=[""])


class Engage(BaseModel):
    """What to stop, and why."""

    scope: str = Field(max_length=40, examples=["tool"])
    name: str = Field("", max_length=400, examples=["offer_trial_upgrade"])
    reason: str = Field(max_length=400, examples=["the price list is being changed"])


class Release(BaseModel):
    """Why it may pass again."""

    reason: str = Field(max_length=400, examples=["the new price list is in"])


@router.get(PAGE)
def show(here: Here, person: Looker) -> Response:
    """The page."""
    with here.services.store.read() as session:
        found = switches(session)
    known = known_names(here.services.registry, here.services.catalogue)
    return here.page(
        person, "switches.html", engaged=[one for one in found if one.released_at is None],
        released=[one for one in found if one.released_at is not None], scopes=SCOPES,
        names=sorted({*known.tools, *(known.channels or ())}),
    )  # fmt: skip


@router.post(PAGE)
def engage_one(here: Here, person: Operator, scope: Typed, reason: Typed, name: Typed = "") -> Response:
    """Stop it now."""
    _engage(here, person, Engage(scope=scope[:40], name=name, reason=reason))
    return here.back(person, PAGE, N_("The switch is engaged: it holds for the very next effect."))


@router.post(PAGE + "/{number}/release")
def release_one(here: Here, person: Operator, number: Number, reason: Typed) -> Response:
    """Let it pass again."""
    _release(here, person, number, reason)
    return here.back(person, PAGE, N_("The switch is released."))


@api.get("/switches", responses=example("switches"))
def list_switches(here: Here, person: Looker) -> list[SwitchOut]:  # noqa: ARG001  whoever may look
    """Every kill switch, the engaged ones first."""
    with here.services.store.read() as session:
        return [_out(one) for one in switches(session)]


@api.post("/switches", status_code=201, responses=example("switch_engaged", 201))
def engage_by_program(here: Here, person: Operator, what: Engage) -> SwitchOut:
    """Stop everything, a tool, a channel or a segment, from the very next effect on."""
    return _out(_engage(here, person, what))


@api.post("/switches/{number}/release", responses=example("switch_released"))
def release_by_program(here: Here, person: Operator, number: Number, why: Release) -> SwitchOut:
    """Let pass again what it stopped."""
    return _out(_release(here, person, number, why.reason))


def _engage(here: Visit, person: Person, what: Engage) -> Switch:
    services = here.services
    known = known_names(services.registry, services.catalogue)
    return engage(services.store, known, person.login, services.clock.now(), what.scope, what.name, what.reason)


def _release(here: Visit, person: Person, number: int, reason: str) -> Switch:
    store = here.services.store
    with store.read() as session:
        if session.get(Switch, number) is None:
            raise HTTPException(404, "there is no such switch")
    return release(store, person.login, here.services.clock.now(), number, reason)


def _out(one: Switch) -> SwitchOut:
    return SwitchOut(**one.model_dump())
