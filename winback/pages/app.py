"""The application that serves the customer's pages.

The token in an address is the only authority: no cookie, no session, so nothing that another site could
borrow, and forms need no token of their own. A GET never changes anything: mail scanners follow links.
"""

import time
from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as RefusedError
from starlette.types import Scope

from winback import __version__
from winback.errors import ConflictError, SetupError, WinbackError
from winback.pages import call, offer, preferences, stop, survey, why
from winback.pages.hook import HOOK, add_hook
from winback.pages.press import HEADERS, Press
from winback.pages.visit import Fields, Page, PageError, open_visit
from winback.settings_pages import Pages
from winback.web.guard import Guard, Limits, proxy_of
from winback.web.visitor import Rate
from workers.link import PATHS, Links
from workers.services import Services

PAGES: dict[str, Page] = {
    "offer": offer.PAGE,
    "call": call.PAGE,
    "preferences": preferences.PAGE,
    "stop": stop.PAGE,
    "why": why.PAGE,
    "survey": survey.PAGE,
}
LOOK = ["GET", "HEAD"]
BODY_LIMIT = 64 * 1024
STOP_TIMES = 10
"""Mail providers unsubscribe many people, and tell of many messages, from few addresses of their own."""
PROBLEMS = {404: "missing", 405: "method"}

log = structlog.get_logger()


def make_pages(services: Services, *, timer: Callable[[], float] = time.monotonic) -> FastAPI:
    """The application; `timer` counts the seconds by which visitors are asked to wait.

    Raises:
        SetupError: there are no links to pages here.
        InputError: a secret of `inbox.webhook_secrets` is none.
    """
    if services.links is None:
        raise SetupError(
            "is not set, so there are no pages", where="pages.base_url", fix="write the address customers reach"
        )
    app = FastAPI(
        title="Winback pages", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    press = Press(services.settings.company)
    for name, page in PAGES.items():
        _add(app, press, services, services.links, name, page)
    add_hook(app, services)
    _add_health(app, services)
    _add_problems(app, press)
    app.add_middleware(Guard, refuse=press.problem, limits=_limits(services.settings.pages, timer))
    return app


def _limits(settings: Pages, timer: Callable[[], float]) -> Limits:
    usual = Rate(settings.requests_per_minute, timer)
    stops = Rate(settings.requests_per_minute * STOP_TIMES, timer)
    many = (f"/{PATHS['stop']}/", HOOK)

    def rate(scope: Scope) -> Rate:
        return stops if scope["method"] == "POST" and scope["path"].startswith(many) else usual

    return Limits(rate, BODY_LIMIT, proxy=proxy_of(settings.trusted_proxy), headers=HEADERS)


async def fields_of(request: Request) -> Fields:
    """What a form sent, files left out; nothing where it cannot be read."""
    if request.method != "POST":
        return {}
    try:
        async with request.form() as form:
            texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    except RefusedError:
        return {}
    return {name: tuple(value for other, value in texts if other == name) for name, _ in texts}


def _add(app: FastAPI, press: Press, services: Services, links: Links, name: str, page: Page) -> None:
    @app.api_route(f"/{PATHS[name]}/{{token}}", methods=[*LOOK, "POST"], include_in_schema=False)
    def answer(request: Request, token: str, fields: Annotated[Fields, Depends(fields_of)]) -> Response:
        visit = open_visit(services, links, name, token)
        if request.method != "POST":
            return press.page(name, visit, page.show(visit))
        reply = page.take(visit, fields)
        log.info("page.answered", page=name, status=reply.status)
        return press.page(name, visit, reply)


def _add_health(app: FastAPI, services: Services) -> None:
    @app.api_route("/healthz", methods=LOOK, include_in_schema=False)
    def healthz() -> Response:
        with services.store.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
        return JSONResponse({"status": "ok"})


def _add_problems(app: FastAPI, press: Press) -> None:
    """Every error is a plain page that says what to do."""

    @app.exception_handler(PageError)
    async def no_page(request: Request, error: PageError) -> Response:
        return press.problem(request, error.problem, error.status)

    @app.exception_handler(RefusedError)
    async def no_route(request: Request, error: RefusedError) -> Response:
        problem = PROBLEMS.get(error.status_code, "wrong")
        return press.problem(request, problem, error.status_code, error.headers)

    @app.exception_handler(WinbackError)
    async def trouble(request: Request, error: WinbackError) -> Response:
        if isinstance(error, ConflictError):
            return press.problem(request, "busy", 409)
        log.error("page.failed", problem=str(error))
        return press.problem(request, "ours", 503, {"Retry-After": "60"})
