"""`winback scan`: which accounts use the product less than their past and everybody explain."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
import duckdb

from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.scan_table import scan_table
from winback.errors import InputError
from winback.settings import Settings
from winback.usage.detect.detector import Limits, detect
from winback.usage.detect.scan import Scan
from winback.usage.drop import drop_to_plain
from winback.usage.warehouse import Warehouse


@click.command("scan")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Judge by usage up to and including this day; default yesterday.",
)
@click.option("--dry-run", is_flag=True, help="Only print; open no cases.")
@json_option
@pass_session
def command(session: Session, as_of: datetime | None, *, dry_run: bool, as_json: bool) -> None:
    """Find drops and print them, riskiest first."""
    del dry_run  # detection itself changes nothing; cases are opened by the caller's hook
    day = as_of.date() if as_of else yesterday(session)
    scan = scan_usage(session.settings, day)
    print_json(scan_to_plain(scan)) if as_json else show(session, scan)


def yesterday(session: Session) -> date:
    """The last whole day in the company's zone."""
    zone = ZoneInfo(session.settings.company.zone)
    return session.clock.now().astimezone(zone).date() - timedelta(days=1)


def scan_usage(
    settings: Settings, as_of: date, *, groups: dict[str, str] | None = None, limits: Limits | None = None
) -> Scan:
    """Detect drops in the imported usage; changes nothing.

    Raises:
        InputError: no usage was imported, or none by that day.
    """
    warehouse = Warehouse(settings.usage_folder)
    if warehouse.is_empty():
        raise InputError(
            "no usage was imported", where=str(settings.usage_folder), fix="run 'winback import FILE'"
        )
    with duckdb.connect() as connection:
        relation = warehouse.view(connection)
        scan = detect(connection, relation, as_of, settings.detection, groups=groups, limits=limits)
    if not scan.accounts:
        raise InputError(f"no usage by {as_of}", where="--as-of", fix="choose a later date, or import older usage")
    return scan


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
