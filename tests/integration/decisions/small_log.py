"""A small log with evidence, what may be done to it, and what is found then."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from winback.canonical import canonical_json
from winback.decisions.action import action_hash
from winback.decisions.covered import Kept
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, append
from winback.decisions.verify import verify
from winback.store.models import Contact, Proposal
from winback.store.store import Store
from winback.store.types import CaseState
from winback.testing.world import NOON, add_account, open_case

EVIDENCE = canonical_json({"facts": {"name": "é", "n": 0.5}, "verdict": {"decision": "deny"}, "shadow": None})
STATES = tuple(CaseState)


def write_case(store: Store, key: str) -> int:
    """A case with a proposal that was denied on evidence, and then nothing: three entries."""
    with store.write("test") as session:
        account = add_account(session, key)
        case = open_case(session, account)
        contact = session.get_one(Contact, account.id)
        one = Proposal(
            case_id=case, action_hash="", account_id=account.id or 0, contact_id=contact.id or 0, tool="t",
            catalogue_id="c", arguments={"a": 1}, message={"subject": "Hello"}, created_at=NOON,
        )  # fmt: skip
        one.action_hash = action_hash(one, contact.salt)
        session.add(one)
        session.flush()
        body = {"action_hash": one.action_hash, "tool": "t", "policy": "p", "decision": "deny", "rules": ["r"]}
        advance(session, case, EntryKind.DENIED, NOON, body, allowed=STATES, evidence=EVIDENCE)
        advance(session, case, EntryKind.NOTHING_CHOSEN, NOON, {"why": "none_fits"}, allowed=STATES)
        return case


def write_late(store: Store, at: int = 0) -> None:
    """One more entry, of no case."""
    with store.write("test") as session:
        append(session, EntryKind.ALARMS_HELD, NOON + timedelta(days=at), {"reason": "late"})


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Answer]


def change(store: Store, statement: str, **values: object) -> None:
    """As somebody who can write to the database."""
    with store.engine.begin() as connection:
        connection.execute(text(statement), values)


def found(store: Store, kept: Kept | None = None) -> set[tuple[str, str]]:
    return {(one.what, one.where) for one in verify(store, kept).problems}
