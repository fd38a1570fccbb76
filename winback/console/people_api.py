"""Users, tokens and what was noted at the door for programs: everything that the page People shows and does."""

from datetime import datetime
from typing import Annotated

from fastapi import HTTPException, Path, Query
from pydantic import BaseModel, Field

from winback.console.api import api_router, page_router
from winback.console.example import example
from winback.console.people import add_user, change_role, find_user, set_disabled, set_password, unlock, users
from winback.console.people_page import link_user, noted
from winback.console.queue.typed import Body
from winback.console.queue.wanted import Words
from winback.console.rights import Operator, Right, Role
from winback.console.token import LONGEST_DAYS, make_token, revoke_token, tokens
from winback.console.visit import Here, Number, Visit
from winback.store.console import ApiToken, User

router = page_router()
api = api_router("people")
Login = Annotated[
    Words, Field(max_length=400, description="An address, or a name without spaces.", examples=["ann@example.com"])
]
Password = Annotated[
    Words,
    Field(max_length=400, description="At least 12 characters.", examples=["four words nobody guesses"]),
]


class UserOut(BaseModel):
    """A user, without anything secret."""

    login: str
    name: str
    role: Role
    subject: str | None = Field(description="Who they are at the OpenID provider, after its address and #.")
    disabled_at: datetime | None
    locked_until: datetime | None


class TokenOut(BaseModel):
    """A token, without its secret."""

    id: int
    name: str
    login: str
    scopes: list[Right]
    expires_at: datetime
    revoked_at: datetime | None


class TokenMade(TokenOut):
    """A new token: its `secret` is in this answer and never again."""

    secret: str


class AuditOut(BaseModel):
    """One line of what was noted."""

    id: int
    at: datetime
    who: str
    what: str
    place: str
    detail: str


class Whom(Body):
    """One user."""

    login: Login


class NewUser(Whom):
    """Somebody who shall sign in."""

    name: Words = Field(max_length=400, examples=["Ann Smith"])
    role: Role = Field(examples=["reviewer"])
    password: Password


class NewRole(Whom):
    """What they shall be."""

    role: Role = Field(examples=["operator"])


class NewPassword(Whom):
    """What they shall sign in with; whatever they were signed in with is over."""

    password: Password


class NewSubject(Whom):
    """Who they are at the OpenID provider; empty: nobody any more."""

    subject: Words = Field("", max_length=700, examples=["https://id.example.com/realms/company#248289761001"])


class NewToken(Body):
    """A key for a program: whose it is, for how long, and what it may."""

    name: Words = Field(max_length=400, description="What it is for.", examples=["nightly report"])
    login: Login
    days: int = Field(ge=1, le=LONGEST_DAYS, examples=[90])
    scopes: list[Right] = Field(min_length=1, max_length=len(Right), examples=[["look"]])


@api.get("/users", responses=example("users"))
def list_users(here: Here, person: Operator) -> list[UserOut]:  # noqa: ARG001  whoever may operate
    """Everybody who may sign in."""
    with here.services.store.read() as session:
        return [_user(one) for one in users(session)]


@api.post("/users", status_code=201, responses=example("user", 201))
def add(here: Here, person: Operator, body: NewUser) -> UserOut:
    """Add somebody, who may no more than whoever adds them."""
    store, zone = here.services.store, here.services.settings.company.zone
    return _user(add_user(store, here.by(person), body.login, body.name, body.role, body.password, zone))


@api.post("/users/role", responses=example("user"))
def give_role(here: Here, person: Operator, body: NewRole) -> UserOut:
    """Another role, with no more than whoever gives it may."""
    change_role(here.services.store, here.by(person), body.login, body.role)
    return _now(here, body)


@api.post("/users/disable", responses=example("user"))
def disable(here: Here, person: Operator, body: Whom) -> UserOut:
    """Let nobody in by this login any more; their tokens are revoked."""
    set_disabled(here.services.store, here.by(person), body.login, disabled=True)
    return _now(here, body)


@api.post("/users/enable", responses=example("user"))
def enable(here: Here, person: Operator, body: Whom) -> UserOut:
    """Let them in again."""
    set_disabled(here.services.store, here.by(person), body.login, disabled=False)
    return _now(here, body)


@api.post("/users/unlock", responses=example("user"))
def let_try(here: Here, person: Operator, body: Whom) -> UserOut:
    """Let somebody try again who was locked out."""
    unlock(here.services.store, here.by(person), body.login)
    return _now(here, body)


@api.post("/users/password", responses=example("user"))
def new_password(here: Here, person: Operator, body: NewPassword) -> UserOut:
    """A new password for somebody who may no more than whoever sets it; all their sign-ins are over."""
    set_password(here.services.store, here.by(person), body.login, body.password)
    return _now(here, body)


@api.post("/users/link", responses=example("user"))
def link_to(here: Here, person: Operator, body: NewSubject) -> UserOut:
    """Let whom the provider calls so in as this user."""
    link_user(here, person, body.login, body.subject)
    return _now(here, body)


@api.get("/tokens", responses=example("tokens"))
def list_tokens(here: Here, person: Operator) -> list[TokenOut]:  # noqa: ARG001
    """Every token that was made."""
    with here.services.store.read() as session:
        return [_token(one, user) for one, user in tokens(session)]


@api.post("/tokens", status_code=201, responses=example("token_made", 201))
def add_token(here: Here, person: Operator, body: NewToken) -> TokenMade:
    """A token; one that is made with a token may no more than that one."""
    made, secret = make_token(
        here.services.store, here.by(person), body.login, body.name, list(body.scopes), body.days
    )
    return TokenMade(**_one(here, made.id or 0).model_dump(), secret=secret)


@api.post("/tokens/{number}/revoke", responses=example("token_revoked"))
def revoke(here: Here, person: Operator, number: Annotated[Number, Path(description="The token.")]) -> TokenOut:
    """Let it open nothing any more."""
    if not revoke_token(here.services.store, here.by(person), number):
        raise HTTPException(404, "there is no such token")
    return _one(here, number)


@api.get("/audit", responses=example("audit"))
def audit(
    here: Here,
    person: Operator,  # noqa: ARG001
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Lines with a lower id.")] = None,
) -> list[AuditOut]:
    """What was noted at the door and of the keys, the newest first."""
    with here.services.store.read() as session:
        return [AuditOut(**one.model_dump()) for one in noted(session, before)]


def _now(here: Visit, whom: Whom) -> UserOut:
    with here.services.store.read() as session:
        return _user(find_user(session, whom.login))


def _user(one: User) -> UserOut:
    return UserOut(
        login=one.login, name=one.name, role=Role(one.role), subject=one.subject, disabled_at=one.disabled_at,
        locked_until=one.locked_until,
    )  # fmt: skip


def _one(here: Visit, number: int) -> TokenOut:
    with here.services.store.read() as session:
        token = session.get_one(ApiToken, number)
        return _token(token, session.get_one(User, token.user_id))


def _token(one: ApiToken, user: User) -> TokenOut:
    return TokenOut(
        id=one.id or 0, name=one.name, login=user.login, scopes=[Right(name) for name in one.scopes],
        expires_at=one.expires_at, revoked_at=one.revoked_at,
    )  # fmt: skip
