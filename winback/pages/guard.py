"""What stands before every page: how often, how much, and the headers of every answer."""

import asyncio
import math
import time
import traceback
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from winback.pages.hook import HOOK
from winback.pages.press import HEADERS, Press
from winback.pages.visitor import Rate, visitor_of
from winback.settings_pages import Pages
from workers.link import PATHS

BODY_LIMIT = 64 * 1024
BODY_SECONDS = 15.0
STOP_TIMES = 10
"""Mail providers unsubscribe many people, and tell of many messages, from few addresses of their own."""

log = structlog.get_logger()


class Guard:
    """Wraps the pages. Nothing of an address is logged: it holds a token."""

    def __init__(
        self,
        app: ASGIApp,
        press: Press,
        settings: Pages,
        timer: Callable[[], float] = time.monotonic,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._press = press
        self._proxy = ip_network(settings.trusted_proxy) if settings.trusted_proxy else None
        self._rate = Rate(settings.requests_per_minute, timer)
        self._stops = Rate(settings.requests_per_minute * STOP_TIMES, timer)
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            refusal = self._too_often(scope)
            if refusal is None:
                refusal, receive = await self._read(scope, receive)
            await (refusal or self._app)(scope, receive, answer)
        except Exception as error:
            if started:
                raise
            # No traceback: it would show what the variables hold, tokens among it.
            last = traceback.extract_tb(error.__traceback__)[-1]
            log.error("page.failed", problem=type(error).__name__, at=f"{Path(last.filename).name}:{last.lineno}")  # noqa: TRY400
            await self._press.problem(HTTPConnection(scope), "ours", 500)(scope, receive, answer)

    def _too_often(self, scope: Scope) -> Response | None:
        request = HTTPConnection(scope)
        stops = scope["method"] == "POST" and scope["path"].startswith((f"/{PATHS['stop']}/", HOOK))
        wait = (self._stops if stops else self._rate).wait(visitor_of(request, self._proxy))
        if not wait:
            return None
        return self._press.problem(request, "often", 429, {"Retry-After": str(math.ceil(wait))})

    async def _read(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """The whole body, before anything is done; a refusal where it is too much or too slow."""
        if scope["method"] != "POST":
            return None, receive
        problem, status, body = "", 0, b""
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _body(receive)
        except TimeoutError:
            problem, status = "slow", 408
        if len(body) > BODY_LIMIT:
            problem, status = "large", 413
        if problem:
            return self._press.problem(HTTPConnection(scope), problem, status, {"Connection": "close"}), receive
        read = False

        async def again() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        return None, again


async def _body(receive: Receive) -> bytes:
    """What comes, until it is all or more than is welcome."""
    body, more = bytearray(), True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
