"""`winback feed`: the messages that the customer's product shows, for its server to fetch."""

from contextlib import ExitStack

import click

from winback.cli.context import Session, pass_session
from winback.cli.run import stopping
from winback.cli.serving import served
from winback.errors import SetupError
from winback.feed.app import make_feed
from winback.store.opening import open_store
from winback.store.store import Store


@click.command("feed")
@pass_session
def command(session: Session) -> None:
    """Serve the feed on loopback until SIGTERM or Ctrl-C; `winback up` does so too."""
    with ExitStack() as stack:
        store, stop = stack.enter_context(open_store(session.settings)), stack.enter_context(stopping())
        serve_feed(session, store, stack)
        stop.wait()


def serve_feed(session: Session, store: Store, stack: ExitStack) -> None:
    """Serve it until `stack` is closed, and say where.

    Raises:
        SetupError: `feed.token` is not set, or the port cannot be used.
    """
    settings = session.settings.feed
    if settings.token is None:
        raise SetupError("the feed has no token", where="feed.token", fix="write it as {$env: NAME}")
    app = make_feed(store, [settings.token], session.clock)
    address = stack.enter_context(served(app, settings.port, "feed.port"))
    session.out.print(f"The feed for your product: {address}/v1/feed", soft_wrap=True)
