"""Tables beside the cases: policies in force, kill switches, what the model cost, suppressed addresses."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field, SQLModel

from winback.store.types import UtcDateTime

REFUSED = " refused"
"""Ends the role of a row that is no policy but a refusal."""
ENDED = " ended"
"""Ends the role of a row that says that the policy before it judges no more."""


class How(StrEnum):
    """By what a policy came into force: files that changed on the disk, the console, a kill switch."""

    DISK = "disk"
    CONSOLE = "console"
    SWITCH = "switch"


class PolicyVersion(SQLModel, table=True):
    """A policy that came into force: `rules` is its text as canonical JSON, by `hash`.

    `files` are its files as they were written, by name; None where that was not kept.

    In a role that ends in REFUSED it is a refusal: `rules` is the reason (nothing: mended since), `hash`
    what stayed in force. In one that ends in ENDED it says that `hash` judges no more.
    """

    __tablename__ = "policy_version"

    id: int | None = Field(default=None, primary_key=True)
    role: str = Field(max_length=20)
    hash: str = Field(max_length=64, index=True)
    rules: str = Field(sa_type=Text)
    author: str = Field(max_length=200)
    source: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
    how: str = Field(default=How.DISK, max_length=10, sa_column_kwargs={"server_default": How.DISK.value})
    files: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


class Pause(SQLModel, table=True):
    """A schedule that rests: nobody inserts or takes its slots. `by` wanted it, for a `reason`."""

    __tablename__ = "schedule_pause"

    schedule: str = Field(primary_key=True, max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
    by: str = Field(max_length=320)
    reason: str = Field(max_length=200)


class Switch(SQLModel, table=True):
    """A kill switch that somebody engaged, about `name` in its `scope`; engaged until it is released."""

    __tablename__ = "kill_switch"

    id: int | None = Field(default=None, primary_key=True)
    scope: str = Field(max_length=20)
    name: str = Field(max_length=200)
    reason: str = Field(max_length=200)
    engaged_at: datetime = Field(sa_type=UtcDateTime)
    engaged_by: str = Field(max_length=320)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    released_by: str = Field(default="", max_length=320)
    release_reason: str = Field(default="", max_length=200)


class ModelUse(SQLModel, table=True):
    """What one question to the model cost. `money` is in the company's currency, by the prices in the settings."""

    __tablename__ = "model_use"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    run_started_at: datetime = Field(sa_type=UtcDateTime)
    case_id: int | None = Field(default=None, foreign_key="cases.id")
    model: str = Field(max_length=200)
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0


class Suppression(SQLModel, table=True):
    """An address that nobody may write to, as a keyed hash: it outlives the erasure of the person."""

    digest: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class Installation(SQLModel, table=True):
    """What this installation drew for itself once: the key of the suppression hashes."""

    name: str = Field(primary_key=True, max_length=40)
    value: str = Field(max_length=200)
