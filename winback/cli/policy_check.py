"""`winback policy check`: what a policy says, and what is wrong with it."""

from pathlib import Path

import click
from rich.table import Table

from policies.lint import Finding
from policies.load import Loaded, load_placed
from policies.plural import mend_one
from policies.policy import Policy
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import chosen, known
from winback.cli.policy_fired import never_fired
from winback.cli.terminal import plain_text
from winback.errors import Exit
from workers.rulebook.check import finding_lines, findings_of, plain_finding


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
    catalogue = load_catalogue(session.settings.policies.catalogue)
    now = session.clock.now()
    findings = findings_of(loaded, session.settings, default_registry(), catalogue, names, now)
    looked = ""
    if path is None:
        silent, looked = never_fired(session.settings, loaded.policy)
        findings += silent
    if as_json:
        print_json({**_plain(loaded.policy), "findings": [plain_finding(one, loaded) for one in findings]})
    else:
        _print(session, loaded, findings)
        if verbose and looked:
            session.out.print(plain_text(looked), soft_wrap=True)
    return Exit.FAILED if strict and findings else Exit.OK


def _plain(policy: Policy) -> dict[str, object]:
    rules = [
        {"id": rule.id, "kind": rule.kind, "mode": rule.mode, "says": rule.describe()} for rule in policy.rules
    ]
    return {"source": str(policy.source), "hash": policy.hash, "author": policy.author, "rules": rules}


def _print(session: Session, loaded: Loaded, findings: list[Finding]) -> None:
    policy = loaded.policy
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", "kind", "mode", "says"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "says")
    for rule in policy.rules:
        table.add_row(plain_text(rule.id), rule.kind, rule.mode, plain_text(rule.describe()))
    session.out.print(table)
    for line in finding_lines(loaded, findings):
        session.out.print(plain_text(line), soft_wrap=True)
    many = f"{len(findings)} findings" if findings else "no findings"
    author = f", by {plain_text(policy.author)}" if policy.author else ""
    counted = mend_one(f"{len(policy.rules)} rules, no mistakes, {many}.")
    session.out.print(f"{counted} {plain_text(str(policy.source))}{author}, hash {policy.hash[:12]}")
