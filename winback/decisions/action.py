"""The name of an act: the hash of all that would happen if it were done."""

import hashlib

from winback.canonical import content_hash
from winback.store.models import Proposal


def action_hash(proposal: Proposal, salt: str) -> str:
    """SHA-256 of the canonical JSON of tool, arguments, message (with its template's version), account, contact.

    The contact's salt goes in too: the hash stands in the log for ever and must prove nothing about
    a person whose data have been erased (docs/decisions/0003-salted-action-hash.md).
    """
    return content_hash(
        {
            "tool": proposal.tool,
            "arguments": proposal.arguments,
            "message": proposal.message,
            "account": proposal.account_id,
            "contact": proposal.contact_id,
            "salt": salt,
        }
    )


def effect_key(case_id: int, action: str) -> str:
    """The idempotency key: the same act in the same case is the same effect, whoever carries it out."""
    return hashlib.sha256(f"winback effect {case_id} {action}".encode()).hexdigest()
