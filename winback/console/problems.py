"""How an error shows: a page for a person, problem+json for a program."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response

from winback.console.api import Differing, Problem
from winback.console.evidence.phrase import shown
from winback.console.press import Press
from winback.console.rights import GivesTooMuchError, NobodyError
from winback.console.words import N_
from winback.errors import ConflictError, InputError, SetupError, WinbackError
from workers.shown import ChangedError

WORDS = {
    "often": N_("Too many requests from your address: wait a little."),
    "large": N_("That was too much at once."),
    "slow": N_("That came too slowly."),
    "ours": N_("Something went wrong here; it was written down."),
}
TITLES = {
    400: N_("That cannot be used"),
    401: N_("Sign in first"),
    403: N_("You may not do that"),
    404: N_("There is no such page"),
    409: N_("Somebody else was first"),
}
OTHER = N_("That did not work")
_STATUS = {GivesTooMuchError: 403, InputError: 400, ConflictError: 409, SetupError: 503}

log = structlog.get_logger()


class Refuse:
    """Answers that say no."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def __call__(
        self, request: HTTPConnection, problem: str, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """By the name of the words."""
        return self.say(request, Problem(title="", status=status, what=WORDS[problem]), headers)

    def say(self, request: HTTPConnection, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        """A page or problem+json."""
        status = problem.status
        if is_api(request):
            body = problem.model_copy(update={"title": HTTPStatus(status).phrase}).model_dump(exclude_none=True)
            return JSONResponse(body, status, headers, media_type="application/problem+json")
        person = request.scope.get("state", {}).get("person")
        page = self._press.page(
            request, person, "problem.html", status, heading=TITLES.get(status, OTHER), problem=problem
        )
        page.headers.update(headers or {})
        return page


def is_api(request: HTTPConnection) -> bool:
    """Whether a program asks."""
    return request.url.path.startswith("/api/")


def add_problems(app: FastAPI, refuse: Refuse) -> None:
    """Every error is said plainly."""

    @app.exception_handler(NobodyError)
    async def nobody(request: Request, error: NobodyError) -> Response:
        if is_api(request):
            return refuse.say(request, Problem(title="", status=401, what=error.detail), error.headers)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        to = f"/sign-in?next={quote(path)}" if request.method == "GET" else "/sign-in"
        if "hx-request" in request.headers:
            return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
        return RedirectResponse(to, status_code=303)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return refuse.say(request, Problem(title="", status=error.status_code, what=error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"][1:]) or None
        return refuse.say(request, Problem(title="", status=422, what=first["msg"], where=where))

    @app.exception_handler(WinbackError)
    async def trouble(request: Request, error: WinbackError) -> Response:
        problem = problem_of(error)
        if problem.status >= 500:
            log.error("page.failed", problem=str(error))
        return refuse.say(request, problem)


def problem_of(error: WinbackError) -> Problem:
    """What is said of an error, with what is not as it was shown."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    found = Problem(title="", status=status, what=error.what, where=error.where, fix=error.fix)
    if isinstance(error, ChangedError):
        found.differences = [
            Differing(
                field=one.field, was=_word(one.was), now=_word(one.now), by=one.by and shown(one.by), at=one.at
            )
            for one in error.differences
        ]
    return found


def _word(value: object) -> str:
    return "" if value is None else shown(str(value))
