"""What a place in the queue is listed by, who has it in hand, and what became of it since it was shown."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, Index, text
from sqlmodel import Field, SQLModel

from winback.store.types import ReviewState, UtcDateTime

NAME, SOUGHT, OWNER = 100, 200, 100
"""Lengths that an index can hold, whatever the alphabet."""


ASIDE = {"queue_claimed": "claimed_until", "queue_escalated": "escalated_at", "queue_second": "first_approved_by"}
"""Indexes of the queue over what is said of few items that wait."""


def queue_asides() -> list[Index]:
    """Made anew: an index belongs to one table."""
    known = {name: text(f"state = 'pending' AND {column} IS NOT NULL") for name, column in ASIDE.items()}
    return [Index(name, ASIDE[name], sqlite_where=where, postgresql_where=where) for name, where in known.items()]


class Listed(SQLModel):
    """What the list is ordered, filtered and searched by: written when it is queued, mended when it changes.

    `stake` is what the account is worth a month. `priority` is workers.queue_row.priority: higher goes
    first. `sought` is the account's key and name in small letters.
    """

    state: str = Field(default=ReviewState.PENDING, max_length=20)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    snoozed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    escalated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    account_id: int = 0
    tool: str = Field(default="", max_length=NAME)
    template: str = Field(default="", max_length=200)
    stake: float = 0.0
    priority: float = Field(default=0.0, sa_type=Float)
    plan: str | None = Field(default=None, max_length=NAME)
    region: str | None = Field(default=None, max_length=10)
    owner: str | None = Field(default=None, max_length=OWNER)
    sought: str = Field(default="", max_length=SOUGHT)
    assignee: str | None = Field(default=None, max_length=NAME)
    claimed_by: str | None = Field(default=None, max_length=200)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=200)
    took_seconds: float | None = None


class Shown(SQLModel):
    """What a person was shown: `version` counts changes, each kept in `changes`; `facts` are those of then."""

    version: int = 1
    changes: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON, nullable=False)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)


class ReviewMark(SQLModel, table=True):
    """A word that a queue item is found by: a rule that asked for review, or a tag of its account."""

    __tablename__ = "review_mark"
    __table_args__ = (Index("marks_of_review", "review_id"),)

    kind: str = Field(primary_key=True, max_length=10)
    word: str = Field(primary_key=True, max_length=200)
    review_id: int = Field(foreign_key="review.id", primary_key=True)


class SavedView(SQLModel, table=True):
    """A filter of the list that somebody keeps under a name."""

    __tablename__ = "saved_view"

    person: str = Field(primary_key=True, max_length=200)
    name: str = Field(primary_key=True, max_length=NAME)
    filters: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    at: datetime = Field(sa_type=UtcDateTime)


class Planted(Listed, table=True):
    """An item with a known fault, put before reviewers to see whether they find it.

    It has no proposal, and every effect needs one: nobody can make it act. `id` is drawn from the numbers of
    queue items. `copied_id` is the proposal that it looks like, `like_id` the item in which that was asked;
    `message` and `arguments` are what is shown.
    """

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    fault: str = Field(max_length=40)
    planted_by: str = Field(max_length=200)
    copied_id: int = Field(foreign_key="proposal.id", index=True)
    like_id: int = Field(foreign_key="review.id")
    action_hash: str = Field(max_length=64)
    arguments: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    message: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    verdict: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    code: str | None = Field(default=None, max_length=40)
