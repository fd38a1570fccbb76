"""The tables. Every row that a person may have to account for is named in the decision log by its hash."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from winback.store.queue import Listed, Shown, queue_asides
from winback.store.sought import Sought
from winback.store.types import (
    CUSTOMER,
    EMAIL,
    MESSAGE,
    CaseState,
    EffectState,
    RunState,
    UtcDateTime,
)

Json = dict[str, Any]


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Account(Sought, table=True):
    """A customer. `key` is the account column of the imported usage; `region` is an ISO 3166 code (IN, DE-BY)."""

    __table_args__ = (Index("accounts_sought", "key", "sought"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=200)
    name: str = Field(default="", max_length=200)
    plan: str | None = Field(default=None, max_length=100)
    value_per_month: float | None = None
    owner_name: str | None = Field(default=None, max_length=200)
    owner_email: str | None = Field(default=None, max_length=320)
    zone: str | None = Field(default=None, max_length=64)
    region: str | None = Field(default=None, max_length=10)
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Contact(SQLModel, table=True):
    """A person at an account. `salt` blinds what the decision log says of them; erasing empties it.

    An erased contact keeps its number, which the log names, and nothing else.
    """

    __table_args__ = (UniqueConstraint("account_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    key: str = Field(max_length=200)
    name: str = Field(default="", max_length=200)
    email: str | None = Field(default=None, max_length=320, index=True)
    language: str = Field(default="en", max_length=35)
    zone: str | None = Field(default=None, max_length=64)
    left: bool = False
    salt: str = Field(max_length=64)
    unsubscribed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Consent(SQLModel, table=True):
    """What a person allowed: per channel and purpose, with where and when they said so."""

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    channel: str = Field(primary_key=True, max_length=40)
    purpose: str = Field(primary_key=True, max_length=40)
    state: str = Field(max_length=20)
    source: str | None = Field(default=None, max_length=200)
    at: str | None = Field(default=None, max_length=10)


class Interaction(SQLModel, table=True):
    """Something that passed between an account and us outside the effects; `kind` is an `InteractionKind`.

    `closed_at` is for tickets, `effect_id` names the effect that bounced or was answered, `note` is
    for people and never judged by.
    """

    __table_args__ = (
        Index("interactions_of_account", "account_id", "at"),
        Index("interactions_by_time", "kind", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    kind: str = Field(max_length=20)
    channel: str = Field(default="email", max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    tool: str | None = Field(default=None, max_length=100)
    catalogue_id: str | None = Field(default=None, max_length=100)
    effect_id: int | None = Field(default=None, foreign_key="effect.id")
    by: str = Field(max_length=200)
    note: str = Field(default="", sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Case(SQLModel, table=True):
    """One episode in one account. `version` counts its decision-log entries: a gap there is a lost entry.

    `next_at` is when an agent should look (again); None means not by itself. `ends_at` is when the
    case closes with whatever the account has done by then.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "one_open_case_per_account",
            "account_id",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("cases_to_look_at", "state", "next_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    state: str = Field(default=CaseState.OPEN, max_length=20)
    version: int = 0
    drop: Json = _json()
    opened_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    contacted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = Field(default=None, max_length=20)


class Proposal(SQLModel, table=True):
    """What an agent or a reviewer suggests. Immutable; `action_hash` is the hash of what would happen.

    `medium` is over what it would go, `audience` who would get it: the customer, or a colleague of ours.
    `busy_*` is the time of a host that it takes, so that two cases are not offered one slot.
    """

    __table_args__ = (UniqueConstraint("case_id", "action_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id")
    action_hash: str = Field(max_length=64, index=True)
    parent_hash: str | None = Field(default=None, max_length=64)
    account_id: int = Field(foreign_key="account.id")
    contact_id: int = Field(foreign_key="contact.id")
    tool: str = Field(max_length=100)
    catalogue_id: str = Field(max_length=100)
    arguments: Json = _json()
    message: Json = _json()
    label: str = Field(default="", sa_type=Text)
    value: float = 0.0
    agent: Json = _json()
    why: str = Field(default="", sa_type=Text)
    busy_host: str | None = Field(default=None, max_length=320)
    busy_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    busy_until: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    medium: str = Field(default=EMAIL, max_length=40)
    audience: str = Field(default=CUSTOMER, max_length=20)
    created_at: datetime = Field(sa_type=UtcDateTime)


class Review(Listed, Shown, table=True):
    """A place in the queue: one proposal that waits for a person. `verdict` is what was asked and why.

    `first_approved_by` is who approved where two people must. `escalated_at`: it waited too long
    once, and `expires_at` is when it is dropped. `lifted_*`: who ended what a rejection held back, and when.
    """

    # A number is never given twice: a planted item draws one and leaves no row here.
    __table_args__ = (
        Index("reviews_by_state", "state", "expires_at", "snoozed_until"),
        Index("reviews_of_account", "account_id", "state", "decided_at"),
        Index("reviews_decided", "decided_at"),
        Index("reviews_asked", "asked_at", "state", "decided_at"),
        Index(
            "queue_order", "priority", "id", "snoozed_until", "asked_at", "tool", "plan", "region", "owner",
            "assignee", "sought",
            sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'"),
        ),
        *queue_asides(),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    proposal_id: int = Field(foreign_key="proposal.id")
    action_hash: str = Field(max_length=64)
    verdict: Json = _json()
    first_approved_by: str | None = Field(default=None, max_length=200)
    code: str | None = Field(default=None, max_length=40)
    note: str = Field(default="", sa_type=Text)
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_by: str | None = Field(default=None, max_length=200)


class Effect(SQLModel, table=True):
    """One act in the outside world. Its intent is committed before the call, under a lease with a fence.

    `epoch` rises with every claim: whoever completes must still hold the epoch it claimed.
    `proposed_at` is when its proposal was last judged anew: from then on it grows old. `part` is
    "message" for the act that was proposed; any other follows from the customer's answer to it: the act
    `parent_id`, with what it needs in `payload`.
    """

    __table_args__ = (
        Index("effects_due", "state", "due_at"),
        Index("effects_of_account", "account_id", "intent_at"),
        Index("effects_by_time", "state", "intent_at", "part", "audience", "tool", "medium"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=64)
    case_id: int = Field(foreign_key="cases.id", index=True)
    proposal_id: int = Field(foreign_key="proposal.id")
    action_hash: str = Field(max_length=64)
    account_id: int = Field(foreign_key="account.id")
    contact_id: int = Field(foreign_key="contact.id")
    tool: str = Field(max_length=100)
    catalogue_id: str = Field(max_length=100)
    part: str = Field(default=MESSAGE, max_length=40)
    parent_id: int | None = Field(default=None, foreign_key="effect.id", index=True)
    medium: str = Field(default=EMAIL, max_length=40)
    audience: str = Field(default=CUSTOMER, max_length=20)
    payload: Json = _json()
    channel: str = Field(max_length=40)
    value: float = 0.0
    state: str = Field(default=EffectState.PENDING, max_length=20)
    approved_by: str | None = Field(default=None, max_length=200)
    first_approved_by: str | None = Field(default=None, max_length=200)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    intent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_owner: str | None = Field(default=None, max_length=200)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    epoch: int = 0
    attempts: int = 0
    receipt: Json = _json()
    problem: str = Field(default="", sa_type=Text)


class DecisionEntry(SQLModel, table=True):
    """One line of the decision log. `body` is canonical JSON; a sealer gives it its `position`.

    `evidence` is canonical JSON too: what a policy judged by and what it said, rule by rule. The
    body holds its hash, so that it proves itself and can be kept for less long than the entry.
    """

    __tablename__ = "decision_entry"
    __table_args__ = (
        UniqueConstraint("case_id", "step"),
        Index(
            "unsealed_entries",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    position: int | None = Field(default=None, unique=True)
    case_id: int | None = Field(default=None, foreign_key="cases.id")
    step: int | None = None
    kind: str = Field(max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
    action_hash: str | None = Field(default=None, max_length=64, index=True)
    body: str = Field(sa_type=Text)
    evidence: str | None = Field(default=None, sa_type=Text)
    entry_hash: str = Field(max_length=64)
    leaf_hash: str | None = Field(default=None, max_length=64)


class Seal(SQLModel, table=True):
    """The tree's root after `size` leaves (RFC 9162), and the right edge from which it grows."""

    size: int = Field(primary_key=True)
    root: str = Field(max_length=64)
    edge: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = Field(sa_type=UtcDateTime)


class Run(SQLModel, table=True):
    """One slot of a schedule. Any number of schedulers may insert it; the key absorbs repeats."""

    __table_args__ = (UniqueConstraint("schedule", "fire_time"), Index("runs_due", "state", "fire_time"))

    id: int | None = Field(default=None, primary_key=True)
    schedule: str = Field(max_length=40)
    fire_time: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(default=RunState.DUE, max_length=20)
    owner: str | None = Field(default=None, max_length=200)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    report: Json = _json()
