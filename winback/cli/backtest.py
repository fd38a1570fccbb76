"""`winback backtest`: what scans of past dates would have said, written to a file."""

from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
import duckdb
from rich.progress import Progress

from winback.cli.context import DATE, Session, json_option, pass_session, print_json
from winback.errors import InputError, SetupError
from winback.usage.backtest import BacktestReport, backtest, every
from winback.usage.engine import file_literal

NEEDED = ("account", "day", "count")


class Step(click.ParamType[int, str]):
    """A number of days written as 7d."""

    name = "DAYS"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        number = value.removesuffix("d")
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= 366:
            self.fail(f"{value!r} is not a number of days such as 7d", param, ctx)
        return int(number)


@click.command("backtest")
@click.option("--usage", type=click.Path(path_type=Path), required=True, help="Parquet file of daily usage.")
@click.option("--from", "first", type=DATE, required=True, metavar="DATE", help="First date to scan.")
@click.option("--to", "last", type=DATE, required=True, metavar="DATE", help="Last date to scan.")
@click.option("--every", "step", type=Step(), default="7d", show_default=True, help="Days between two scans.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Parquet file to write.")
@click.option("--budget", type=click.FloatRange(0, 50, min_open=True), help="Instead of detection.budget.")
@click.option("--group", metavar="COLUMN", help="Column that names the account's group, such as its plan.")
@json_option
@pass_session
def command(
    session: Session,
    usage: Path,
    first: datetime,
    last: datetime,
    step: int,
    out: Path,
    budget: float | None,
    group: str | None,
    *,
    as_json: bool,
) -> None:
    """Scan every date by what was known on it, and write all scores.

    Columns in: account, day, count, and if there are any contact and feature. Out: as_of, account,
    contact, eligible, fast, slow, risk, alarm, channel, expected_days, seen_days, onset, reason.
    """
    if last < first:
        raise InputError(f"{last:%Y-%m-%d} is before --from {first:%Y-%m-%d}", where="--to", fix="swap the two")
    changes = {} if budget is None else {"budget": budget}
    settings = session.settings.detection.model_copy(update=changes)
    dates = every(first.date(), last.date(), step)
    quiet = as_json or not session.err.is_terminal
    with duckdb.connect() as connection, nullcontext() if quiet else Progress(console=session.err) as bar:
        relation = usage_relation(connection, usage, group)
        groups = _groups(connection, relation) if group else None
        task = bar.add_task("scanning", total=len(dates)) if bar else None

        def step_done(done: int, _total: int) -> None:
            if bar and task is not None:
                bar.update(task, completed=done)

        try:
            report = backtest(connection, relation, dates, out, settings, groups=groups, progress=step_done)
        except OSError as error:
            reason = error.strerror or "cannot be written"
            raise SetupError(reason, where=str(out), fix="choose another --out") from None
    print_json(asdict(report)) if as_json else _show(session, report, out)


def usage_relation(connection: duckdb.DuckDBPyConnection, usage: Path, group: str | None) -> str:
    """Make a table of the file's rows on the connection; returns its name.

    Raises:
        InputError: no such file, not Parquet, a column missing or of the wrong kind, no rows.
    """
    if not usage.is_file():
        raise InputError("no such file", where=str(usage), fix="check the path")
    source = f"read_parquet({file_literal(usage)})"
    try:
        columns = {str(name) for name in connection.sql(f"FROM {source}").columns}
    except duckdb.Error:
        raise InputError("is not a Parquet file", where=str(usage), fix="export it as Parquet") from None
    for name in (*NEEDED, *([group] if group else [])):
        if name not in columns:
            known = ", ".join(sorted(columns))
            raise InputError(f"has no column {name!r}", where=str(usage), fix=f"it has {known}")
    optional = ", ".join(
        f"{name}::VARCHAR AS {name}" if name in columns else f"NULL::VARCHAR AS {name}"
        for name in ("contact", "feature")
    )
    grouped = '"' + group.replace('"', '""') + '"::VARCHAR' if group else "NULL::VARCHAR"
    query = (
        f"CREATE TEMP TABLE backtest_usage AS SELECT account::VARCHAR AS account, {optional}, "  # noqa: S608
        f"day::DATE AS day, count::BIGINT AS count, {grouped} AS grouped FROM {source} "
        "WHERE account IS NOT NULL AND day IS NOT NULL"
    )
    try:
        connection.execute(query)
    except duckdb.Error as error:
        reason = str(error).split("\n", maxsplit=1)[0].split(":", 1)[-1].strip()[:160]
        raise InputError(reason, where=str(usage), fix="day must be a date and count a number") from None
    if not connection.execute("SELECT count(*) FROM backtest_usage").fetchall()[0][0]:
        raise InputError("holds no usage", where=str(usage), fix="name a file with rows")
    return "backtest_usage"


def _groups(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Each account's group; an account named in several belongs to the first of them by name."""
    rows = connection.execute(f"SELECT account, min(grouped) FROM {relation} GROUP BY account").fetchall()  # noqa: S608
    return {account: name or "" for account, name in rows}


def _show(session: Session, report: BacktestReport, out: Path) -> None:
    session.out.print(
        f"{report.dates} dates, {report.rows:,} rows, {report.alarms:,} alarms: {out}",
        markup=False,
        soft_wrap=True,
    )
    if report.held:
        session.out.print(f"  on {report.held} dates all alarms were held: too little activity, or late data")
    if report.borrowed:
        session.out.print(f"  on {report.borrowed} dates the past was too short: threshold borrowed")
