"""`winback scan`: which accounts use the product less than their past and everybody explain."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from winback.cli.context import DATE, Session, json_option, pass_session, print_json
from winback.cli.scan_table import scan_table
from winback.usage.detect.scan import Scan
from winback.usage.drop import drop_to_plain
from workers.freshness import default_day
from workers.scan import look
from workers.scan import scan as scan_and_open


@click.command("scan")
@click.option(
    "--as-of",
    type=DATE,
    metavar="DATE",
    help="Judge by usage up to and including this day, the morning after it; default yesterday.",
)
@click.option("--dry-run", is_flag=True, help="Only print; open and close no cases.")
@json_option
@pass_session
def command(session: Session, as_of: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Find drops and print them, riskiest first; open a case for each that is new."""
    if as_of is not None:
        session.pretend(as_of.date())
    with session.services() as services:
        now = services.clock.now()
        day = as_of.date() if as_of else default_day(services.warehouse, services.settings, now)
        scanned = None if dry_run else scan_and_open(services, day)
        scan = scanned.found if scanned else look(services, day)
    if as_json:
        print_json(scan_to_plain(scan))
        return
    show(session, scan)
    if scanned is not None:
        session.out.print(
            f"Cases: {len(scanned.opened)} opened, {len(scanned.closed)} closed; "
            f"{scanned.known} drops have one already, {scanned.cooling} had one lately."
        )


def show(session: Session, scan: Scan) -> None:
    """The table, and in one line each what it was judged by."""
    if scan.drops:
        session.out.print(scan_table(scan))
    if scan.held:
        session.out.print(f"Alarms held: {scan.held} ({scan.withheld} withheld)", markup=False)
    session.out.print(summary(scan), markup=False)


def summary(scan: Scan) -> str:
    """How many drops among whom, and where the threshold is from."""
    drops = f"{len(scan.drops)} drop{'' if len(scan.drops) == 1 else 's'}"
    watched = f"{scan.eligible:,} of {scan.accounts:,} accounts have enough recent past"
    return f"{drops} as of {scan.as_of}; {watched}; threshold {scan.threshold:.2f} from {scan.threshold_source}"


def scan_to_plain(scan: Scan) -> dict[str, Any]:
    """The scan as JSON values."""
    return asdict(scan) | {"drops": [drop_to_plain(drop) for drop in scan.drops]}
