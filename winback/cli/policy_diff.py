"""`winback policy diff`: what a change of a policy means."""

from pathlib import Path

import click
from rich.table import Table

from policies.load import load_placed
from policies.trial.act_words import told
from policies.trial.diff import Difference, Moved, difference
from policies.trial.diff_words import EFFECTS, plain_difference
from policies.words import summary
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import chosen, known
from winback.cli.terminal import plain_text
from winback.errors import Exit


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", required=False, type=click.Path(path_type=Path))
@json_option
@pass_session
def command(session: Session, old: Path, new: Path | None, as_json: bool) -> Exit:
    """Say what NEW (without it, the configured policy) means that OLD does not.

    Both are held against thousands of sample acts on either side of every line that they draw. Like
    diff(1) it exits with 0 when both mean the same, 1 when they differ, 2 when one cannot be read.
    """
    names = known(session)
    first = load_placed(old, names).policy
    second = load_placed(chosen(session, new), names).policy
    found = difference(first, second)
    if as_json:
        print_json({"old": first.hash, "new": second.hash, **plain_difference(found)})
    elif found.same:
        session.out.print(f"The same meaning, hash {first.hash[:12]}.")
    else:
        _print(session, found)
    return Exit.OK if found.same else Exit.FAILED


def _print(session: Session, found: Difference) -> None:
    for one in found.changes:
        fields = f" {'; '.join(one.fields)}" if one.fields else f" {one.says}"
        session.out.print(f"{one.rule} ({one.what}):{plain_text(fields)}", soft_wrap=True)
        if one.what != "renamed":
            session.out.print(f"  {EFFECTS[one.effect].format(acts=f'{found.looked_at:,}')}", soft_wrap=True)
    if not found.moved:
        session.out.print(f"\nNo verdict changes in {found.looked_at:,} sample acts.")
        return
    changed = sum(one.acts for one in found.moved)
    session.out.print(f"\nVerdicts that change: {changed:,} of {found.looked_at:,} sample acts")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("from", "to"):
        table.add_column(heading)
    table.add_column("acts", justify="right")
    for moved in found.moved:
        table.add_row(moved.old, moved.new, f"{moved.acts:,}")
    session.out.print(table)
    for moved in found.moved:
        _print_samples(session, moved)


def _print_samples(session: Session, moved: Moved) -> None:
    session.out.print(f"\n{moved.old} -> {moved.new}, for example")
    for one in moved.samples:
        session.out.print(f"  {plain_text(told(one.act))}", soft_wrap=True)
        session.out.print(f"    was {plain_text(summary(one.old))}", soft_wrap=True)
        session.out.print(f"    now {plain_text(summary(one.new))}", soft_wrap=True)
