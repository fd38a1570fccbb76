"""Tables beside the cases: policies in force, what the model cost, addresses that nobody may write to."""

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from winback.store.types import UtcDateTime

REFUSED = " refused"
"""Ends the role of a row that is no policy but a refusal."""


class PolicyVersion(SQLModel, table=True):
    """A policy that came into force: `rules` is its text as canonical JSON, by `hash`.

    In a role that ends in REFUSED it is a refusal: `rules` is the reason (nothing: mended since), `hash`
    what stayed in force.
    """

    __tablename__ = "policy_version"

    id: int | None = Field(default=None, primary_key=True)
    role: str = Field(max_length=20)
    hash: str = Field(max_length=64, index=True)
    rules: str = Field(sa_type=Text)
    author: str = Field(max_length=200)
    source: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)


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
