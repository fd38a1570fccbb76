"""To the OpenID provider, and back from it."""

from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import HTTPException, Query, Response
from starlette.responses import RedirectResponse

from winback.console.api import page_router
from winback.console.audit import What, note_deed
from winback.console.oidc_people import Newcomer, identity, sign_in_by_provider
from winback.console.oidc_refusal import TOLD, RefusedError, Why, error_name
from winback.console.oidc_way import SECONDS, Ways
from winback.console.rights import anybody
from winback.console.sign_in import end_sign_in
from winback.console.sign_in_page import local
from winback.console.visit import Here, Visit
from winback.errors import SetupError
from winback.settings_console import Oidc
from workers.services import Services

if TYPE_CHECKING:
    from winback.console.oidc_provider import Provider

PATH = "/sign-in/oidc"
BACK = f"{PATH}/back"
router = page_router()
log = structlog.get_logger()

Given = Annotated[str, Query(max_length=4000)]


def provider_of(services: Services) -> "Provider | None":
    """The one that is set; None: people sign in by password alone."""
    settings = services.settings.console.oidc
    if settings is None:
        return None
    from winback.console.oidc_provider import Provider  # noqa: PLC0415  for those alone who have one

    return Provider(settings, services.clock)


@router.get(PATH, dependencies=[anybody])
def go(here: Here, next: Given = "/") -> Response:  # noqa: A002  as it stands in the address
    """Send a browser to the provider. It is a link, not a form: nothing changes here, and a provider that sends
    the browser on to another one would be stopped by `form-action`.
    """
    settings, provider = _set(here)
    way, cookie = _ways(settings).new(local(next), here.services.clock.now())
    try:
        response = RedirectResponse(provider.address(way, _back(here)), status_code=303)
    except SetupError as error:
        return _down(here, error)
    here.door.let_go(response, cookie, SECONDS)
    return response


@router.get(BACK, dependencies=[anybody])
def back(here: Here, state: Given = "", code: Given = "", error: Given = "", iss: Given | None = None) -> Response:
    """Let in whom the provider sends back, or say why not."""
    settings, provider = _set(here)
    by, now = here.by(None), here.services.clock.now()
    try:
        way = _ways(settings).known(here.door.way(here.request), state, now)
        _confirmed(code, error)
        who = identity(settings, provider.claims(code, iss, way, _back(here)))
    except SetupError as problem:
        return _down(here, problem)
    except RefusedError as refused:
        note_deed(here.services.store, now, "", What.REFUSED, by.place, f"by the provider: {refused}")
        return _refused(here, refused)
    new = Newcomer(here.services.settings.company.zone, here.request.headers.get("user-agent", ""))
    try:
        secret = sign_in_by_provider(here.services.store, here.services.settings.console, who, by, new)
    except RefusedError as refused:
        return _refused(here, refused)
    old = here.door.who(here.request)
    if old is not None and old.sign_in is not None:
        end_sign_in(here.services.store, by, old.user.id or 0, old.sign_in)
    response = RedirectResponse(way.after, status_code=303)
    here.door.let_in(response, secret)
    here.door.came_back(response)
    return response


def _confirmed(code: str, error: str) -> None:
    if error or not code:
        raise RefusedError(Why.DECLINED, error_name(error))


def _set(here: Visit) -> "tuple[Oidc, Provider]":
    settings, provider = here.services.settings.console.oidc, here.request.app.state.provider
    if settings is None or provider is None:
        raise HTTPException(404, "no provider is set")
    return settings, provider


def _ways(settings: Oidc) -> Ways:
    return Ways(settings.client_secret.get_secret_value())


def _back(here: Visit) -> str:
    """Where the provider sends people back: never by what a request says of its own address."""
    base = here.services.settings.console.base_url
    return f"{base}{BACK}" if base else f"http://127.0.0.1:{here.request.scope['server'][1]}{BACK}"


def _down(here: Visit, problem: SetupError) -> Response:
    log.error("oidc.failed", problem=str(problem))
    return _refused(here, RefusedError(Why.DOWN))


def _refused(here: Visit, refused: RefusedError) -> Response:
    told = TOLD[refused.why]
    subject = refused.subject if refused.why is Why.TAKEN else ""
    response = here.page(None, "oidc.html", told.status, refusal=told, subject=subject)
    here.door.came_back(response)
    return response
