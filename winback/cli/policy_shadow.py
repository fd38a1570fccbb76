"""`winback policy shadow`: where the shadow policy would have decided otherwise than the one in force."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from policies.load import is_nothing
from winback.cli.context import Session, json_option, pass_session, print_json
from winback.cli.policy_files import as_it_stands
from winback.cli.policy_findings import print_entries, print_findings, reading
from winback.cli.since import moment_of, since_option
from winback.cli.terminal import plain_text
from winback.errors import Exit
from winback.store.bookkeeping import PolicyVersion
from winback.store.opening import open_store
from workers.hindsight.findings import Findings
from workers.hindsight.replay import shadowed
from workers.hindsight.table import changed, plain_findings
from workers.policy_watch import newest_version

UNSET = "No shadow policy judges: name its file in config.yaml (policies: {shadow: FILE}), and let Winback run."
UNHEARD = "The shadow policy has judged nothing yet: it does with the next decision."


@click.command("shadow")
@since_option
@json_option
@pass_session
def command(session: Session, since: timedelta | datetime | None, as_json: bool) -> Exit:
    """Compare the verdicts that the policy in force and the shadow gave on the same facts, at the same time.

    Exits with 1 when evidence was altered.
    """
    path = session.settings.policies.shadow
    if path is None or is_nothing(path):
        _say(session, UNSET, as_json, configured=False)
        return Exit.OK
    configured = as_it_stands(session, path, "shadow").policy.hash
    with open_store(session.settings) as store:
        with store.read() as state:
            version = newest_version(state, "shadow")
        if version is None:
            _say(session, UNHEARD, as_json, configured=True)
            return Exit.OK
        with reading(session.err) as progress:
            found = shadowed(store, version.hash, moment_of(session, since), progress)
    if as_json:
        print_json(
            {**_head(version, configured), "configured": True, **plain_findings(found), "others": found.other}
        )
    else:
        _print(session, found, version, path, changed_since=version.hash != configured)
    return Exit.FAILED if found.altered.count else Exit.OK


def _say(session: Session, words: str, as_json: bool, *, configured: bool) -> None:
    if as_json:
        print_json({"configured": configured, "policy": None, "decisions": 0, "says": words})
    else:
        session.out.print(words, soft_wrap=True)


def _head(version: PolicyVersion, configured: str) -> dict[str, Any]:
    return {
        "policy": version.hash,
        "since": version.at.isoformat(),
        "author": version.author,
        "configured_policy": configured,
    }


def _print(session: Session, found: Findings, version: PolicyVersion, path: Path, *, changed_since: bool) -> None:
    print_entries(session, "entries whose evidence is not what was logged; they were left out", found.altered)
    print_entries(session, "entries in a form that this version of Winback does not know; left out", found.unknown)
    session.out.print(
        f"Shadow policy {version.hash[:12]} by {plain_text(version.author)}, "
        f"since {version.at:%Y-%m-%d %H:%M} UTC.",
        soft_wrap=True,
    )
    if changed_since:
        session.out.print(
            f"{plain_text(path.name)} has changed since: it judges from the next decision on.", soft_wrap=True
        )
    if not found.decisions:
        session.out.print(UNHEARD if not found.other else "It judged nothing in this time.")
        return
    session.out.print(
        f"It judged {found.decisions:,} decisions beside the one in force, {changed(found):,} of them otherwise."
    )
    session.out.print()
    print_findings(session, found)
    session.out.print()
    session.out.print(
        "What became of the cases came after the word of the policy in force: the shadow's did not count.",
        soft_wrap=True,
    )
