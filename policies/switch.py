"""Kill switches that are engaged beside the files: they stand above every policy, and deny wins."""

from collections.abc import Sequence
from typing import Literal

from policies.policy import Policy
from policies.rules.kill_switch import KillSwitch
from policies.rules.when import When

SWITCH = "switch."
"""Begins the id of such a rule; no file may hold one."""
Scope = Literal["everything", "tool", "channel", "tag", "plan", "region"]
WHEN: dict[str, str] = {
    "tool": "tools",
    "channel": "channels",
    "tag": "tags",
    "plan": "plans",
    "region": "regions",
}
"""The key of `when` for each scope; everything needs none."""


def switch_rule(number: int, scope: str, name: str, reason: str) -> KillSwitch:
    """The rule that an engaged switch is.

    Raises:
        ValueError: the name or the reason will not do.
    """
    when = When.model_validate({WHEN[scope]: (name,)}) if scope in WHEN else None
    return KillSwitch(id=f"{SWITCH}{number}", kind="kill_switch", engaged=True, reason=reason, when=when)


def is_switch(rule: str) -> bool:
    """Whether a rule's id is that of such a switch."""
    return rule.startswith(SWITCH)


def with_switches(policy: Policy, switches: Sequence[KillSwitch]) -> Policy:
    """The policy with these switches and no other, under the hash of all of it."""
    rules = [rule for rule in policy.rules if not is_switch(rule.id)]
    if len(rules) == len(policy.rules) and not switches:
        return policy
    return Policy.of([*rules, *switches], source=policy.source, author=policy.author)
