"""`winback up`: the worker, its page, the customer's pages and the feed together."""

import secrets
from contextlib import ExitStack

import click

from winback.cli.context import Session, pass_session
from winback.cli.feed import serve_feed
from winback.cli.pages import serve_pages
from winback.cli.run import stopping
from winback.cli.serving import served
from winback.console.app import make_app
from workers.worker import work


@click.command("up")
@pass_session
def command(session: Session) -> None:
    """Run the worker, a page that shows what it does, the customer's pages and the feed, until Ctrl-C."""
    key = secrets.token_urlsafe(24)
    with ExitStack() as stack:
        services, stop = stack.enter_context(session.services()), stack.enter_context(stopping())
        app = make_app(services.store, key)
        console = stack.enter_context(served(app, session.settings.console.port, "console.port"))
        session.out.print(f"Winback is up. Open {console}/enter?given={key}", soft_wrap=True)
        if services.links is not None:
            serve_pages(session, services, stack)
        if session.settings.feed.token is not None:
            serve_feed(session, services.store, stack)
        work(services, stop)
