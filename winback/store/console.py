"""Who may use the console: people, their sign-ins and tokens, and what was noted of all that."""

from datetime import datetime

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field, SQLModel

from winback.store.types import UtcDateTime


class User(SQLModel, table=True):
    """A person of yours. `login` is an address or a name in lower case, so that it is unique in any case.

    `role` is a `winback.console.rights.Role`; `password` a hash (argon2id), None for who signs in elsewhere,
    where `subject` names them.
    """

    __tablename__ = "console_user"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True, max_length=320)
    name: str = Field(max_length=200)
    password: str | None = Field(default=None, max_length=300)
    subject: str | None = Field(default=None, unique=True, max_length=600)
    role: str = Field(max_length=20)
    language: str = Field(default="en", max_length=10)
    zone: str = Field(default="UTC", max_length=64)
    theme: str = Field(default="auto", max_length=10)
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failed: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignIn(SQLModel, table=True):
    """A browser that is signed in, by the hash of its cookie's secret."""

    __tablename__ = "console_sign_in"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True, max_length=64)
    user_id: int = Field(foreign_key="console_user.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    place: str = Field(default="", max_length=64)
    browser: str = Field(default="", max_length=200)


class ApiToken(SQLModel, table=True):
    """A program's key to the API, by its hash. It may no more than its user may, and no more than `scopes`."""

    __tablename__ = "console_token"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=200)
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    user_id: int = Field(foreign_key="console_user.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SetupLink(SQLModel, table=True):
    """A link that makes the first user, by the hash of its secret."""

    __tablename__ = "console_setup"

    digest: str = Field(primary_key=True, max_length=64)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Audit(SQLModel, table=True):
    """What happened at the door and to the keys: `what` is a `winback.console.audit.What`.

    `who` did it (a login, or "command line"), `place` is the address it came from, `detail` whom or what it
    was about.
    """

    __tablename__ = "console_audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    who: str = Field(max_length=320)
    what: str = Field(max_length=40)
    place: str = Field(default="", max_length=64)
    detail: str = Field(default="", sa_type=Text)
