"""`winback policy`: what the policy says, before it says it to anybody."""

from pathlib import Path

import click
from rich.table import Table

from policies.load import load_policy
from policies.policy import Policy
from tools.catalogue import load_catalogue
from tools.registry import default_registry
from winback.bootstrap import known_names
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.terminal import plain_text


@click.group("policy")
def command() -> None:
    """What may run by itself, what waits for a person, what never runs."""


@command.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@json_option
@pass_session
def check(session: Session, path: Path | None, as_json: bool) -> None:
    """Read a policy file or folder and say what each rule means; the configured one without PATH.

    Exits with 2 and one line that names file, line and column when there is a mistake.
    """
    catalogue = load_catalogue(session.settings.policies.catalogue)
    names = known_names(default_registry(), catalogue)
    policy = load_policy(path or session.settings.policies.path, **names)
    if as_json:
        print_json(_plain(policy))
    else:
        _print(session, policy)


def _plain(policy: Policy) -> dict[str, object]:
    rules = [
        {"id": rule.id, "kind": rule.kind, "mode": rule.mode, "says": rule.describe()} for rule in policy.rules
    ]
    return {"source": str(policy.source), "hash": policy.hash, "rules": rules}


def _print(session: Session, policy: Policy) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", "kind", "mode", "says"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "says")
    for rule in policy.rules:
        table.add_row(plain_text(rule.id), rule.kind, rule.mode, plain_text(rule.describe()))
    session.out.print(table)
    session.out.print(
        f"{len(policy.rules)} rules, no mistakes. {plain_text(str(policy.source))}, hash {policy.hash[:12]}"
    )
