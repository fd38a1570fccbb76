"""A scan on the screen."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from winback.usage.detect.scan import Scan
from winback.usage.drop import Driver, Drop, DropKind

BLOCKS = " ▁▂▃▄▅▆▇"
DRIVERS_SHOWN = 2
WORDS = {
    DropKind.ALL_QUIET: "all quiet",
    DropKind.FEATURE_FELL: "a feature fell",
    DropKind.LIMIT_REACHED: "limit reached",
    DropKind.CHAMPION_LEFT: "champion left",
    DropKind.STALLED_START: "stalled start",
}


def scan_table(scan: Scan) -> Group:
    """The drops of a scan, riskiest first, the reasons below; keys are shown as they are, never as markup."""
    table = Table(title=f"Drops as of {scan.as_of}", title_justify="left", box=None, pad_edge=False)
    table.add_column("account", overflow="fold")
    table.add_column("kind", no_wrap=True)
    table.add_column("since", no_wrap=True)
    table.add_column("seen/exp.", justify="right", no_wrap=True)
    table.add_column("12 weeks", no_wrap=True, min_width=12)
    for drop in scan.drops:
        table.add_row(
            Text(visible(drop.account)),
            WORDS[drop.kind],
            drop.onset.isoformat(),
            f"{drop.seen_days}/{drop.expected_days:.1f}",
            sparkline(drop.weeks),
        )
    # A column of reasons would be a few letters wide on a common terminal.
    reasons = [Text(_reason(drop)) for drop in scan.drops]
    return Group(table, Text(), Text("Why, and what fell (active days a week before and since):"), *reasons)


def _reason(drop: Drop) -> str:
    return f"  {visible(drop.account)}: {drop.reason}; {_drivers(drop)}"


def sparkline(weeks: Sequence[int]) -> str:
    """One character a week, from nothing (a blank) to seven active days (a full block)."""
    return "".join(BLOCKS[min(max(days, 0), len(BLOCKS) - 1)] for days in weeks)


def visible(key: str) -> str:
    """A key without characters that could move the cursor or hide on a screen."""
    return "".join(one if one.isprintable() else "?" for one in key)


def _drivers(drop: Drop) -> str:
    special = drop.champion or drop.limit_feature
    told = [f"{visible(special)} ({WORDS[drop.kind]})"] if special else []
    fell = [driver for driver in drop.drivers if driver.after < driver.before]
    return ", ".join(told + [_driver(driver) for driver in fell[:DRIVERS_SHOWN]])


def _driver(driver: Driver) -> str:
    return f"{visible(driver.feature)} {driver.before:.1f}→{driver.after:.1f}"
