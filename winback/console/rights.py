"""Who may do what: the one place where it stands, and the one place where it is asked.

A route declares a right by a parameter or a dependency of its own (`Looker`, `Decider`, `Operator`), or that
it is open to everybody (`anybody`). `check_rights` refuses an application with a route that declares neither.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from winback.console.door import Door, Who
from winback.console.words import translations
from winback.errors import InputError

CSRF = "csrf"
CSRF_HEADER = "X-CSRF-Token"
SAFE = {"GET", "HEAD", "OPTIONS"}


class Right(StrEnum):
    """LOOK at everything, DECIDE about proposals, OPERATE the machine and its people."""

    LOOK = "look"
    DECIDE = "decide"
    OPERATE = "operate"


class Role(StrEnum):
    """What a user is; each may what the one before may, and more."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.REVIEWER: frozenset({Right.LOOK, Right.DECIDE}),
    Role.OPERATOR: frozenset(Right),
}


@dataclass(frozen=True)
class Person:
    """Who asks. `csrf` goes with every form; a program that asks with a token needs none."""

    id: int
    name: str
    login: str
    role: Role
    language: str
    zone: str
    theme: str
    csrf: str
    rights: frozenset[Right]
    sign_in: int | None = None

    def may(self, right: str) -> bool:
        """Whether they have a right, by its name."""
        return right in self.rights

    def say(self, words: str) -> str:
        """Words of ours in their language."""
        return translations(self.language).gettext(words)


class NobodyError(HTTPException):
    """Nobody is signed in: a page sends them to sign in, the API says 401."""

    def __init__(self) -> None:
        super().__init__(401, "sign in first", {"WWW-Authenticate": "Bearer"})


class GivesTooMuchError(InputError):
    """Somebody would give more than they may themselves: a token with few scopes would make one with more."""


def csrf_of(secret: str) -> str:
    """The token that belongs to a cookie's secret: whoever does not have the cookie cannot make it."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


async def _given(request: Request) -> str:
    """The token that a form or a header brings."""
    if request.method in SAFE:
        return ""
    header = request.headers.get(CSRF_HEADER)
    if header is not None or not request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        return header or ""
    value = (await request.form()).get(CSRF, "")
    return value if isinstance(value, str) else ""


Given = Annotated[str, Depends(_given)]


@dataclass(frozen=True)
class Admit:
    """The dependency that lets in; None: everybody."""

    right: Right | None

    def __call__(self, request: Request, given: Given) -> Person | None:
        """Raises NobodyError, or HTTPException 403 for who may not or whose form is not ours."""
        door: Door = request.app.state.door
        if self.right is None:
            self._same_site(request, given, door.before(request))
            return None
        who = door.who(request)
        if who is None:
            raise NobodyError
        if not who.by_token:
            self._same_site(request, given, who.secret)
        person = request.state.person = person_of(who)
        if not person.may(self.right):
            raise HTTPException(403, f"this needs the right to {self.right}")
        return person

    def _same_site(self, request: Request, given: str, secret: str) -> None:
        if request.method not in SAFE and not (
            secret and hmac.compare_digest(given.encode(), csrf_of(secret).encode())
        ):
            raise HTTPException(403, "this form is not from this console, or too old: load the page again")


def person_of(who: Who) -> Person:
    """The person behind a sign-in or a token, with the rights of their role that a token leaves them."""
    user, role = who.user, Role(who.user.role)
    rights = RIGHTS[role]
    if who.by_token:
        rights &= {Right(one) for one in who.scopes}
    return Person(
        id=user.id or 0,
        name=user.name,
        login=user.login,
        role=role,
        language=user.language,
        zone=user.zone,
        theme=user.theme,
        csrf="" if who.by_token else csrf_of(who.secret),
        rights=rights,
        sign_in=who.sign_in,
    )


def may(right: Right) -> Any:
    """What a route depends on; gives the Person."""
    return Depends(Admit(right))


Looker = Annotated[Person, may(Right.LOOK)]
Decider = Annotated[Person, may(Right.DECIDE)]
Operator = Annotated[Person, may(Right.OPERATE)]
anybody = Depends(Admit(None))
"""For the few routes that need nobody: signing in, the first set-up, style and script, health."""


def declared(app: FastAPI) -> Iterator[tuple[str, str, Right | None]]:
    """Method, path and right of every route.

    Raises:
        ValueError: a route declares none, or more than one.
    """
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute):
            raise ValueError(f"{route.path} is no route that can declare a right")  # noqa: TRY004  a programmer's
        found = set(_admits(route.dependant))
        if len(found) != 1:
            raise ValueError(f"{route.path} must declare one right, and declares {len(found)}")
        (admit,) = found
        for method in sorted(route.methods or ()):
            yield method, str(route.path), admit.right


def check_rights(app: FastAPI) -> None:
    """Refuse an application in which a route was forgotten."""
    list(declared(app))


def _admits(dependant: Dependant) -> Iterator[Admit]:
    if isinstance(dependant.call, Admit):
        yield dependant.call
    for one in dependant.dependencies:
        yield from _admits(one)
