"""`winback serve`: the review console alone."""

from contextlib import ExitStack

import click

from winback.cli.console import serve_console
from winback.cli.context import Session, pass_session
from winback.cli.run import stopping


@click.command("serve")
@pass_session
def command(session: Session) -> None:
    """Serve the review console on loopback until SIGTERM or Ctrl-C; `winback up` does so too."""
    with ExitStack() as stack:
        services, stop = stack.enter_context(session.services()), stack.enter_context(stopping())
        serve_console(session, services, stack)
        stop.wait()
