"""`winback contact`: what a person asked for, written down by hand."""

import click

from winback import bootstrap
from winback.cli.context import Session, pass_session
from winback.errors import InputError
from workers.unsubscribe import people_named, stop_contact


@click.group("contact")
def command() -> None:
    """People, and what they asked for."""


@command.command("stop")
@click.argument("who")
@click.option("--source", required=True, help="Where they said so, such as 'reply of 3 May'.")
@pass_session
def stop(session: Session, who: str, source: str) -> None:
    """Never write to a person again. WHO is an e-mail address or a contact's key."""
    with bootstrap.services(session.settings, session.clock) as services:
        found = people_named(services.store, who)
        if not found:
            raise InputError(
                "no contact has this address or key", where=repr(who), fix="check it in your people file"
            )
        changed = sum(stop_contact(services, one, source) for one in found)
    already = len(found) - changed
    session.out.print(
        f"Stopped: {changed} contact(s) will never be written to again"
        + (f"; {already} had been stopped before." if already else ".")
    )
