"""The names under which the log speaks of things: an act, an effect, a drop."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from winback.canonical import content_hash

if TYPE_CHECKING:  # the processes that verify start without the models
    from winback.store.models import Proposal

USUAL = ("email", "customer")
"""The medium and the audience that no hash names; `winback.store.types`, which is slow to import, has them too."""


NAMES = ("account", "champion")
"""What a drop calls its account and its champion; the entry that opened the case has the account's number."""


def action_hash(proposal: "Proposal", salt: str) -> str:
    """SHA-256 of the canonical JSON of tool, arguments, message (with its template's version), account, contact.

    What does not go to the customer by mail has its medium and its audience in the hash too.
    The contact's salt goes in too: the hash stands in the log for ever and must prove nothing about
    a person whose data have been erased (docs/decisions/0003-salted-action-hash.md).
    """
    one = proposal
    act = act_of(one.tool, one.arguments, one.message, one.account_id, one.contact_id, salt)
    return content_hash({**act, **way_of(one.medium, one.audience)})


def way_of(medium: str, audience: str) -> dict[str, str]:
    """The part of an act that is left out of what goes to customers by mail: hashes of older logs hold."""
    given = {"medium": medium, "audience": audience}
    return {name: one for (name, one), usual in zip(given.items(), USUAL, strict=True) if one != usual}


def act_of(tool: str, arguments: Any, message: Any, account: int, contact: int, salt: str) -> dict[str, Any]:
    """What the action hash of a mail to a customer is the hash of."""
    return {
        "tool": tool,
        "arguments": arguments,
        "message": message,
        "account": account,
        "contact": contact,
        "salt": salt,
    }


def effect_key(case_id: int, action: str) -> str:
    """The idempotency key: the same act in the same case is the same effect, whoever carries it out."""
    return hashlib.sha256(f"winback effect {case_id} {action}".encode()).hexdigest()


def drop_hash(drop: Mapping[str, Any]) -> str:
    """The hash of a drop (`drop_to_plain`) without its names: the log must prove nobody once they are gone."""
    return content_hash({key: value for key, value in drop.items() if key not in NAMES})
