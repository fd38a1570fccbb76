"""`winback policy test`: whether a policy says what its cases expect of it."""

from math import isnan
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from policies.load import load_placed
from policies.trial.case import cases_beside, read_cases
from policies.trial.case_report import CaseReport, Tried, plain_report, run_cases
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import chosen, known
from winback.cli.terminal import plain_text
from winback.errors import Exit


class Percent(click.FloatRange):
    """A range that holds no NaN, which is neither below nor above anything."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = float(super().convert(value, param, ctx))
        if isnan(found):
            self.fail(f"{value!r} is no number from {self.min} to {self.max}", param, ctx)
        return found


@click.command("test")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    help="Folder of cases; default cases/NAME or cases beside the policy.",
)
@click.option(
    "--min-coverage",
    type=Percent(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Fail when fewer of the rules speak in a case.",
)
@json_option
@pass_session
def command(session: Session, path: Path | None, cases: Path | None, min_coverage: float, as_json: bool) -> Exit:
    """Hold the cases beside a policy (the configured one without PATH) against it.

    Exits with 1 when a case fails, 2 when the policy or a case cannot be read.
    """
    source = chosen(session, path)
    policy = load_placed(source, known(session)).policy
    folder = cases or cases_beside(source)
    report = run_cases(policy, read_cases(folder))
    if as_json:
        print_json(plain_report(report))
    else:
        _print(session, report, folder)
    thin = report.percent < min_coverage
    if thin and not as_json:
        session.out.print(f"{report.percent:.0f} % of the rules speak in a case, and {min_coverage:g} % must.")
    return Exit.FAILED if report.failing or thin else Exit.OK


def _print(session: Session, report: CaseReport, folder: Path) -> None:
    for one in report.failing:
        _print_failing(session, one)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rule", overflow="fold")
    table.add_column("decided", justify="right")
    table.add_column("spoke", justify="right")
    for row in report.coverage:
        table.add_row(row.rule, str(row.decided), str(row.spoke))
    session.out.print(table)
    if report.silent:
        session.out.print(f"No case makes these speak: {', '.join(report.silent)}", soft_wrap=True)
    right = len(report.tried) - len(report.failing)
    session.out.print(
        f"{right} of {len(report.tried)} cases as expected, from {plain_text(str(folder))}", soft_wrap=True
    )


def _print_failing(session: Session, one: Tried) -> None:
    session.out.print(
        f"{plain_text(one.case.file.where(('expect',)))}: {plain_text(one.case.says)}", soft_wrap=True
    )
    for line in one.problems:
        session.out.print(f"  {plain_text(line)}", soft_wrap=True)
    for line in one.sentences:
        session.out.print(f"  because {plain_text(line)}", soft_wrap=True)
