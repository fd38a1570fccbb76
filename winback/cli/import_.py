"""`winback import FILE`: usage, or accounts and contacts, from CSV or Parquet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from winback.cli.context import Moment, Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import InputError
from winback.settings import Columns
from winback.store.opening import open_store
from winback.store.people import PeopleStored, describe, store_people
from winback.store.store import Store
from winback.store.suppression import LOCK, Suppressed, load_suppressed
from winback.usage import csv_file
from winback.usage.bad_rows import BadRows
from winback.usage.columns import ROLES, find_column, listed
from winback.usage.engine import connect
from winback.usage.import_file import ImportReport, import_usage
from winback.usage.people import People, read_people
from winback.usage.people_table import PEOPLE_COLUMNS
from winback.usage.source import open_source
from winback.usage.staging import header
from winback.usage.warehouse import Warehouse

MOST_REASONS = 12
DAY_ZERO = Moment("%Y-%m-%d", earliest=datetime(1600, 1, 1))  # noqa: DTZ001  a date
"""Spreadsheets count from 1899, some machines from 1601."""
RATE_FROM_ROWS = 100_000
TELLING_COLUMNS = frozenset(PEOPLE_COLUMNS) - {
    "account",
    "contact",
    "zone",
    "tags",
    "plan",
    "language",
    "role",
    "left",
    "region",
}
ABSENT = {
    "contact": "usage is of the account as a whole",
    "feature": "usage is not told apart by feature",
    "count": "every row counts once",
}


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--people", is_flag=True, help="FILE holds accounts and contacts, not usage.")
@click.option("--account", metavar="COL", help="Column that names the customer.")
@click.option("--contact", metavar="COL", help="Column that names the person.")
@click.option("--feature", metavar="COL", help="Column that names what was used.")
@click.option("--day", metavar="COL", help="Column with the date or timestamp.")
@click.option("--count", metavar="COL", help="Column with how often; without one, once a row.")
@click.option(
    "--day-zero",
    type=DAY_ZERO,
    metavar="DATE",
    help="Days are whole numbers counted from this date.",
)
@json_option
@pass_session
def command(
    session: Session,
    /,
    file: Path,
    *,
    people: bool,
    day_zero: datetime | None,
    as_json: bool,
    **named: str | None,
) -> None:
    """Import usage, or accounts and contacts, from a CSV or Parquet FILE.

    Usage has a row per account, contact, feature and day. A file that describes accounts and
    contacts is known by its columns. Importing a file twice changes nothing. See docs/import.md.
    """
    flags = {role: name for role in ROLES if (name := named[role]) is not None}
    columns = session.settings.usage.columns.model_copy(update=flags)
    if people and (flags or day_zero):
        raise InputError("--people takes no column flags", fix="use the column names of docs/import.md")
    if people or (not flags and day_zero is None and _about_people(file, columns)):
        found, stored = _import_people(session, file)
        print_json(_people_json(found, stored)) if as_json else _say_people(session.out, found, stored)
        return
    report = _import_usage(session, file, columns, day_zero.date() if day_zero else None)
    print_json(asdict(report)) if as_json else _say_usage(session.out, report)


def _about_people(file: Path, columns: Columns) -> bool:
    """Whether the columns are those of accounts and contacts: no day, and one that only people have."""
    source = open_source(file)
    with TemporaryDirectory() as scratch, connect(Path(scratch)) as connection:
        names = list(header(connection, source))
    if find_column(columns.day, names, file) is not None:
        return False
    return any(name.strip().casefold() in TELLING_COLUMNS for name in names)


def _import_usage(session: Session, file: Path, columns: Columns, epoch: date | None) -> ImportReport:
    settings = session.settings
    with _progress(session.err, file.name) as progress, open_store(settings) as store:
        return import_usage(
            file,
            Warehouse(settings.usage_folder),
            columns,
            settings.usage.zone,
            epoch=epoch,
            at=session.clock.now(),
            progress=progress,
            erased=lambda: _erased(store),
        )


def _erased(store: Store) -> Suppressed:
    with store.read() as state:
        return load_suppressed(state)


def _import_people(session: Session, file: Path) -> tuple[People, PeopleStored]:
    settings = session.settings
    now = session.clock.now()
    folder = Warehouse(settings.usage_folder).bad_folder
    with open_store(settings) as store:
        while True:
            erased = _erased(store)
            people = read_people(file, folder, at=now, erased=erased)
            with store.write("people") as state:
                store.lock(state, LOCK)
                # Who was erased while the file was read may stand in the side file: read it again.
                if load_suppressed(state) != erased:
                    continue
                stored = store_people(state, people)
                append(state, EntryKind.IMPORTED, now, describe(people, stored))
                return people, stored


@contextmanager
def _progress(console: Console, name: str) -> Iterator[csv_file.Progress]:
    """A bar on a terminal; elsewhere a line at every quarter."""
    if not console.is_terminal:
        yield _Quarters(console, name)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(plain_text(name), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Quarters:
    def __init__(self, console: Console, name: str) -> None:
        self._console, self._name, self._said = console, name, 0

    def __call__(self, done: int, total: int | None, /) -> None:
        quarter = min(4 * done // total, 4) if total else 0
        if quarter > self._said:
            self._said = quarter
            _say(self._console, f"{self._name}: {25 * quarter} %")


def _say_usage(out: Console, report: ImportReport) -> None:
    if report.already is not None:
        moment = report.already.strftime("%Y-%m-%d %H:%M UTC")
        _say(out, f"{report.source}: already imported on {moment}, nothing changed")
    else:
        rate = f", {report.rows / report.seconds:,.0f} rows/s" if report.rows >= RATE_FROM_ROWS else ""
        _say(out, f"{report.source}: {_many(report.rows, 'row')} in {report.seconds:.1f} s{rate}")
    days = f"{report.first_day} to {report.last_day} ({_many(report.days, 'day')})"
    _say(out, f"  {_many(report.accounts, 'account')}, {days}")
    if report.stored < report.rows:
        _say(out, f"  rows of the same account, contact, feature and day were summed: {report.stored:,} kept")
    if report.zeros:
        _say(out, f"  {_many(report.zeros, 'count')} of 0: kept as 'nothing happened', no usage")
    if report.nameless:
        _say(out, f"  {_many(report.nameless, 'row')} of erased people: counted for their account as a whole")
    if report.left_out:
        _say(out, f"  {_many(report.left_out, 'row')} of erased accounts left out")
    for role in report.absent:
        _say(out, f"  no column for {role}: {ABSENT[role]}")
    _say_bad(out, BadRows(report.bad, report.reasons, report.side_file))


def _say_people(out: Console, people: People, stored: PeopleStored) -> None:
    _say(
        out, f"{people.source}: {_many(len(people.accounts), 'account')}, {_many(len(people.contacts), 'contact')}"
    )
    _say(out, f"  accounts: {stored.accounts_new:,} new, {stored.accounts_changed:,} changed")
    _say(out, f"  contacts: {stored.contacts_new:,} new, {stored.contacts_changed:,} changed")
    _say(out, f"  consents: {stored.consents_changed:,} changed")
    if stored.erased:
        _say(out, f"  {stored.erased:,} erased {'person' if stored.erased == 1 else 'people'} left out")
    if people.ignored:
        _say(out, f"  columns not used: {listed(people.ignored)}")
    _say_bad(out, people.bad)


def _say_bad(out: Console, bad: BadRows) -> None:
    if not bad.count:
        return
    _say(out, f"  {_many(bad.count, 'bad row')} left out:")
    for reason, times in list(bad.reasons.items())[:MOST_REASONS]:
        _say(out, f"    {times:>9,}  {reason}")
    if len(bad.reasons) > MOST_REASONS:
        _say(out, f"    and {len(bad.reasons) - MOST_REASONS} more reasons")
    _say(out, f"  with their lines in {bad.side_file}")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _say(out: Console, line: str) -> None:
    out.print(plain_text(line), soft_wrap=True)


def _people_json(people: People, stored: PeopleStored) -> dict[str, Any]:
    return {
        "source": people.source,
        "accounts": len(people.accounts),
        "contacts": len(people.contacts),
        "stored": asdict(stored),
        "bad": asdict(people.bad),
        "ignored": people.ignored,
    }
