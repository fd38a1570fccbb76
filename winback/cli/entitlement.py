"""`winback entitlement`: which trials stand in the ledger, and what was granted and taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from tools.connectors.journal import Line
from tools.connectors.ledger import read_ledger, standing
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text

SHOWN = 20
PARTS = {"grant": "granted", "take_back": "taken back"}


@click.group("entitlement")
def command() -> None:
    """Trials that were granted. See docs/entitlements.md."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help=f"Every act, not only the newest {SHOWN}.")
@json_option
@pass_session
def list_command(session: Session, everything: bool, as_json: bool) -> None:
    """Show which trials stand in the ledger now, and what was granted and taken back."""
    lines = read_ledger(session.settings.entitlement_folder)
    now = session.clock.now()
    stand = standing(lines)
    if as_json:
        print_json({"standing": [_standing(one, now) for one in stand], "acts": [_act(one) for one in lines]})
        return
    if (use := session.settings.entitlements.use) != "ledger":
        session.err.print(f"entitlements.use is {use}: what it granted is not in this ledger.")
    _say_standing(session, stand, now)
    _say_acts(session, lines if everything else lines[-SHOWN:], len(lines))


def _say_standing(session: Session, stand: Sequence[Line], now: datetime) -> None:
    if not stand:
        session.out.print("No trial stands.")
        return
    table = Table("account", "plan", "instead of", "until", "trial", box=None, pad_edge=False)
    for line in stand:
        one = _standing(line, now)
        until = f"{_minute(one['until'])}{' (over)' if one['over'] else ''}"
        table.add_row(
            *(plain_text(text) for text in (one["account"], one["plan"], one["from_plan"], until, one["trial"]))
        )
    session.out.print(table)


def _say_acts(session: Session, lines: Sequence[Line], number: int) -> None:
    if not lines:
        return
    left_out = number - len(lines)
    session.out.print()
    session.out.print(f"Acts, oldest first{f'; {left_out:,} older with --all' if left_out else ''}:")
    for line in lines:
        one = _act(line)
        words = (
            f"{_minute(one['at'])}  {PARTS[one['part']]:<10}  {one['account']}  {one['plan']}  ({one['answer']})"
        )
        session.out.print(plain_text(words), soft_wrap=True)


def _standing(line: Line, now: datetime) -> dict[str, Any]:
    """`over`: its time has come, and it was not taken back yet."""
    values = line.values
    shown = {name: values[name] for name in ("account", "plan", "from_plan", "until", "trial", "key")}
    return {**shown, "over": datetime.fromisoformat(values["until"]) <= now}


def _act(line: Line) -> dict[str, Any]:
    return {"line": line.number, **line.values}


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"
