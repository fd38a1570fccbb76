"""Serving an application on loopback, in a thread beside what the command does."""

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from winback.errors import SetupError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    """A server in a thread of ours: signals belong to the command, which stops both."""

    def install_signal_handlers(self) -> None:
        return


@contextmanager
def served(app: "ASGIApp", port: int, setting: str) -> Iterator[str]:
    """Serve until the block ends; gives the address. `setting` is where the port stands in config.yaml.

    Who is behind a proxy is for the application to say: uvicorn would believe anybody on this machine.

    Raises:
        SetupError: the port cannot be used.
    """
    with _listen(port, setting) as listener:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", proxy_headers=False, server_header=False
        )
        # What was loaded by now stays: looking through it for garbage would hold an answer for 150 ms.
        gc.collect()
        gc.freeze()
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            # At the end of the process everything is looked through, or libraries complain of leaks.
            gc.unfreeze()


def _listen(port: int, setting: str) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle on: head and body of an answer would wait 40 ms for one another.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        # From here on a browser that is quicker than the server waits instead of being refused.
        listener.listen()
    except OSError as error:
        listener.close()
        raise SetupError(
            f"port {port} cannot be used ({error.strerror})", where=setting, fix="choose another in config.yaml"
        ) from None
    return listener
