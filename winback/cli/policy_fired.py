"""Findings that only the decision log can give: rules that never decided anything."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from policies.lint import Finding
from policies.policy import Policy
from policies.trial.case_report import resting
from winback.errors import WinbackError
from winback.settings import Settings
from winback.store.store import Store
from workers.hindsight.fired import fired
from workers.rulebook.check import NEVER

ENOUGH = 100
"""Fewer decisions say nothing of a rule that speaks seldom."""


def never_fired(settings: Settings, policy: Policy) -> tuple[list[Finding], str]:
    """The rules in force that decided nothing, and a line on what was looked at.

    The database is only read: none is made, and none is brought up to date.
    """
    if not is_there(settings.database_url):
        return [], "never fired: there is no decision log yet"
    try:
        store = Store(settings.database_url, busy_seconds=settings.database.busy_seconds)
        with closing(store), store.read() as session:
            found = fired(session, policy)
    except WinbackError as error:
        return [], f"never fired: not looked at, {error}"
    if not found:
        return [], "never fired: not looked at, because this policy has not come into force"
    rests = {rule.id for rule in policy.rules if rule.mode != "enforce" or resting(rule)}
    silent = [
        rule for rule, one in found.items() if one.looked_at >= ENOUGH and not one.times and rule not in rests
    ]
    findings = [_finding(rule, found[rule].looked_at, f"{found[rule].since:%Y-%m-%d}") for rule in sorted(silent)]
    few = sum(one.looked_at < ENOUGH for one in found.values())
    left_out = f"; {few} of {len(found)} rules have fewer than {ENOUGH} decisions to look at" if few else ""
    most = max(one.looked_at for one in found.values())
    return findings, f"never fired: looked at {most:,} decisions in the log{left_out}"


def _finding(rule: str, looked_at: int, since: str) -> Finding:
    what = f"decided none of {looked_at:,} decisions since it came into force on {since}"
    return Finding(NEVER, rule, ("id",), what, "ask whether it says what you want, with winback policy test")


def is_there(url: str) -> bool:
    """Whether there is a database to read; whether a server answers is found out by asking it."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return False
    if parsed.get_backend_name() != "sqlite":
        return True
    return bool(parsed.database) and Path(parsed.database or "").is_file()
