"""`winback pages`: the customer's pages alone, for a web server to pass requests on to."""

from contextlib import ExitStack

import click

from winback.cli.context import Session, pass_session
from winback.cli.run import stopping
from winback.cli.serving import served
from winback.pages.app import make_pages
from workers.services import Services


@click.command("pages")
@pass_session
def command(session: Session) -> None:
    """Serve the customer's pages on loopback until SIGTERM or Ctrl-C; `winback up` does so too."""
    with ExitStack() as stack:
        services, stop = stack.enter_context(session.services()), stack.enter_context(stopping())
        serve_pages(session, services, stack)
        stop.wait()


def serve_pages(session: Session, services: Services, stack: ExitStack) -> None:
    """Serve them until `stack` is closed, and say where.

    Raises:
        SetupError: `pages.base_url` is not set, or the port cannot be used.
    """
    app = make_pages(services)
    settings = session.settings.pages
    address = stack.enter_context(served(app, settings.port, "pages.port"))
    session.out.print(f"The customer's pages: {address}, for {settings.base_url}", soft_wrap=True)
