"""Who comes from the provider: which user they are, what they may, and the sign-in they get."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from prompts.message import clean
from winback.console.audit import What, note
from winback.console.oidc_refusal import RefusedError, Why
from winback.console.people import LOGIN, By, end_sign_ins
from winback.console.rights import Role
from winback.console.sign_in import open_sign_in
from winback.errors import InputError
from winback.settings_console import Console, Oidc
from winback.store.console import User
from winback.store.store import Store


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is: `subject` never changes and is nobody else's; `login` and `name` are words."""

    subject: str
    login: str
    name: str
    role: Role | None


def subject_of(issuer: str, given: str) -> str:
    """A subject as it is kept, with its issuer; `given` may have the issuer already.

    Raises:
        InputError: it is none.
    """
    own = given.strip().removeprefix(f"{issuer}#")
    if not 0 < len(own) <= 255 or not own.isprintable():
        raise InputError("is no subject", where=repr(given[:40]), fix="take the one that the audit shows")
    return f"{issuer}#{own}"


def identity(settings: Oidc, claims: Mapping[str, Any]) -> Identity:
    """From verified claims. The login is an address only where the provider vouches for it."""
    own = str(claims["sub"])
    wanted = (
        claims.get("email") if claims.get("email_verified") is True else None,
        claims.get("preferred_username"),
    )
    logins = [one.strip().casefold() for one in (*wanted, own) if isinstance(one, str)]
    login = next((one for one in logins if LOGIN.fullmatch(one)), hashlib.sha256(own.encode()).hexdigest()[:16])
    given = claims.get("name")
    name = clean(given, 200).strip() if isinstance(given, str) else ""
    return Identity(subject_of(settings.issuer, own), login, name or login[:200], _role(settings, claims))


def _role(settings: Oidc, claims: Mapping[str, Any]) -> Role | None:
    """The highest that a value of the claim makes them; None: no value makes them anything."""
    found = claims.get(settings.role_claim)
    if found is None:
        found = claims
        for part in settings.role_claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    roles = {settings.roles[one] for one in values if isinstance(one, str) and one in settings.roles}
    return next((one for one in reversed(Role) if one.value in roles), None)


@dataclass(frozen=True)
class Newcomer:
    """What a user begins with who was not there before, and the browser they come by."""

    zone: str
    browser: str


def sign_in_by_provider(store: Store, settings: Console, who: Identity, by: By, new: Newcomer) -> str:
    """The secret of a new sign-in; their role is the one that the provider says now.

    Somebody unknown becomes a user of their own, never one that is there already.

    Raises:
        RefusedError: they do not get in; it is noted.
    """
    with store.write("sign_in_by_provider") as session:
        store.lock(session, "users")
        user = session.exec(select(User).where(User.subject == who.subject)).first()
        refused = _refused(session, user, who)
        if refused is None:
            user = _as_told(session, user, who, by, new.zone)
            note(session, by.at, user.login, What.SIGNED_IN, by.place, "by the provider")
            return open_sign_in(session, settings, user.id or 0, new.browser, by)
        if user is not None:
            end_sign_ins(session, user.id or 0)
        login = user.login if user else who.login
        note(session, by.at, login, What.REFUSED, by.place, f"by the provider: {refused}; {who.subject}")
    raise RefusedError(refused, subject=who.subject)


def _refused(session: Session, user: User | None, who: Identity) -> Why | None:
    if user is not None and user.disabled_at is not None:
        return Why.DISABLED
    if who.role is None:
        return Why.NO_ROLE
    if user is None and session.exec(select(User.id).where(User.login == who.login)).first() is not None:
        return Why.TAKEN
    return None


def _as_told(session: Session, user: User | None, who: Identity, by: By, zone: str) -> User:
    role = who.role or Role.VIEWER
    if user is None:
        user = User(
            login=who.login, name=who.name, role=role, zone=zone, subject=who.subject, created_at=by.at
        )  # fmt: skip
        session.add(user)
        session.flush()
        note(session, by.at, user.login, What.USER_ADDED, by.place, f"{user.login} as {role}, by the provider")
    elif user.role != role:
        detail = f"{user.login}: {user.role} to {role}, by the provider"
        note(session, by.at, user.login, What.ROLE_CHANGED, by.place, detail)
        user.role = role
    return user
