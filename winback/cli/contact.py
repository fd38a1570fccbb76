"""`winback contact`: what passed between a person and us, and what they asked for, written down by hand."""

from datetime import UTC, datetime
from typing import Any

import click
from rich.table import Table
from sqlmodel import Session as Rows
from sqlmodel import col, select

from winback.cli.context import NUMBER, Moment, Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text
from winback.errors import InputError
from winback.store.models import Consent, Contact, Effect
from winback.store.types import InteractionKind
from workers.record import Party, close_ticket, find_party, interactions_of
from workers.record import record as write_down
from workers.unsubscribe import people_named, stop_contact

MOMENT = Moment("%Y-%m-%dT%H:%M", "%Y-%m-%d")


def _named(_context: click.Context, _option: click.Parameter, name: str) -> str:
    if not name.strip():
        raise InputError("is empty", where="--by", fix="name who of yours writes this down")
    return name.strip()


by_option = click.option(
    "--by", required=True, metavar="NAME", callback=_named, help="Who of yours writes this down."
)


@click.group("contact")
def command() -> None:
    """People, what passed between them and you, and what they asked for."""


@command.command("stop")
@click.argument("who")
@click.option("--source", required=True, help="Where they said so, such as 'reply of 3 May'.")
@pass_session
def stop(session: Session, who: str, source: str) -> None:
    """Never write to a person again. WHO is an e-mail address or a contact's key."""
    with session.services() as services:
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


@command.command("record")
@click.argument("who")
@click.option(
    "--what", required=True, type=click.Choice([one.value for one in InteractionKind]), help="What it was."
)
@by_option
@click.option("--at", type=MOMENT, help="When it happened (UTC); default now.")
@click.option("--offer", metavar="CATALOGUE_ID", help="The offer that was refused.")
@click.option("--tool", metavar="NAME", help="The tool it is about; default that of the effect it answers.")
@click.option("--channel", metavar="NAME", default="email", show_default=True, help="How it came, such as phone.")
@click.option("--note", default="", help="Words for people; no rule reads them.")
@pass_session
def record(
    session: Session,
    who: str,
    what: str,
    by: str,
    at: datetime | None,
    offer: str | None,
    tool: str | None,
    channel: str,
    note: str,
) -> None:
    """Write down what passed outside of Winback: a reply, a complaint, a bounce, a refused offer, a ticket.

    WHO is an e-mail address, a contact's key, or account:KEY. A complaint does not unsubscribe anybody:
    'winback contact stop' does.
    """
    with session.services() as services:
        number = write_down(
            services,
            find_party(services, who),
            InteractionKind(what),
            _utc(at) or services.clock.now(),
            by,
            channel=channel,
            tool=tool,
            catalogue_id=offer,
            note=note,
        )
    session.out.print(f"Recorded as number {number}.")


@command.command("close")
@click.argument("number", type=NUMBER)
@by_option
@click.option("--at", type=MOMENT, help="When it was closed (UTC); default now.")
@pass_session
def close(session: Session, number: int, by: str, at: datetime | None) -> None:
    """Write down that a ticket was closed. NUMBER is what `contact record` printed."""
    with session.services() as services:
        close_ticket(services, number, by, _utc(at) or services.clock.now())
    session.out.print(f"Ticket {number} is closed.")


@command.command("list")
@click.argument("who")
@json_option
@pass_session
def list_(session: Session, who: str, as_json: bool) -> None:
    """Show consent, what passed between them and you, and what was done. WHO as in `contact record`."""
    with session.services() as services:
        party = find_party(services, who)
        with services.store.read() as state:
            found = _all_about(state, party)
    if as_json:
        print_json(found)
        return
    for contact in found["contacts"]:
        stopped = contact["unsubscribed_at"]
        said = f"unsubscribed since {_short(stopped)}" if stopped else "not unsubscribed"
        consents = (
            ", ".join(f"{one['channel']} {one['state']}" for one in contact["consents"]) or "no consent known"
        )
        session.out.print(plain_text(f"{contact['key']}: {said}; {consents}"), soft_wrap=True)
    _print_rows(session, "interactions", ("number", "at", "what", "channel", "about", "by", "note"), found)
    _print_rows(session, "effects", ("effect", "at", "tool", "catalogue_id", "state"), found)


def _all_about(state: Rows, party: Party) -> dict[str, Any]:
    contacts = select(Contact).where(Contact.account_id == party.account_id, col(Contact.erased_at).is_(None))
    effects = select(Effect).where(Effect.account_id == party.account_id).order_by(col(Effect.id))
    if party.contact_id is not None:
        contacts = contacts.where(Contact.id == party.contact_id)
        effects = effects.where(Effect.contact_id == party.contact_id)
    return {
        "contacts": [_contact(state, one) for one in state.exec(contacts.order_by(col(Contact.id)))],
        "interactions": [
            {
                "number": one.id,
                "what": one.kind if one.closed_at is None else f"{one.kind}, closed {_short(one.closed_at)}",
                "at": one.at,
                "channel": one.channel,
                "about": one.catalogue_id or one.tool,
                "by": one.by,
                "note": one.note,
            }
            for one in interactions_of(state, party)
        ],
        "effects": [
            {
                "effect": one.id,
                "at": one.intent_at,
                "tool": one.tool,
                "catalogue_id": one.catalogue_id,
                "state": one.state,
            }
            for one in state.exec(effects)
        ],
    }


def _contact(state: Rows, contact: Contact) -> dict[str, Any]:
    consents = state.exec(select(Consent).where(Consent.contact_id == contact.id).order_by(col(Consent.channel)))
    return {
        "key": contact.key,
        "unsubscribed_at": contact.unsubscribed_at,
        "consents": [{"channel": one.channel, "purpose": one.purpose, "state": one.state} for one in consents],
    }


def _print_rows(session: Session, name: str, columns: tuple[str, ...], found: dict[str, Any]) -> None:
    if not found[name]:
        session.out.print(f"No {name}.")
        return
    table = Table(*(one.replace("_", " ") for one in columns), box=None, title=name, title_justify="left")
    for row in found[name]:
        table.add_row(*(plain_text(_short(row[one])) for one in columns))
    session.out.print(table)


def _short(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
