"""What the demo says on the screen."""

import shutil
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from winback.cli.run import WORDS
from winback.cli.terminal import plain_text
from winback.decisions.kind import EntryKind
from winback.decisions.verify import Verification
from winback.simulation.truth import Found, Score
from workers.run_pass import PassReport

WIDTHS = (12, 6, 7, 7, 8, 7, 7, 8, 9, 5)
HEADS = ("usage up to", "drops", "opened", "closed", "allowed", "queued", "denied", "neither", "reviewed", "sent")
NEITHER = (
    EntryKind.NOTHING_ALLOWED,
    EntryKind.NOTHING_CHOSEN,
    EntryKind.NOTHING_TO_OFFER,
    EntryKind.HELD_OUT,
    EntryKind.MODEL_FAILED,
)


@dataclass
class Tally:
    """What happened over all dates: alarms, days looked at, and log entries by kind."""

    found: list[Found]
    scanned: list[date]
    proposed: dict[str, int]
    acted: dict[str, int]


def say_heading(out: Console) -> None:
    """The head of the table that grows a line for each date."""
    out.print("[bold]" + "".join(f"{head:>{width}}" for head, width in zip(HEADS, WIDTHS, strict=True)))


def say_day(out: Console, report: PassReport, reviewed: int, sent: int) -> None:
    """One date."""
    plain = report.to_plain()
    made = plain["proposed"]
    cells = (
        str(report.as_of),
        plain["drops"],
        plain["opened"],
        plain["closed"],
        made.get(EntryKind.ALLOWED, 0),
        made.get(EntryKind.QUEUED, 0),
        made.get(EntryKind.DENIED, 0) + made.get(EntryKind.NOTHING_ALLOWED, 0),
        sum(made.get(kind, 0) for kind in NEITHER if kind is not EntryKind.NOTHING_ALLOWED),
        reviewed,
        sent,
    )
    line = "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
    out.print(line)
    if plain["held"]:
        out.print(f"      [yellow]alarms held:[/] {plain_text(plain['held'])}", soft_wrap=True)


def say_verdicts(out: Console, tally: Tally) -> None:
    """What the policy said, and what was carried out."""
    out.print()
    for title, counts in (("Agent and policy", tally.proposed), ("Carried out", tally.acted)):
        said = ", ".join(f"{count} {WORDS.get(EntryKind(kind), kind)}" for kind, count in sorted(counts.items()))
        out.print(f"[bold]{title}:[/] {said or 'nothing'}", soft_wrap=True)


def say_score(out: Console, found: Score) -> None:
    """Since the truth is known: how much of it was noticed."""
    table = Table("planted cause", "planted", "found", box=None, title_justify="left")
    for cause, (planted, seen) in found.by_cause.items():
        table.add_row(cause.value.replace("_", " "), str(planted), str(seen))
    late = "" if found.median_days_late is None else f", {found.median_days_late:.0f} days late in the median"
    out.print()
    out.print(f"[bold]Found {found.found} of {found.planted} planted drops within 28 days{late}.[/]")
    out.print(table)
    out.print(
        f"False alarms: {found.false_alarms} in {found.healthy_account_weeks:.0f} healthy account-weeks "
        f"({found.false_alarms_per_100_weeks:.1f} per 100;\n"
        f"the budget of 1.0 is for one look a week, and this looked every third day).\n"
        f"Quiet spells that ended by themselves: {found.dips_flagged} of {found.dips} raised an alarm."
    )


def say_log(out: Console, verified: Verification) -> None:
    """Whether the decision log holds."""
    state = "intact" if not verified.problems else f"{len(verified.problems)} PROBLEMS"
    out.print(
        f"\n[bold]Decision log:[/] {verified.entries} entries, {state}, root {verified.root[:16]}, "
        f"{len(verified.checkpoints)} signed checkpoints."
    )


def say_next(out: Console, folder: Path) -> None:
    """What one can look at now."""
    program = plain_text(_program())
    command = f"{program} -c {plain_text(str(folder / 'config.yaml'))}"
    out.print(
        f"\nLook around in {plain_text(str(folder))}/: outbox/ has every message as it would have gone out.\n"
        f"The queue of the last days is left for you:\n"
        f"  {command} queue list\n"
        f"  {command} queue show ITEM\n"
        f"  {command} log tail\n"
        f"  {command} log verify\n"
        f"Your own customers: {program} import USAGE.csv, import PEOPLE.csv, then run --once (see README.md).",
        soft_wrap=True,
    )


def _program() -> str:
    """How this very program can be called again."""
    called = Path(sys.argv[0])
    if called.name != "winback" or shutil.which("winback") == str(called.resolve()):
        return "winback"
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)
