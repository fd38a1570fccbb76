"""`winback queue`: what waits for a person, and what a person can say."""

from datetime import datetime
from typing import Any

import click
from rich.table import Table
from sqlmodel import col, or_, select

from policies.rejection import REJECT_CODES
from policies.verdict import Decision
from policies.words import explain
from winback.cli.context import NUMBER, Moment, Session, json_option, pass_session, print_json
from winback.cli.queue_hands import HANDS
from winback.cli.queue_item import card_of, hash_option, me, print_card, shown_of, version_option
from winback.cli.queue_meters import METERS
from winback.cli.terminal import plain_text
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Effect, Proposal, Review
from winback.store.opening import open_store
from winback.store.types import EffectState, ReviewState
from workers import review as reviews
from workers.held_back import told
from workers.item import open_item
from workers.objections import unanswered
from workers.settle import settle as settle_effect


@click.group("queue")
def command() -> None:
    """What waits for a person: look, approve, edit, reject, snooze."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Decided, expired and snoozed items too.")
@json_option
@pass_session
def list_(session: Session, everything: bool, as_json: bool) -> None:
    """Items that wait, effects of which nobody knows whether they were sent, and objections without an answer."""
    with open_store(session.settings) as store, store.read() as state:
        now = session.clock.now()
        query = select(Review, Proposal, Account).join(Proposal, col(Review.proposal_id) == Proposal.id)
        query = query.join(Account, col(Proposal.account_id) == Account.id).order_by(
            col(Review.escalated_at).is_(None), col(Review.id)
        )
        if not everything:
            query = query.where(
                Review.state == ReviewState.PENDING,
                or_(col(Review.snoozed_until).is_(None), col(Review.snoozed_until) <= now),
            )
        rows = [_row(*one) for one in state.exec(query).all()]
        doubts = [
            _doubt(effect, account)
            for effect, account in state.exec(
                select(Effect, Account)
                .join(Account)
                .where(col(Effect.state).in_((EffectState.UNKNOWN, EffectState.FAILED)))
            ).all()
        ]
        objections = [{"account": one.key, "at": one.at.isoformat()} for one in unanswered(state, now)]
    if as_json:
        print_json({"items": rows, "effects": doubts, "objections": objections})
        return
    _print_items(session, rows, doubts)
    _print_objections(session, objections)


def _row(review: Review, proposal: Proposal, account: Account) -> dict[str, Any]:
    return {
        "item": review.id,
        "case": review.case_id,
        "state": review.state,
        "account": account.key,
        "tool": proposal.tool,
        "what": proposal.label,
        "value": proposal.value,
        "asked_at": review.asked_at.isoformat(),
        "escalated_at": review.escalated_at.isoformat() if review.escalated_at else None,
        "first_approved_by": review.first_approved_by,
        "expires_at": review.expires_at.isoformat() if review.expires_at else None,
        "hash": review.action_hash,
    }


def _standing(row: dict[str, Any]) -> str:
    """Where an item stands: one that waited too long, or that somebody approved, says so."""
    if row["state"] != ReviewState.PENDING:
        return str(row["state"])
    if row["first_approved_by"]:
        return f"approved by {plain_text(row['first_approved_by'])}, needs another"
    return "escalated" if row["escalated_at"] else str(row["state"])


def _doubt(effect: Effect, account: Account) -> dict[str, Any]:
    return {
        "effect": effect.id,
        "case": effect.case_id,
        "account": account.key,
        "tool": effect.tool,
        "state": effect.state,
        "problem": effect.problem,
    }


def _print_items(session: Session, rows: list[dict[str, Any]], doubts: list[dict[str, Any]]) -> None:
    if not rows:
        session.out.print("Nothing waits for a person.")
    else:
        table = Table("item", "account", "what would happen", "state", "expires (UTC)", "hash", box=None)
        for row in rows:
            table.add_row(
                str(row["item"]),
                plain_text(row["account"]),
                plain_text(row["what"]),
                _standing(row),
                (row["expires_at"] or "never")[:16].replace("T", " "),
                row["hash"][:12],
            )
        session.out.print(table)
    for doubt in doubts:
        session.out.print(
            f"effect {doubt['effect']} (case {doubt['case']}, {plain_text(doubt['account'])}, {doubt['tool']}): "
            f"{doubt['state']}; {plain_text(doubt['problem'])} "
            f"(winback queue ask, again or settle {doubt['effect']})"
        )


def _print_objections(session: Session, objections: list[dict[str, Any]]) -> None:
    if not objections:
        return
    many = "1 objection" if len(objections) == 1 else f"{len(objections)} objections"
    whose = ", ".join(f"{plain_text(one['account'])} ({one['at'][:10]})" for one in objections)
    told = f"{many} of the last 30 days without an answer: {whose}"
    session.out.print(f"{told}. Answer, and write that down with 'winback contact record'.", soft_wrap=True)


@command.command("show")
@click.argument("item", type=NUMBER)
@json_option
@pass_session
def show(session: Session, item: int, as_json: bool) -> None:
    """Exactly what will happen if you approve, and why it is asked."""
    with open_store(session.settings) as store, store.read() as state:
        card = open_item(state, item)
        if as_json:
            print_json(card_of(card))
        else:
            print_card(session, card)


@command.command("approve")
@click.argument("item", type=NUMBER)
@hash_option
@version_option
@pass_session
def approve(session: Session, item: int, shown: str | None, version: str | None) -> None:
    """Approve exactly what was shown. The policy is asked once more when it acts.

    Where the policy wants two people, the second one's approval counts.
    """
    with session.services() as services:
        seen = shown_of(session, services, item, shown, version)
        due = reviews.approve(services, item, seen.digest, me(), version=seen.version)
    if due is None:
        session.out.print("Approved by you. Another person must approve it too.")
        return
    session.out.print(f"Approved. Due from {due:%Y-%m-%d %H:%M} UTC, at the next 'winback run'.")
    session.out.print(f"Until it has left: winback queue undo {item}")


@command.command("reject")
@click.argument("item", type=NUMBER)
@hash_option
@version_option
@click.option("--code", required=True, help=f"One of {', '.join(REJECT_CODES)}.")
@click.option("--note", default="", help="In your own words; kept beside the item.")
@pass_session
def reject(session: Session, item: int, shown: str | None, version: str | None, code: str, note: str) -> None:
    """Say no, with a code."""
    with session.services() as services:
        seen = shown_of(session, services, item, shown, version)
        reviews.reject(services, item, seen.digest, me(), code, note, version=seen.version)
        held = told(services.policy, code)
    session.out.print(f"Rejected. The case is watched on; nobody is contacted. {held}")


@command.command("snooze")
@click.argument("item", type=NUMBER)
@hash_option
@version_option
@click.option("--until", required=True, type=Moment("%Y-%m-%dT%H:%M", "%Y-%m-%d"), help="In UTC.")
@pass_session
def snooze(session: Session, item: int, shown: str | None, version: str | None, until: datetime) -> None:
    """Put an item out of sight until a moment before it expires."""
    moment = until.replace(tzinfo=session.clock.now().tzinfo)
    with session.services() as services:
        seen = shown_of(session, services, item, shown, version)
        reviews.snooze(services, item, seen.digest, me(), moment, version=seen.version)
    session.out.print(f"Snoozed until {moment:%Y-%m-%d %H:%M} UTC.")


@command.command("edit")
@click.argument("item", type=NUMBER)
@hash_option
@version_option
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="An editable field; may be repeated.")
@pass_session
def edit(session: Session, item: int, shown: str | None, version: str | None, changes: tuple[str, ...]) -> None:
    """Replace the proposal by one of your own making; the policy judges it anew."""
    wanted = dict(_pair(one) for one in changes)
    if not wanted:
        raise InputError("nothing to change", fix="give --set FIELD=VALUE")
    with session.services() as services:
        seen = shown_of(session, services, item, shown, version)
        decided = reviews.edit(services, item, seen.digest, me(), wanted, version=seen.version)
    match decided.decision:
        case Decision.ALLOW:
            session.out.print("The policy allows the edited proposal: it will be carried out at the next run.")
        case Decision.REVIEW:
            session.out.print("The edited proposal is a new queue item; see 'winback queue list'.")
        case Decision.DENY:
            refused = [one for one in decided.verdict.results if one.decision is Decision.DENY]
            reasons = "; ".join(explain(one) for one in refused)
            raise ConflictError(f"the policy refuses the edit ({reasons})", fix="the item stays as it was")


@command.command("settle")
@click.argument("effect", type=NUMBER)
@click.option("--sent/--not-sent", "sent", required=True, default=None, help="What you found out.")
@pass_session
def settle(session: Session, effect: int, sent: bool) -> None:
    """Say whether an effect that may have been sent, or that failed, reached the customer."""
    with session.services() as services:
        settle_effect(services, effect, sent=sent, by=me())
    rest = "It counts as a contact." if sent else "An agent may look at the case again at the next run."
    session.out.print(f"Settled. {rest}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--set {text!r} is not FIELD=VALUE", fix="write for example --set days=14")
    return name.strip(), value


for one in (*HANDS, *METERS):
    command.add_command(one)
