"""The first set-up: whoever has the link becomes the first operator."""

from typing import Annotated

from fastapi import Form, Response
from starlette.responses import RedirectResponse

from winback.console.api import page_router
from winback.console.door import new_secret
from winback.console.rights import anybody, csrf_of
from winback.console.set_up import PATH, First, holds, set_up
from winback.console.visit import Here, Visit
from winback.errors import InputError

router = page_router()
Typed = Annotated[str, Form(max_length=400)]


@router.get(PATH, dependencies=[anybody])
def show(here: Here, link: str = "") -> Response:
    """The form; looking uses nothing up."""
    with here.services.store.read() as session:
        holds(session, link, here.by(None))
    return _form(here, link)


@router.post(PATH, dependencies=[anybody])
def take(here: Here, link: Typed, login: Typed, name: Typed, password: Typed) -> Response:
    """Make the first operator, and let them in."""
    with here.services.store.read() as session:
        holds(session, link, here.by(None))
    browser = here.request.headers.get("user-agent", "")
    first = First(login, name, password, here.services.settings.company.zone, browser)
    try:
        secret = set_up(here.services.store, here.services.settings.console, here.by(None), link, first)
    except InputError as problem:
        return _form(here, link, login=login, name=name, problem=str(problem), status=400)
    response = RedirectResponse("/", status_code=303)
    here.door.let_in(response, secret)
    return response


def _form(
    here: Visit, link: str, *, login: str = "", name: str = "", problem: str = "", status: int = 200
) -> Response:
    secret = here.door.before(here.request) or new_secret()
    response = here.page(
        None, "set_up.html", status, csrf=csrf_of(secret), link=link, login=login, name=name, problem=problem
    )
    here.door.let_wait(here.request, response, secret)
    return response
