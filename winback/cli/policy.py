"""`winback policy`: what the policy says, before it says it to anybody."""

import click

from winback.cli.lazy import LazyGroup

MODULES = {
    "check": "policy_check",
    "test": "policy_test",
    "explain": "policy_explain",
    "diff": "policy_diff",
    "replay": "policy_replay",
    "shadow": "policy_shadow",
    "kill": "policy_kill",
    "schema": "policy_schema",
}


@click.group("policy", cls=LazyGroup, modules=MODULES)
def command() -> None:
    """What may run by itself, what waits for a person, what never runs."""
