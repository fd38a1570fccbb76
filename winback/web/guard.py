"""What stands before every page: how often, how much, and the headers of every answer."""

import asyncio
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Protocol

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from winback.web.visitor import Rate, visitor_of

BODY_SECONDS = 15.0
THROWN_AWAY = 32
"""Times as much as is welcome is read of what is too much; whoever sends more may lose the answer."""
WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}

log = structlog.get_logger()


class Refusal(Protocol):
    """Says no in the application's own way; `problem` names the words."""

    def __call__(
        self, request: HTTPConnection, problem: str, status: int, headers: Mapping[str, str] | None = None
    ) -> Response: ...


@dataclass(frozen=True)
class Limits:
    """What an application welcomes. `rate` gives the bucket that a request is counted in."""

    rate: Callable[[Scope], Rate]
    body_bytes: int
    body_seconds: float = BODY_SECONDS
    proxy: IPv4Network | IPv6Network | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def proxy_of(setting: str | None) -> IPv4Network | IPv6Network | None:
    """The network of a `trusted_proxy` setting."""
    return ip_network(setting) if setting else None


class Guard:
    """Wraps an application. Nothing of an address is logged: it may hold a token."""

    def __init__(self, app: ASGIApp, refuse: Refusal, limits: Limits) -> None:
        self._app = app
        self._refuse = refuse
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._limits.headers.items():
                    headers.setdefault(name, value)
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
            await self._refuse(HTTPConnection(scope), "ours", 500)(scope, receive, answer)

    def _too_often(self, scope: Scope) -> Response | None:
        request = HTTPConnection(scope)
        wait = self._limits.rate(scope).wait(visitor_of(request, self._limits.proxy))
        if not wait:
            return None
        return self._refuse(request, "often", 429, {"Retry-After": str(math.ceil(wait))})

    async def _read(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """The whole body, before anything is done; a refusal where it is too much or too slow."""
        if scope["method"] not in WITH_BODY:
            return None, receive
        problem, status, body = "", 0, b""
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                body, more = await _body(receive, self._limits.body_bytes)
                if more:
                    await _throw_away(receive, THROWN_AWAY * self._limits.body_bytes)
        except TimeoutError:
            problem, status = "slow", 408
        if len(body) > self._limits.body_bytes:
            problem, status = "large", 413
        if problem:
            return self._refuse(HTTPConnection(scope), problem, status, {"Connection": "close"}), receive
        read = False

        async def again() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        return None, again


async def _body(receive: Receive, most: int) -> tuple[bytes, bool]:
    """What comes, until it is all or more than is welcome, and whether more of it comes."""
    body, more = bytearray(), True
    while more and len(body) <= most:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body), more


async def _throw_away(receive: Receive, most: int) -> None:
    """The rest of what is too much. A connection that is closed before it was read is reset, and a client that is
    still sending then loses the answer, or a part of it.
    """
    read, more = 0, True
    while more and read < most:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
