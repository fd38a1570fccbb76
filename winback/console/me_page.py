"""One's own: language, zone, theme, password, and where one is signed in."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Form, HTTPException, Response
from pydantic import BaseModel, Field

from winback.console.api import api_router, page_router
from winback.console.example import example
from winback.console.password import is_password
from winback.console.people import THEMES, prefer, set_password
from winback.console.queue.typed import Body
from winback.console.queue.wanted import Words
from winback.console.rights import Looker, Person, Right, Role
from winback.console.sign_in import end_sign_in, sign_ins_of
from winback.console.visit import Here, Number, Visit
from winback.console.words import LANGUAGES, N_
from winback.errors import InputError
from winback.store.console import User

router = page_router()
api = api_router("me")
Typed = Annotated[str, Form(max_length=400)]


class Me(BaseModel):
    """Who asks, and what they may."""

    login: str
    name: str
    role: Role
    rights: list[Right]
    language: str
    zone: str
    theme: str


class Wishes(Body):
    """What one wants for oneself."""

    name: Words = Field(max_length=400, examples=["Asha Rao"])
    language: Words = Field(max_length=10, examples=["hi"], json_schema_extra={"enum": list(LANGUAGES)})
    zone: Words = Field(max_length=64, examples=["Asia/Kolkata"])
    theme: Words = Field(max_length=10, examples=["dark"], json_schema_extra={"enum": list(THEMES)})


class OwnPassword(Body):
    """The password of now, and the one that takes its place."""

    old: Words = Field(max_length=400, examples=["five words that were right"])
    new: Words = Field(max_length=400, description="At least 12 characters.", examples=["six words right now"])


class SignInOut(BaseModel):
    """A browser that is signed in; `current`: the one that asks."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    place: str
    browser: str
    current: bool


@router.get("/me")
def show(here: Here, person: Looker) -> Response:
    """The page."""
    with here.services.store.read() as session:
        sign_ins = sign_ins_of(session, person.id)
        kept = session.get_one(User, person.id).password
    by_password = here.services.settings.console.by_password and kept is not None
    return here.page(
        person, "me.html", sign_ins=sign_ins, languages=LANGUAGES, themes=THEMES, by_password=by_password
    )


@router.post("/me")
def change(here: Here, person: Looker, name: Typed, language: Typed, zone: Typed, theme: Typed) -> Response:
    """What one wants for oneself."""
    prefer(here.services.store, person.id, name, language, zone, theme)
    return here.back(person, "/me", N_("Saved."))


@router.post("/me/password")
def change_password(here: Here, person: Looker, old: Typed, new: Typed) -> Response:
    """A new password, for who knows the old one; every other sign-in is over."""
    _set_password(here, person, old, new)
    return here.back(person, "/me", N_("The password is changed, and every other sign-in is over."))


@router.post("/me/sign-ins/{number}/end")
def end(here: Here, person: Looker, number: int) -> Response:
    """End a sign-in of one's own."""
    _end(here, person, number)
    return here.back(person, "/me", N_("That sign-in is over."))


@api.get("/me", responses=example("me"))
def me(person: Looker) -> Me:
    """Who asks, and what they may."""
    return Me(
        login=person.login, name=person.name, role=person.role, rights=sorted(person.rights),
        language=person.language, zone=person.zone, theme=person.theme,
    )  # fmt: skip


@api.put("/me", responses=example("me_changed"))
def change_by_program(here: Here, person: Looker, body: Wishes) -> Me:
    """What one wants for oneself."""
    prefer(here.services.store, person.id, body.name, body.language, body.zone, body.theme)
    with here.services.store.read() as session:
        name = session.get_one(User, person.id).name
    return me(replace(person, name=name, language=body.language, zone=body.zone, theme=body.theme))


@api.post("/me/password", responses=example("sign_ins"))
def change_password_by_program(here: Here, person: Looker, body: OwnPassword) -> list[SignInOut]:
    """A new password, for who knows the old one; every other sign-in is over. Where one is signed in then."""
    _set_password(here, person, body.old, body.new)
    return list_sign_ins(here, person)


@api.get("/me/sign-ins", responses=example("sign_ins"))
def list_sign_ins(here: Here, person: Looker) -> list[SignInOut]:
    """Where one is signed in, the newest first."""
    with here.services.store.read() as session:
        return [
            SignInOut(**one.model_dump(), current=one.id == person.sign_in)
            for one in sign_ins_of(session, person.id)
        ]


@api.post("/me/sign-ins/{number}/end", responses=example("sign_ins"))
def end_by_program(here: Here, person: Looker, number: Number) -> list[SignInOut]:
    """End one of them; those that are left."""
    _end(here, person, number)
    return list_sign_ins(here, person)


def _set_password(here: Visit, person: Person, old: str, new: str) -> None:
    with here.services.store.read() as session:
        kept = session.get_one(User, person.id).password
    if not is_password(old, kept):
        raise InputError("is not your password", where="the old one", fix="type it again")
    set_password(here.services.store, here.by(person), person.login, new, keep=person.sign_in)


def _end(here: Visit, person: Person, number: int) -> None:
    if not end_sign_in(here.services.store, here.by(person), person.id, number):
        raise HTTPException(404, "you have no such sign-in")
