"""What people do around a decision and after it: `winback queue claim`, `hand`, `undo`, `ask`, `again`, ..."""

import click

from winback.cli.context import NUMBER, Session, json_option, pass_session, print_json
from winback.cli.queue_item import hash_option, me, shown_of, version_option
from winback.cli.terminal import plain_text
from winback.store.opening import open_store
from workers import desk, held_back
from workers import review as reviews
from workers.ended import ended_items
from workers.held_back import holds_of
from workers.settle import ask_receiver, send_again
from workers.undo import undo as take_back


@click.command("claim")
@click.argument("item", type=NUMBER)
@click.option("--minutes", type=NUMBER, default=desk.MINUTES, show_default=True, help="Then it lapses by itself.")
@click.option("--take-over", is_flag=True, help="Even if somebody else has it in hand.")
@click.option("--release", "let_go", is_flag=True, help="Let go of it instead.")
@pass_session
def claim(session: Session, item: int, minutes: int, take_over: bool, let_go: bool) -> None:
    """Take an item in hand, so that nobody else decides it meanwhile."""
    with session.services() as services:
        if let_go:
            desk.release(services, item, me())
            session.out.print("Nobody is kept from it by you.")
            return
        until = desk.claim_item(services, item, me(), minutes, take_over=take_over).row.claimed_until
    session.out.print(f"Yours until {until:%H:%M} UTC." if until else "Yours.")


@click.command("hand")
@click.argument("item", type=NUMBER)
@hash_option
@version_option
@click.option("--to", required=True, help="The colleague's name, as it stands in the log.")
@pass_session
def hand(session: Session, item: int, shown: str | None, version: str | None, to: str) -> None:
    """Give an item to a colleague, who finds it among theirs."""
    with session.services() as services:
        seen = shown_of(session, services, item, shown, version)
        desk.hand_to(services, item, seen.digest, me(), to, version=seen.version)
    session.out.print(f"It is {plain_text(to)}'s.")


@click.command("escalate")
@click.argument("item", type=NUMBER)
@hash_option
@version_option
@pass_session
def escalate(session: Session, item: int, shown: str | None, version: str | None) -> None:
    """Put an item before all others, for somebody who can decide it."""
    with session.services() as services:
        seen = shown_of(session, services, item, shown, version)
        reviews.escalate(services, item, seen.digest, me(), version=seen.version)
    session.out.print("Escalated: it goes first.")


@click.command("undo")
@click.argument("item", type=NUMBER)
@pass_session
def undo(session: Session, item: int) -> None:
    """Take back an approval or a rejection, as long as nothing has left."""
    with session.services() as services:
        take_back(services, item, me())
    session.out.print("Taken back: the item waits again.")


@click.command("ended")
@click.option("--limit", type=NUMBER, default=50, show_default=True, help="The newest so many.")
@json_option
@pass_session
def ended(session: Session, limit: int, as_json: bool) -> None:
    """Items that nobody has to decide any more, and why."""
    with open_store(session.settings) as store, store.read() as state:
        found = ended_items(state, limit=limit)
    if as_json:
        print_json([one.to_plain() for one in found])
        return
    for one in found:
        at = f"{one.at:%Y-%m-%d %H:%M}" if one.at else ""
        session.out.print(f"item {one.number}  {plain_text(one.account)}  {one.tool}  {at}  {plain_text(one.why)}")
    if not found:
        session.out.print("Nothing has ended.")


@click.command("held")
@click.option("--account", metavar="KEY", help="One account only.")
@json_option
@pass_session
def held(session: Session, account: str | None, as_json: bool) -> None:
    """What reviewers' rejections hold back at this moment, and until when."""
    with open_store(session.settings) as store, store.read() as state:
        found = holds_of(state, session.clock.now(), account=account)
    if as_json:
        print_json([one.to_plain() for one in found])
        return
    for one in found:
        until = f"until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else "until somebody lifts it"
        said = f"{one.code or 'rejected'} by {one.by}"
        session.out.print(
            plain_text(f"item {one.item}  {one.account}  {said}: {one.what}; {until}"), soft_wrap=True
        )
    if not found:
        session.out.print("Nothing is held back by a rejection.")


@click.command("lift")
@click.argument("item", type=NUMBER)
@click.option("--reason", required=True, help="Why; the log keeps it, so it names no customer.")
@pass_session
def lift(session: Session, item: int, reason: str) -> None:
    """Let go of what a rejection holds back; that it was rejected stays."""
    with session.services() as services:
        held_back.lift(services, item, me(), reason)
    session.out.print("Lifted: this rejection holds nothing back any more.")


@click.command("ask")
@click.argument("effect", type=NUMBER)
@pass_session
def ask(session: Session, effect: int) -> None:
    """Ask the receiver whether it has an effect; if it does, that is settled as sent."""
    with session.services() as services:
        has_it = ask_receiver(services, effect, me())
    session.out.print(
        "The receiver has it: settled as sent."
        if has_it
        else f"The receiver does not have it. winback queue again {effect}, or settle it as not sent.",
        soft_wrap=True,
    )


@click.command("again")
@click.argument("effect", type=NUMBER)
@pass_session
def again(session: Session, effect: int) -> None:
    """Let a worker try an effect once more that did not go, or whose receiver refuses repeats."""
    with session.services() as services:
        send_again(services, effect, me())
    session.out.print("It is tried again at the next run.")


HANDS = (claim, hand, escalate, undo, ended, held, lift, ask, again)
