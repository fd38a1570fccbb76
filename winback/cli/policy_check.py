"""`winback policy check`: what a policy says, and what is wrong with it."""

from collections.abc import Iterator, Set
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from policies.lint import Finding, Surroundings, lint
from policies.load import Loaded, load_placed
from policies.plural import mend_one
from policies.policy import Policy
from tools.catalogue import load_catalogue
from tools.offer_trial_upgrade import OfferTrialUpgrade
from tools.registry import default_registry
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import chosen, known
from winback.cli.policy_fired import NEVER, never_fired
from winback.cli.terminal import plain_text
from winback.errors import Exit

APART = 3
"""Up to so many rules that never fired have a line each."""


@click.command("check")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 1 when there is a finding.")
@click.option("--verbose", "-v", is_flag=True, help="Say what was looked at in the decision log.")
@json_option
@pass_session
def command(session: Session, path: Path | None, strict: bool, verbose: bool, as_json: bool) -> Exit:
    """Read a policy file or folder, say what each rule means, and what cannot have been meant.

    Without PATH the configured policy is read, and held against the decision log if there is one.
    Exits with 2 and one line that names file, line and column when there is a mistake.
    """
    names = known(session)
    loaded = load_placed(chosen(session, path), names)
    findings = list(lint(loaded.policy, _surroundings(session, names.channels)))
    looked = ""
    if path is None:
        silent, looked = never_fired(session.settings, loaded.policy)
        findings += silent
    if as_json:
        print_json({**_plain(loaded.policy), "findings": [_finding(one, loaded) for one in findings]})
    else:
        _print(session, loaded, findings)
        if verbose and looked:
            session.out.print(plain_text(looked), soft_wrap=True)
    return Exit.FAILED if strict and findings else Exit.OK


def _surroundings(session: Session, channels: Set[str] | None) -> Surroundings:
    catalogue = load_catalogue(session.settings.policies.catalogue)
    prices = [plan.price_per_month for one in catalogue.trials if (plan := catalogue.plan(one.plan)) is not None]
    schemas = {tool.name: tool.arguments.model_json_schema() for tool in default_registry()}
    return Surroundings(
        parameters={name: schema.get("properties", {}) for name, schema in schemas.items()},
        costly=frozenset({OfferTrialUpgrade.name}) if prices and min(prices) > 0 else frozenset(),
        channels=channels,
        plans=frozenset(plan.id for plan in catalogue.plans),
        today=session.clock.now().astimezone(ZoneInfo(session.settings.company.zone)).date(),
    )


def _plain(policy: Policy) -> dict[str, object]:
    rules = [
        {"id": rule.id, "kind": rule.kind, "mode": rule.mode, "says": rule.describe()} for rule in policy.rules
    ]
    return {"source": str(policy.source), "hash": policy.hash, "author": policy.author, "rules": rules}


def _finding(finding: Finding, loaded: Loaded) -> dict[str, str]:
    where = loaded.where(finding.rule, *finding.inside)
    return {
        "where": where,
        "severity": finding.severity,
        "rule": finding.rule,
        "what": finding.what,
        "fix": finding.fix,
    }


def _lines(loaded: Loaded, findings: list[Finding]) -> Iterator[str]:
    """A line for each; rules that are silent alike share one, or a young log would fill the screen with them."""
    silent = [one for one in findings if one.severity == NEVER]
    for one in findings:
        alike = [other for other in silent if (other.what, other.fix) == (one.what, one.fix)]
        if one.severity != NEVER or len(alike) <= APART:
            yield f"{loaded.where(one.rule, *one.inside)}: {one.severity}: {one.rule}: {one.what}; {one.fix}"
        elif one is alike[0]:
            rules = ", ".join(f"{other.rule} ({_line_of(loaded, other)})" for other in alike)
            yield f"{loaded.policy.source}: {NEVER}: {len(alike)} rules {one.what}; {one.fix}: {rules}"


def _line_of(loaded: Loaded, finding: Finding) -> str:
    """FILE:LINE, without the folder."""
    return Path(loaded.where(finding.rule, *finding.inside)).name.rpartition(":")[0]


def _print(session: Session, loaded: Loaded, findings: list[Finding]) -> None:
    policy = loaded.policy
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", "kind", "mode", "says"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "says")
    for rule in policy.rules:
        table.add_row(plain_text(rule.id), rule.kind, rule.mode, plain_text(rule.describe()))
    session.out.print(table)
    for line in _lines(loaded, findings):
        session.out.print(plain_text(line), soft_wrap=True)
    many = f"{len(findings)} findings" if findings else "no findings"
    author = f", by {plain_text(policy.author)}" if policy.author else ""
    counted = mend_one(f"{len(policy.rules)} rules, no mistakes, {many}.")
    session.out.print(f"{counted} {plain_text(str(policy.source))}{author}, hash {policy.hash[:12]}")
