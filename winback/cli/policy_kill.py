"""`winback policy kill`: stopping effects at once, and letting them pass again."""

import getpass

import click
from rich.table import Table

from winback.cli.context import NUMBER, Session, json_option, pass_session, print_json
from winback.cli.policy_files import known
from winback.cli.terminal import plain_text
from winback.store.bookkeeping import Switch
from winback.store.opening import open_store
from workers.switches import EVERYTHING, SCOPES, engage, release, rule_of, switches

by_option = click.option("--by", default=getpass.getuser, help="Who does it; without it, your user name.")
reason_option = click.option("--reason", required=True, help="Why; the log and every stopped act say it.")


@click.group("kill")
def command() -> None:
    """Kill switches: what is engaged is denied from the very next effect on, in every process."""


@command.command("engage")
@click.argument("scope", type=click.Choice(SCOPES))
@click.argument("name", default="")
@reason_option
@by_option
@pass_session
def engage_(session: Session, scope: str, name: str, reason: str, by: str) -> None:
    """Stop everything, or one tool, channel, tag, plan or region by its NAME."""
    with open_store(session.settings) as store:
        found = engage(store, known(session), by, session.clock.now(), scope, name, reason)
    session.out.print(
        f"Switch {found.id} is engaged: {plain_text(rule_of(found).describe())}. "
        f"'winback policy kill release {found.id}' lets pass again.",
        soft_wrap=True,
    )


@command.command("release")
@click.argument("number", type=NUMBER)
@reason_option
@by_option
@pass_session
def release_(session: Session, number: int, reason: str, by: str) -> None:
    """Let pass again what the switch with this NUMBER stops."""
    with open_store(session.settings) as store:
        found = release(store, by, session.clock.now(), number, reason)
        with store.read() as state:
            left = len(switches(state, engaged=True))
    more = f", and {left} more engaged" if left else ", and none is engaged"
    session.out.print(f"Switch {found.id} is released{more}.")


@command.command("list")
@json_option
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """Show every switch, the engaged ones first."""
    with open_store(session.settings) as store, store.read() as state:
        found = switches(state)
    if as_json:
        print_json([one.model_dump() for one in found])
        return
    if not found:
        session.out.print("No switch was ever engaged.")
        return
    table = Table("switch", "stops", "state", "since", "by", "reason", box=None, pad_edge=False)
    for one in found:
        table.add_row(*(plain_text(each) for each in _row(one)))
    session.out.print(table)


def _row(one: Switch) -> tuple[str, ...]:
    what = one.scope if one.scope == EVERYTHING else f"{one.scope} {one.name}"
    if one.released_at is None:
        return str(one.id), what, "ENGAGED", f"{one.engaged_at:%Y-%m-%d %H:%M} UTC", one.engaged_by, one.reason
    since = f"{one.released_at:%Y-%m-%d %H:%M} UTC"
    return str(one.id), what, "released", since, one.released_by, one.release_reason
