"""What `policy replay` and `policy shadow` found, as tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from winback.cli.context import Session
from winback.cli.terminal import plain_text
from workers.hindsight.findings import Findings, Named
from workers.hindsight.outcomes import HAPPENED
from workers.hindsight.replay import Progress as Done
from workers.hindsight.table import MOMENTS, Row, rows

SHOWN = 10
"""Entries that a person sees by name."""


@contextmanager
def reading(console: Console) -> Iterator[Done]:
    """A bar while the log is read; nothing is left on the terminal afterwards."""
    columns = (TextColumn("{task.description:<18}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("Reading the log", total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)


def print_findings(session: Session, found: Findings) -> None:
    """The changes, what became of the cases, and the rules that made the changes."""
    session.out.print(_changes(rows(found)))
    for _, change, tally in rows(found):
        if not change.same and tally.cases:
            named = ", ".join(map(str, tally.cases))
            session.out.print(f"  {plain_text(str(change))}: case {named}", soft_wrap=True)
    if found.rules:
        session.out.print()
        session.out.print(_rules(found))


def _changes(found: list[Row]) -> Table:
    words = [word for word in HAPPENED if any(tally.happened[word] for _, _, tally in found)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("moment")
    table.add_column("was -> would be", overflow="fold")
    for heading in ("count", *words):
        table.add_column(heading.replace("_", "\n"), justify="right")
    for moment, change, tally in found:
        happened = [f"{tally.happened[word]:,}" if tally.happened[word] else "-" for word in words]
        table.add_row(MOMENTS[moment], plain_text(str(change)), f"{tally.count:,}", *happened)
    return table


def _rules(found: Findings) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("made by the rule", "was -> would be"):
        table.add_column(heading, overflow="fold")
    table.add_column("count", justify="right")
    for (change, rule), count in sorted(found.rules.items(), key=lambda one: (-one[1], one[0])):
        table.add_row(plain_text(rule), plain_text(str(change)), f"{count:,}")
    return table


def print_entries(session: Session, what: str, found: Named) -> None:
    """How many entries something is true of, and which."""
    if not found.count:
        return
    session.out.print(f"{found.count:,} {what}:", soft_wrap=True)
    for name in found.some[:SHOWN]:
        session.out.print(f"  {plain_text(name)}", soft_wrap=True)
    if found.count > SHOWN:
        session.out.print(f"  and {found.count - min(SHOWN, len(found.some)):,} more")
