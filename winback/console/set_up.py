"""The first set-up: a link, printed where the console is started, that makes the first operator, once."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from winback.clock import Clock
from winback.console.audit import What, note
from winback.console.door import digest_of, new_secret
from winback.console.people import By, new_user, nobody_yet
from winback.console.rights import Role
from winback.console.sign_in import open_sign_in
from winback.errors import InputError
from winback.settings_console import Console
from winback.store.console import SetupLink
from winback.store.store import Store

MINUTES = 60
PATH = "/set-up"


def set_up_link(store: Store, clock: Clock, address: str) -> str | None:
    """A new link, while there is no user; None afterwards."""
    with store.read() as session:
        if not nobody_yet(session):
            return None
    secret, now = new_secret(), clock.now()
    with store.write("set_up_link") as session:
        session.add(SetupLink(digest=digest_of(secret), expires_at=now + timedelta(minutes=MINUTES)))
    return f"{address}{PATH}?link={secret}"


def holds(session: Session, secret: str, by: By) -> SetupLink:
    """Raises InputError for a link that is unknown, used, or over."""
    link = session.get(SetupLink, digest_of(secret))
    if link is None or link.used_at is not None or link.expires_at <= by.at or not nobody_yet(session):
        raise InputError(
            "does not hold", where="this link", fix="start 'winback up' or 'winback serve' again for a new one"
        )
    return link


@dataclass(frozen=True)
class First:
    """What the first operator types."""

    login: str
    name: str
    password: str
    zone: str
    browser: str = ""


def set_up(store: Store, settings: Console, by: By, secret: str, first: First) -> str:
    """Make the first operator; gives the secret of their sign-in.

    Raises:
        InputError: the link does not hold, or what they typed will not do.
    """
    with store.write("set_up") as session:
        store.lock(session, "users")
        holds(session, secret, by)
        for one in session.exec(select(SetupLink).where(col(SetupLink.used_at).is_(None))):
            one.used_at = by.at
        user = new_user(session, by, first.login, first.name, Role.OPERATOR, first.password, zone=first.zone)
        note(session, by.at, user.login, What.SIGNED_IN, by.place, "by the set-up link")
        return open_sign_in(session, settings, user.id or 0, first.browser, by)
