"""One of the customer's people: what they want, never to be written to, all that is held, and erasing it."""

from typing import Annotated, Literal

from fastapi import Form, HTTPException, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from winback.console.accounts_page import Source, Stopped
from winback.console.api import api_router, page_router
from winback.console.audit import What
from winback.console.evidence.phrase import shown
from winback.console.example import example
from winback.console.person import (
    change_wishes,
    erase_person,
    export_person,
    held,
    person_wishes,
    stop_person,
    whom,
)
from winback.console.rights import Operator, Person
from winback.console.visit import Here, Number, Visit
from winback.console.words import N_
from workers.prefer import LANGUAGES, OFTEN, Wishes, channels_on_offer
from workers.privacy.erase import Survey

router = page_router()
api = api_router("people of accounts")
Typed = Annotated[str, Form(max_length=400)]
Who = Annotated[str, Form(max_length=400, description="An address or key.", examples=["acme-ann@example.com"])]
Contact = Annotated[int | None, Form(ge=1, le=2**31 - 1)]
LEVELS = ("beginner", "advanced")


class Held(BaseModel):
    """What is held about whoever goes by an address or key. `alike` and `alone` accounts can be erased too."""

    people: list[tuple[str, str]]
    counts: dict[str, int]
    alike: list[str]
    alone: list[str]


class Erased(BaseModel):
    """What was erased. `again`: nothing was left. Not `wiped`: the database was in use, ask again."""

    contacts: int
    counts: dict[str, int]
    accounts: list[str]
    again: bool
    wiped: bool


class WishesIn(BaseModel):
    """All that a person wants, as they said it: what is left out is taken back. `source`: where they said it."""

    language: Literal["en", "hi"] = Field(examples=["hi"])
    channels: list[str] = Field(examples=[["email"]])
    topics: list[str] = Field(examples=[["send_tutorial"]])
    days_between: int | None = Field(None, examples=[30])
    level: Literal["beginner", "advanced"] | None = Field(None, examples=["advanced"])
    source: str = Field(examples=["on the phone, 12 May"])
    reason: str = Field(examples=["they asked us to write less"])


@router.get("/accounts/{account}/people/{number}")
def show(here: Here, person: Operator, account: Number, number: Number) -> Response:
    """One person."""
    found = person_wishes(here.services, account, number)
    if found is None:
        raise HTTPException(404, "there is no such person")
    return here.page(
        person, "person.html", one=found, channels=channels_on_offer(here.services), languages=LANGUAGES,
        topics=sorted(here.services.registry.topics()), often=OFTEN, levels=LEVELS,
    )  # fmt: skip


@router.post("/accounts/{account}/people/{number}/wishes")
def change(
    here: Here,
    person: Operator,
    account: Number,
    number: Number,
    language: Typed,
    source: Source,
    reason: Typed,
    channels: Annotated[list[str], Form()] = [],  # noqa: B006  never changed
    topics: Annotated[list[str], Form()] = [],  # noqa: B006
    days: Typed = "",
    level: Typed = "",
) -> Response:
    """What they said they want."""
    often = int(days) if days.isdecimal() and len(days) < 4 else None if not days else -1
    wishes = Wishes(language, frozenset(channels), frozenset(topics), often, level or None)  # type: ignore[arg-type]
    change_wishes(here.services, number, wishes, person.login, source, reason)
    here.note(person, What.WISHES_CHANGED, f"contact {number}")
    return here.back(person, f"/accounts/{account}/people/{number}", N_("Saved."))


@router.post("/accounts/{account}/people/{number}/stop")
def stop(here: Here, person: Operator, account: Number, number: Number, source: Source) -> Response:
    """Never write to them again."""
    stopped = stop_person(here.services, number, source)
    here.note(person, What.STOPPED, f"contact {number}")
    return here.back(
        person, f"/accounts/{account}", N_("%(count)s people there will never be written to again."), count=stopped
    )


@router.get("/privacy")
def ask(here: Here, person: Operator) -> Response:
    """Whose data it is about."""
    return here.page(person, "privacy.html", survey=None, who="", contact=None)


@router.post("/privacy")
def survey(here: Here, person: Operator, contact: Contact = None, who: Typed = "") -> Response:
    """What is held about them. An address never stands in the page's own address."""
    name = whom(here.services, contact, who)
    return here.page(person, "privacy.html", survey=held(here.services, name), who=shown(name), contact=contact)


@router.post("/privacy/export")
def export(here: Here, person: Operator, contact: Contact = None, who: Typed = "") -> Response:
    """All of it, as a file."""
    return _export(here, person, whom(here.services, contact, who))


@router.post("/privacy/erase")
def erase(
    here: Here,
    person: Operator,
    typed: Typed,
    contact: Contact = None,
    who: Typed = "",
    reason: Typed = "",
    account_too: Annotated[bool, Form()] = False,
) -> Response:
    """All of it is gone."""
    done = _erase(here, person, whom(here.services, contact, who), typed, reason, account_too=account_too)
    words = N_("Erased: %(count)s contacts, and all that was held about them.")
    if done.again:
        words = N_("Erased before: nothing of them is left but a keyed hash.")
    if not done.wiped:
        words = N_("Erased; but the database was in use: ask again, so that the space it left is overwritten.")
    return here.back(person, "/privacy", words, count=done.contacts)


@api.put("/contacts/{number}/wishes", status_code=204)
def change_api(here: Here, person: Operator, number: Number, wanted: WishesIn) -> None:
    """What a person said they want, elsewhere than on their page."""
    wishes = Wishes(
        wanted.language, frozenset(wanted.channels), frozenset(wanted.topics), wanted.days_between, wanted.level
    )
    change_wishes(here.services, number, wishes, person.login, wanted.source, wanted.reason)
    here.note(person, What.WISHES_CHANGED, f"contact {number}")


@api.post("/contacts/{number}/stop", responses=example("stopped"))
def stop_api(here: Here, person: Operator, number: Number, source: Source) -> Stopped:
    """Never write to them again, nor to anybody with the same address."""
    stopped = stop_person(here.services, number, source)
    here.note(person, What.STOPPED, f"contact {number}")
    return Stopped(stopped=stopped)


@api.post("/privacy", responses=example("held"))
def survey_api(here: Here, person: Operator, who: Who) -> Held:  # noqa: ARG001  whoever may operate
    """What is held about everybody who goes by an address or key. Changes nothing."""
    found = held(here.services, who)
    return _held(found)


@api.post(
    "/privacy/export",
    response_class=StreamingResponse,
    responses={
        200: {"description": "All of it.", "content": {"application/json": {"schema": {"type": "object"}}}}
    },
)
def export_api(here: Here, person: Operator, who: Who) -> Response:
    """Everything held about them, as docs/privacy.md names it."""
    return _export(here, person, who)


@api.post("/privacy/erase", responses=example("erased"))
def erase_api(
    here: Here,
    person: Operator,
    who: Who,
    typed: Who,
    reason: Annotated[str, Form(max_length=400, examples=["they asked us to"])] = "",
    account_too: Annotated[bool, Form(examples=[False])] = False,
) -> Erased:
    """Erase everybody who goes by this; `typed` is the same once more. It cannot be taken back."""
    return _erase(here, person, who, typed, reason, account_too=account_too)


def _held(found: Survey) -> Held:
    return Held(
        people=[(one.account, one.key) for one in found.people],
        counts=dict(found.counts),
        alike=list(found.alike),
        alone=list(found.alone),
    )


def _export(here: Visit, person: Person, who: str) -> Response:
    pieces = export_person(here.services, who)
    here.note(person, What.EXPORTED, "a person")
    headers = {"Content-Disposition": 'attachment; filename="person.json"'}
    return StreamingResponse(pieces, media_type="application/json", headers=headers)


def _erase(here: Visit, person: Person, who: str, typed: str, reason: str, *, account_too: bool) -> Erased:
    done = erase_person(here.services, who, typed, reason, account_too=account_too)
    here.note(person, What.ERASED, f"{done.contacts} contacts")
    return Erased(
        contacts=done.contacts, counts=dict(done.counts), accounts=list(done.accounts), again=done.again,
        wiped=done.wiped,
    )  # fmt: skip
