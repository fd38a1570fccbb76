"""Signing in with a password, where that may be, and out."""

from typing import Annotated

from fastapi import Form, HTTPException, Response
from starlette.responses import RedirectResponse

from winback.console.api import page_router
from winback.console.audit import What
from winback.console.door import new_secret
from winback.console.people import nobody_yet
from winback.console.rights import Looker, anybody, csrf_of
from winback.console.sign_in import Try, end_sign_in, sign_in
from winback.console.visit import Here, Visit
from winback.console.words import N_

PATH = "/sign-in"
router = page_router()

NOT_IN = N_("That login and password do not go together, or it was tried too often. Try again later.")
BY_PROVIDER = N_("Nobody signs in by password here: take the link to your organisation.")
Typed = Annotated[str, Form(max_length=400)]


@router.get(PATH, dependencies=[anybody])
def show(here: Here, next: str = "/") -> Response:  # noqa: A002  as it stands in the address
    """The form."""
    return _form(here, next)


@router.post(PATH, dependencies=[anybody])
def take(here: Here, login: Typed, password: Typed, next: Typed = "/") -> Response:  # noqa: A002
    """Let in, or not; the answer does not say why not."""
    settings = here.services.settings.console
    if not settings.by_password:
        raise HTTPException(403, BY_PROVIDER)
    browser = here.request.headers.get("user-agent", "")
    given = Try(login, password, browser)
    secret = sign_in(here.services.store, settings, given, here.by(None))
    if secret is None:
        return _form(here, next, problem=NOT_IN, status=401)
    old = here.door.who(here.request)
    if old is not None and old.sign_in is not None:
        end_sign_in(here.services.store, here.by(None), old.user.id or 0, old.sign_in)
    response = RedirectResponse(local(next), status_code=303)
    here.door.let_in(response, secret)
    return response


@router.post("/sign-out")
def leave(here: Here, person: Looker) -> Response:
    """End this sign-in."""
    if person.sign_in is not None:
        end_sign_in(here.services.store, here.by(person), person.id, person.sign_in, What.SIGNED_OUT)
    response = RedirectResponse(PATH, status_code=303)
    here.door.let_out(response)
    return response


def local(path: str) -> str:
    """A path of ours; whatever else was asked for becomes the overview."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if plain and path.isprintable() and "\\" not in path else "/"


def _form(here: Visit, after: str, *, problem: str = "", status: int = 200) -> Response:
    with here.services.store.read() as session:
        empty = nobody_yet(session)
    secret = here.door.before(here.request) or new_secret()
    settings = here.services.settings.console
    response = here.page(
        None, "sign_in.html", status, csrf=csrf_of(secret), next=local(after), problem=problem, empty=empty,
        oidc=settings.oidc, by_password=settings.by_password,
    )  # fmt: skip
    here.door.let_wait(here.request, response, secret)
    return response
