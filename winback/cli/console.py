"""Serving the review console, and the link by which it is set up first."""

from contextlib import ExitStack

from winback.cli.context import Session
from winback.cli.serving import served
from winback.console.app import make_console
from winback.console.set_up import MINUTES, set_up_link
from workers.services import Services


def serve_console(session: Session, services: Services, stack: ExitStack) -> None:
    """Serve it until `stack` is closed, and say where; while there is no user, with a link that makes one.

    Raises:
        SetupError: the port cannot be used.
    """
    settings = session.settings.console
    local = stack.enter_context(served(make_console(services), settings.port, "console.port"))
    address = settings.base_url or local
    link = set_up_link(services.store, services.clock, address)
    first = f" Nobody can sign in yet: within {MINUTES} minutes, make the first operator at {link}" if link else ""
    session.out.print(f"The console: {address}{first}", soft_wrap=True)
