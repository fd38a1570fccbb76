"""One's own: language, zone, theme, password, and where one is signed in."""

from typing import Annotated

from fastapi import Form, HTTPException, Response
from pydantic import BaseModel

from winback.console.api import api_router, page_router
from winback.console.password import is_password
from winback.console.people import THEMES, prefer, set_password
from winback.console.rights import Looker, Right, Role
from winback.console.sign_in import end_sign_in, sign_ins_of
from winback.console.visit import Here
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
    with here.services.store.read() as session:
        kept = session.get_one(User, person.id).password
    if not is_password(old, kept):
        raise InputError("is not your password", where="the old one", fix="type it again")
    set_password(here.services.store, here.by(person), person.login, new, keep=person.sign_in)
    return here.back(person, "/me", N_("The password is changed, and every other sign-in is over."))


@router.post("/me/sign-ins/{number}/end")
def end(here: Here, person: Looker, number: int) -> Response:
    """End a sign-in of one's own."""
    if not end_sign_in(here.services.store, here.by(person), person.id, number):
        raise HTTPException(404, "you have no such sign-in")
    return here.back(person, "/me", N_("That sign-in is over."))


@api.get("/me")
def me(person: Looker) -> Me:
    """Who asks, and what they may."""
    return Me(
        login=person.login, name=person.name, role=person.role, rights=sorted(person.rights),
        language=person.language, zone=person.zone,
    )  # fmt: skip
