"""`winback policy replay`: what another policy would have said of every logged decision."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from policies.load import load_placed
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import known
from winback.cli.policy_findings import print_entries, print_findings, reading
from winback.cli.since import moment_of, since_option
from winback.errors import Exit
from winback.store.opening import open_store
from workers.hindsight.findings import Findings
from workers.hindsight.replay import replay
from workers.hindsight.table import changed, plain_replay, unknowable


@click.command("replay")
@click.option("--against", required=True, type=click.Path(path_type=Path), help="The policy file or folder.")
@since_option
@json_option
@pass_session
def command(session: Session, against: Path, since: timedelta | datetime | None, as_json: bool) -> Exit:
    """Hold every logged decision against another policy, beside what became of the cases.

    Against the very policy that decided, every verdict must come out again, rule by rule: exits with 1
    when one does not, or when evidence was altered; with 2 when the policy cannot be read.
    """
    policy = load_placed(against, known(session)).policy
    with open_store(session.settings) as store, reading(session.err) as progress:
        found = replay(store, policy, moment_of(session, since), progress)
    if as_json:
        print_json({"policy": policy.hash, **plain_replay(found)})
    else:
        _print(session, found, policy.hash)
    return Exit.FAILED if found.differing.count or found.altered.count else Exit.OK


def _print(session: Session, found: Findings, policy: str) -> None:
    print_entries(session, "entries whose evidence is not what was logged; they were not judged", found.altered)
    print_entries(
        session, "entries in a form that this version of Winback does not know; not judged", found.unknown
    )
    if found.pruned:
        session.out.print(f"{found.pruned:,} entries whose evidence was removed after its time; not judged.")
    if not found.decisions:
        session.out.print("No decision in the log to judge again.")
        return
    session.out.print(
        f"{found.decisions:,} decisions judged again by policy {policy[:12]}, {changed(found):,} change."
    )
    session.out.print()
    print_findings(session, found)
    session.out.print()
    if found.reproduced or found.differing.count:
        session.out.print(f"{found.reproduced:,} decisions of this very policy came out again, rule by rule.")
    print_entries(session, "decisions of this very policy did not, and here is what differs", found.differing)
    session.out.print("What this cannot tell:")
    for one in unknowable(found):
        session.out.print(f"  - {one}", soft_wrap=True)
