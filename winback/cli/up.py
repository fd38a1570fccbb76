"""`winback up`: the worker, the review console, the customer's pages and the feed together."""

from contextlib import ExitStack

import click

from winback.cli.console import serve_console
from winback.cli.context import Session, pass_session
from winback.cli.feed import serve_feed
from winback.cli.pages import serve_pages
from winback.cli.run import stopping
from workers.worker import work


@click.command("up")
@pass_session
def command(session: Session) -> None:
    """Run the worker, the review console, the customer's pages and the feed, until Ctrl-C."""
    with ExitStack() as stack:
        services, stop = stack.enter_context(session.services()), stack.enter_context(stopping())
        serve_console(session, services, stack)
        if services.links is not None:
            serve_pages(session, services, stack)
        if session.settings.feed.token is not None:
            serve_feed(session, services.store, stack)
        work(services, stop)
