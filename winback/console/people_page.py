"""For operators: users and their roles, tokens for programs, and what was noted at the door."""

from typing import Annotated

from fastapi import Form, HTTPException, Response
from sqlmodel import Session, col, select

from winback.console.api import page_router
from winback.console.oidc_people import subject_of
from winback.console.people import add_user, change_role, link, role_of, set_disabled, set_password, unlock, users
from winback.console.rights import Operator, Person, Right, Role
from winback.console.token import make_token, revoke_token, tokens
from winback.console.visit import Here, Visit
from winback.console.words import N_
from winback.store.console import Audit

router = page_router()
Typed = Annotated[str, Form(max_length=400)]
NOTED = 100


@router.get("/people")
def show(here: Here, person: Operator) -> Response:
    """The page."""
    return _page(here, person)


def _page(here: Visit, person: Person, secret: str = "") -> Response:
    with here.services.store.read() as session:
        return here.page(
            person, "people.html", users=users(session), tokens=tokens(session), noted=noted(session),
            roles=list(Role), rights=list(Right), secret=secret, now=here.services.clock.now(),
            oidc=here.services.settings.console.oidc,
        )  # fmt: skip


@router.post("/people")
def add(here: Here, person: Operator, login: Typed, name: Typed, role: Typed, password: Typed) -> Response:
    """Add somebody."""
    zone = here.services.settings.company.zone
    user = add_user(here.services.store, here.by(person), login, name, role_of(role), password, zone)
    return here.back(person, "/people", N_("%(name)s can sign in now."), name=user.name)


@router.post("/people/role")
def role(here: Here, person: Operator, login: Typed, role: Typed) -> Response:
    """Another role."""
    change_role(here.services.store, here.by(person), login, role_of(role))
    return here.back(person, "/people", N_("Saved."))


@router.post("/people/disable")
def disable(here: Here, person: Operator, login: Typed) -> Response:
    """Let nobody in by this login any more."""
    set_disabled(here.services.store, here.by(person), login, disabled=True)
    return here.back(person, "/people", N_("Saved."))


@router.post("/people/enable")
def enable(here: Here, person: Operator, login: Typed) -> Response:
    """Let them in again."""
    set_disabled(here.services.store, here.by(person), login, disabled=False)
    return here.back(person, "/people", N_("Saved."))


@router.post("/people/unlock")
def let_try(here: Here, person: Operator, login: Typed) -> Response:
    """Let somebody try again who was locked out."""
    unlock(here.services.store, here.by(person), login)
    return here.back(person, "/people", N_("Saved."))


@router.post("/people/password")
def password(here: Here, person: Operator, login: Typed, password: Typed) -> Response:
    """A new password for somebody; all their sign-ins are over."""
    set_password(here.services.store, here.by(person), login, password)
    return here.back(person, "/people", N_("Saved."))


@router.post("/people/link")
def link_to(
    here: Here, person: Operator, login: Typed, subject: Annotated[str, Form(max_length=700)] = ""
) -> Response:
    """Let whom the provider calls so in as this user; without a subject, nobody any more."""
    link_user(here, person, login, subject)
    return here.back(person, "/people", N_("Saved."))


def link_user(here: Visit, person: Person, login: str, subject: str) -> None:
    """Raises HTTPException 404 where no provider is set."""
    oidc = here.services.settings.console.oidc
    if oidc is None:
        raise HTTPException(404, "no provider is set")
    wanted = subject_of(oidc.issuer, subject) if subject.strip() else None
    link(here.services.store, here.by(person), login, wanted)


@router.post("/people/tokens")
def add_token(
    here: Here,
    person: Operator,
    name: Typed,
    login: Typed,
    days: Annotated[int, Form()],
    scopes: Annotated[list[str], Form()],
) -> Response:
    """A token; its secret is shown on this answer and never again."""
    _, secret = make_token(here.services.store, here.by(person), login, name, scopes, days)
    return _page(here, person, secret)


@router.post("/people/tokens/{number}/revoke")
def revoke(here: Here, person: Operator, number: int) -> Response:
    """Let a token open nothing any more."""
    if not revoke_token(here.services.store, here.by(person), number):
        raise HTTPException(404, "there is no such token")
    return here.back(person, "/people", N_("Saved."))


def noted(session: Session, before: int | None = None) -> list[Audit]:
    """A page of what was noted, the newest first."""
    query = select(Audit).order_by(col(Audit.id).desc()).limit(NOTED)
    if before is not None:
        query = query.where(col(Audit.id) < before)
    return list(session.exec(query).all())
