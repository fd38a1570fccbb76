"""The review console: an application for the browser, and the same over HTTP for programs."""

import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from starlette.types import Scope

from winback import __version__
from winback.console import (
    accounts_page,
    decisions_page,
    drafts_page,
    effects_page,
    me_page,
    oidc_page,
    overview_page,
    people_api,
    people_page,
    person_page,
    policies_page,
    runs_page,
    set_up,
    set_up_page,
    sign_in_page,
    static_files,
    switches_page,
)
from winback.console.door import Door
from winback.console.drafts import Drafts
from winback.console.headers import headers
from winback.console.press import Press
from winback.console.problems import Refuse, add_problems
from winback.console.queue import acts_page, held_page, item_page, list_page, meters_page, news
from winback.console.queue import api as queue_api
from winback.console.rights import Looker, anybody, check_rights
from winback.console.verification import Verifier
from winback.web.guard import Guard, Limits, proxy_of
from winback.web.visitor import Rate
from workers.services import Services

BODY_LIMIT = 512 * 1024
SIGN_INS = {
    ("POST", sign_in_page.PATH),
    ("POST", set_up.PATH),
    ("GET", oidc_page.PATH),
    ("GET", oidc_page.BACK),
}
PARTS = (
    static_files,
    sign_in_page,
    oidc_page,
    set_up_page,
    overview_page,
    accounts_page,
    person_page,
    effects_page,
    decisions_page,
    runs_page,
    me_page,
    people_page,
    people_api,
    list_page,
    held_page,
    news,
    queue_api,
    item_page,
    acts_page,
    meters_page,
    switches_page,
    drafts_page,
    policies_page,
)
"""Modules with a `router` of pages, and an `api` where programs can do the same."""


def make_console(services: Services, *, timer: Callable[[], float] = time.monotonic) -> FastAPI:
    """The application; `timer` counts the seconds by which visitors are asked to wait.

    Raises:
        ValueError: a route declares no right.
    """
    app = FastAPI(
        title="Winback", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,
        summary="The review console's API: what its pages show and do.",
    )  # fmt: skip
    settings = services.settings.console
    secure = (settings.base_url or "").startswith("https://")
    press = Press(app, services.settings.company, secure=secure)
    app.state.services, app.state.press, app.state.door = services, press, Door(services)
    app.state.drafts = Drafts(services)
    app.state.verifier = Verifier(services)
    app.state.provider = oidc_page.provider_of(services)
    for part in PARTS:
        app.include_router(part.router)
        api = getattr(part, "api", None)
        if api is not None:
            app.include_router(api)
    _add_health(app, services)
    refuse = Refuse(press)
    add_problems(app, refuse)
    check_rights(app)
    app.add_middleware(Guard, refuse=refuse, limits=_limits(services, timer, secure=secure))
    return app


def _limits(services: Services, timer: Callable[[], float], *, secure: bool) -> Limits:
    settings = services.settings.console
    usual, sign_in = Rate(settings.requests_per_minute, timer), Rate(settings.sign_ins_per_minute, timer)

    def rate(scope: Scope) -> Rate:
        return sign_in if (scope["method"], scope["path"]) in SIGN_INS else usual

    return Limits(rate, BODY_LIMIT, proxy=proxy_of(settings.trusted_proxy), headers=headers(secure=secure))


def _add_health(app: FastAPI, services: Services) -> None:
    @app.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False, dependencies=[anybody])
    def healthz() -> dict[str, str]:
        with services.store.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
        return {"status": "ok"}

    @app.get("/api/openapi.json", include_in_schema=False)
    def openapi(request: Request, person: Looker) -> dict[str, Any]:  # noqa: ARG001  whoever may look
        described: dict[str, Any] = request.app.openapi()
        return described
