"""An ASGI application on a free port of loopback, in a thread.

Starting and stopping a server takes longer than most tests: one that is done with is kept for the next.
"""

import atexit
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class _Kept:
    """A server that runs until the process ends, for one application after the other."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # As `winback.cli.serving` has it.
        quiet: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "off", "interface": "asgi3"}
        config = uvicorn.Config(self._answer, proxy_headers=False, server_header=False, **quiet)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        atexit.register(self.stop)
        _wait(lambda: self._server.started)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)

    def rest(self) -> None:
        """End the connections as a server does that is stopped, and wait for what it is about."""
        state = self._server.server_state
        for one in list(state.connections):
            one.loop.call_soon_threadsafe(one.shutdown)
        _wait(lambda: not state.connections and not state.tasks)
        self.app = None

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


_idle: list[_Kept] = []


@contextmanager
def serving_app(app: "ASGIApp", *, gone: bool = False) -> Iterator[str]:
    """Serve it; gives the address without a path. With `gone` nothing answers there afterwards."""
    kept = _idle.pop() if _idle else _Kept()
    kept.app = app
    try:
        yield kept.address
    finally:
        kept.rest()
        if gone:
            kept.stop()
        else:
            _idle.append(kept)


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not until():
        assert time.monotonic() < end
        time.sleep(0.001)
