"""A queue item as `winback queue` prints it, and what a person gives back of it."""

import getpass
import os
import sys
from typing import Any, NamedTuple

import click

from policies.plain import verdict_from_plain
from policies.verdict import Decision
from policies.words import explain
from winback.cli.context import Session
from winback.cli.terminal import plain_text
from winback.errors import InputError
from winback.store.types import ReviewState
from winback.usage.drop import drop_from_plain
from workers.item import Item, open_item
from workers.services import Services

hash_option = click.option(
    "--hash", "shown", help="The first 8 or more digits of the hash that `queue show` printed."
)
version_option = click.option(
    "--version",
    "version",
    help="The version that `queue show` printed: what changed since is told, and nothing done.",
)


class Shown(NamedTuple):
    """What of a card a person gives back: its hash, and its version unless only the hash was given."""

    digest: str
    version: str | None


def card_of(item: Item) -> dict[str, Any]:
    """For a program."""
    return {
        "item": item.review.id,
        "state": item.review.state,
        "hash": item.review.action_hash,
        "version": item.version,
        "assignee": item.row.assignee,
        "claimed_by": item.row.claimed_by,
        "claimed_until": item.row.claimed_until.isoformat() if item.row.claimed_until else None,
        "account": item.account.key,
        "recipient": {"name": item.contact.name, "address": item.contact.email},
        "tool": item.proposal.tool,
        "arguments": item.proposal.arguments,
        "message": item.proposal.message,
        "value": item.proposal.value,
        "drop": item.case.drop,
        "verdict": item.review.verdict,
        "why": item.proposal.why,
    }


def print_card(session: Session, item: Item) -> None:
    """For a person: exactly what would happen, and why it is asked."""
    out, drop, message = session.out, drop_from_plain(item.case.drop), item.proposal.message
    out.print(f"[bold]Item {item.review.id}[/] ({item.review.state}), case {item.review.case_id}")
    out.print(f"Account    {plain_text(item.account.key)} {plain_text(item.account.name)}, since {drop.onset}")
    out.print(f"Drop       {drop.kind.value}: {plain_text(drop.reason)}")
    out.print(f"Would do   {plain_text(item.proposal.label)}")
    out.print(f"To         {plain_text(item.contact.name)} <{plain_text(item.contact.email or '')}>")
    out.print(f"Why        {plain_text(item.proposal.why)}")
    out.print(f"\n[bold]{plain_text(message['subject'])}[/]\n{plain_text(message['body'])}")
    for result in verdict_from_plain(item.review.verdict).results:
        if result.decision in (Decision.REVIEW, Decision.DENY):
            out.print(f"  {plain_text(explain(result))}")
    out.print(f"\nhash {item.review.action_hash}")
    if item.review.state == ReviewState.PENDING:
        shown = f"--hash {item.review.action_hash[:12]} --version {item.version}"
        out.print(f"winback queue approve {item.review.id} {shown}")


def shown_of(session: Session, services: Services, item: int, given: str | None, version: str | None) -> Shown:
    """What the person was shown: given, or of the card shown now and confirmed."""
    if given:
        return Shown(given, version)
    if not sys.stdin.isatty():
        raise InputError("--hash is missing", fix=f"take it from 'winback queue show {item}'")
    with services.store.read() as state:
        card = open_item(state, item)
        print_card(session, card)
    click.confirm("This one?", abort=True)
    return Shown(card.review.action_hash, card.version)


def me() -> str:
    """Who is at the terminal."""
    return os.environ.get("WINBACK_USER") or getpass.getuser()
