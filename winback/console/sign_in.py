"""Signing in and out: one answer, after one time, to whoever does not get in."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from winback.console.audit import What, note
from winback.console.door import digest_of, new_secret
from winback.console.password import is_password
from winback.console.people import By
from winback.settings_console import Console
from winback.store.console import SignIn, User
from winback.store.store import Store


@dataclass(frozen=True)
class Try:
    """What somebody types at the door, and with what browser."""

    login: str
    password: str
    browser: str = ""


def sign_in(store: Store, settings: Console, given: Try, by: By) -> str | None:
    """The secret of a new sign-in; None for whoever does not get in, whatever the reason.

    The password is compared outside of the transaction, since it takes long, and for an unknown or
    locked login too. Failures are counted in it, so that many at once are not one.
    """
    login = given.login.strip().casefold()[:320]
    with store.read() as session:
        user = session.exec(select(User).where(User.login == login)).first()
    right = is_password(given.password, user.password if user else None)
    with store.write("sign_in") as session:
        store.lock(session, "users")
        fresh = session.exec(select(User).where(User.login == login)).first()
        if fresh is None or user is None:
            note(session, by.at, login, What.REFUSED, by.place, "unknown")
            return None
        reason = _refused(fresh, user, right, by)
        if reason:
            _count(session, settings, fresh, by, reason)
            note(session, by.at, login, What.REFUSED, by.place, reason)
            return None
        fresh.failed, fresh.locked_until = 0, None
        note(session, by.at, login, What.SIGNED_IN, by.place)
        return open_sign_in(session, settings, fresh.id or 0, given.browser, by)


def _refused(user: User, compared: User, right: bool, by: By) -> str:
    if user.disabled_at is not None:
        return "disabled"
    if user.locked_until is not None and user.locked_until > by.at:
        return "locked"
    return "" if right and user.password == compared.password else "password"


def _count(session: Session, settings: Console, user: User, by: By, reason: str) -> None:
    if reason != "password":
        return
    user.failed += 1
    if user.failed >= settings.failures:
        user.failed, user.locked_until = 0, by.at + timedelta(minutes=settings.locked_minutes)
        note(session, by.at, user.login, What.LOCKED, by.place, f"for {settings.locked_minutes} minutes")


def open_sign_in(session: Session, settings: Console, user: int, browser: str, by: By) -> str:
    """A new sign-in, in the caller's transaction; those that are over go."""
    secret = new_secret()
    for old in session.exec(select(SignIn).where(SignIn.user_id == user, col(SignIn.expires_at) <= by.at)):
        session.delete(old)
    session.add(
        SignIn(
            digest=digest_of(secret),
            user_id=user,
            created_at=by.at,
            seen_at=by.at,
            expires_at=by.at + timedelta(hours=settings.session_hours),
            place=by.place,
            browser=browser[:200],
        )
    )
    return secret


def sign_ins_of(session: Session, user: int) -> list[SignIn]:
    """Somebody's sign-ins, the newest first."""
    query = select(SignIn).where(SignIn.user_id == user).order_by(col(SignIn.id).desc())
    return list(session.exec(query).all())


def end_sign_in(store: Store, by: By, user: int, number: int, what: What = What.SIGN_IN_ENDED) -> bool:
    """End one of somebody's own sign-ins; False where it is none of theirs."""
    with store.write("end_sign_in") as session:
        row = session.exec(select(SignIn).where(SignIn.id == number, SignIn.user_id == user)).first()
        if row is None:
            return False
        session.delete(row)
        note(session, by.at, by.who, what, by.place, f"of {row.created_at:%Y-%m-%d %H:%M} UTC")
        return True
