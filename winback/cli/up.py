"""`winback up`: the worker and the page together."""

import secrets
import socket
import threading

import click
import uvicorn

from winback.cli.context import Session, pass_session
from winback.cli.run import stopping
from winback.console.app import make_app
from winback.errors import SetupError
from workers.worker import work

LOOPBACK = "127.0.0.1"


class _Server(uvicorn.Server):
    """A server in a thread of ours: signals belong to the worker, which stops both."""

    def install_signal_handlers(self) -> None:
        return


@click.command("up")
@pass_session
def command(session: Session) -> None:
    """Run the worker, and a page that shows what it does, on loopback until SIGTERM or Ctrl-C."""
    key = secrets.token_urlsafe(24)
    with (
        session.services() as services,
        _listen(session.settings.console.port) as listener,
        stopping() as stop,
    ):
        config = uvicorn.Config(make_app(services.store, key), log_config=None, access_log=False, lifespan="off")
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        session.out.print(f"Winback is up. Open http://{LOOPBACK}:{port}/enter?given={key}", soft_wrap=True)
        try:
            work(services, stop)
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        # From here on a browser that is quicker than the server waits instead of being refused.
        listener.listen()
    except OSError as error:
        listener.close()
        raise SetupError(
            f"port {port} cannot be used ({error.strerror})",
            where="console.port",
            fix="choose another in config.yaml",
        ) from None
    return listener
