"""The people of the console: adding, disabling, roles, passwords. For pages, API and command line alike."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from prompts.message import clean
from winback.console.audit import What, note
from winback.console.password import check_password, hash_password
from winback.console.rights import RIGHTS, GivesTooMuchError, Right, Role
from winback.console.words import LANGUAGES
from winback.errors import ConflictError, InputError
from winback.store.console import ApiToken, SignIn, User
from winback.store.store import Store

LOGIN = re.compile(r"[^\s\x00-\x1f\x7f<>\"']{2,320}")
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class By:
    """Who does it, from where, and when; `rights` are what they may, and so what they may give to others."""

    who: str
    place: str
    at: datetime
    rights: frozenset[Right] = frozenset(Right)

    def gives(self, rights: Iterable[str]) -> None:
        """Raises GivesTooMuchError for rights that they do not have."""
        if more := sorted(set(rights) - self.rights):
            raise GivesTooMuchError(
                f"this gives the right to {', '.join(more)}, which is more than you may yourself",
                fix="take a token with these scopes, or sign in",
            )


def login_of(given: str) -> str:
    """A login as it is kept: lower case, so that it is one person's in any case.

    Raises:
        InputError: it is none.
    """
    login = given.strip().casefold()
    if not LOGIN.fullmatch(login):
        raise InputError("is no login", where=repr(given[:40]), fix="take an address or a name without spaces")
    return login


def role_of(given: str) -> Role:
    """Raises InputError for what is none."""
    try:
        return Role(given)
    except ValueError:
        raise InputError("is no role", where=repr(given[:40]), fix=f"take one of {', '.join(Role)}") from None


def new_user(
    session: Session, by: By, login: str, name: str, role: Role, password: str, *, zone: str = "UTC"
) -> User:
    """Add somebody, in the caller's transaction.

    Raises:
        InputError: the login, name or password will not do, or `by` may not as much.
        ConflictError: somebody has this login.
    """
    by.gives(RIGHTS[role])
    login, name = login_of(login), clean(name, 200).strip()
    if not name:
        raise InputError("is empty", where="name", fix="say who it is")
    check_password(password, login.partition("@")[0], login)
    if session.exec(select(User.id).where(User.login == login)).first() is not None:
        raise ConflictError("somebody has this login already", where=login, fix="take another")
    user = User(login=login, name=name, role=role, zone=zone, password=hash_password(password), created_at=by.at)
    session.add(user)
    session.flush()
    note(session, by.at, by.who, What.USER_ADDED, by.place, f"{login} as {role}")
    return user


def add_user(store: Store, by: By, login: str, name: str, role: Role, password: str, zone: str = "UTC") -> User:
    """Add somebody; raises the same."""
    with store.write("add_user") as session:
        return new_user(session, by, login, name, role, password, zone=zone)


def users(session: Session) -> list[User]:
    """All of them, by login."""
    return list(session.exec(select(User).order_by(User.login)).all())


def find_user(session: Session, login: str) -> User:
    """Raises InputError where there is none."""
    user = session.exec(select(User).where(User.login == login_of(login))).first()
    if user is None:
        raise InputError("nobody has this login", where=login[:40], fix="see 'winback user list'")
    return user


def change_role(store: Store, by: By, login: str, role: Role) -> None:
    """Raises InputError; ConflictError where no operator would be left."""

    def change(session: Session, user: User) -> None:
        by.gives(RIGHTS[role])
        if user.role == Role.OPERATOR and role is not Role.OPERATOR:
            _another_operator(session, user)
        note(session, by.at, by.who, What.ROLE_CHANGED, by.place, f"{user.login}: {user.role} to {role}")
        user.role = role

    _change(store, login, change)


def set_disabled(store: Store, by: By, login: str, disabled: bool) -> None:
    """Let nobody in by this login, or let them in again; whatever they were signed in with is over.

    Raises:
        InputError: there is no such login.
        ConflictError: no operator would be left.
    """

    def change(session: Session, user: User) -> None:
        if not disabled:
            by.gives(RIGHTS[Role(user.role)])
        if disabled == (user.disabled_at is not None):
            return
        if disabled:
            if user.role == Role.OPERATOR:
                _another_operator(session, user)
            end_sign_ins(session, user.id or 0)
            for token in session.exec(select(ApiToken).where(ApiToken.user_id == user.id)):
                token.revoked_at = token.revoked_at or by.at
        user.disabled_at = by.at if disabled else None
        what = What.USER_DISABLED if disabled else What.USER_ENABLED
        note(session, by.at, by.who, what, by.place, user.login)

    _change(store, login, change)


def set_password(store: Store, by: By, login: str, password: str, *, keep: int | None = None) -> None:
    """A new password; every sign-in but `keep` is over. Raises InputError."""

    def change(session: Session, user: User) -> None:
        by.gives(RIGHTS[Role(user.role)])
        check_password(password, user.login.partition("@")[0], user.login)
        user.password, user.failed, user.locked_until = hash_password(password), 0, None
        end_sign_ins(session, user.id or 0, keep=keep)
        note(session, by.at, by.who, What.PASSWORD_CHANGED, by.place, user.login)

    _change(store, login, change)


def link(store: Store, by: By, login: str, subject: str | None) -> None:
    """Let whom the provider calls `subject` (see `oidc_people.subject_of`) in as this user; None: nobody any more.

    Whatever the user was signed in with is over.

    Raises:
        InputError: there is no such login.
        ConflictError: somebody else is linked to this subject.
    """

    def change(session: Session, user: User) -> None:
        if subject:
            by.gives(RIGHTS[Role(user.role)])
        other = session.exec(select(User).where(User.subject == subject)).first() if subject else None
        if other is not None and other.id != user.id:
            raise ConflictError("is linked to this subject already", where=other.login, fix="unlink them first")
        if subject == user.subject:
            return
        end_sign_ins(session, user.id or 0)
        what = What.LINKED if subject else What.UNLINKED
        note(session, by.at, by.who, what, by.place, f"{user.login}: {subject or user.subject}")
        user.subject = subject

    _change(store, login, change)


def unlock(store: Store, by: By, login: str) -> None:
    """Let somebody try again who was locked out. Raises InputError."""

    def change(session: Session, user: User) -> None:
        user.failed, user.locked_until = 0, None
        note(session, by.at, by.who, What.USER_UNLOCKED, by.place, user.login)

    _change(store, login, change)


def prefer(store: Store, number: int, name: str, language: str, zone: str, theme: str) -> None:
    """What somebody wants for themselves. Raises InputError."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise InputError("is no time zone", where=repr(zone[:40]), fix="write one such as Asia/Kolkata") from None
    if theme not in THEMES or language not in LANGUAGES:
        raise InputError("is none of ours", where="theme or language", fix="choose one of those shown")
    name = clean(name, 200).strip()
    if not name:
        raise InputError("is empty", where="name", fix="say who you are")
    with store.write("prefer_for_self") as session:
        user = session.get_one(User, number)
        user.name, user.language, user.zone, user.theme = name, language, zone, theme


def end_sign_ins(session: Session, user: int, *, keep: int | None = None) -> None:
    """Whatever they are signed in with is over, but for one."""
    for one in session.exec(select(SignIn).where(SignIn.user_id == user)):
        if one.id != keep:
            session.delete(one)


def nobody_yet(session: Session) -> bool:
    """Whether there is no user at all."""
    return session.exec(select(func.count()).select_from(User)).one() == 0


def _change(store: Store, login: str, change: Callable[[Session, User], None]) -> None:
    with store.write("change_user") as session:
        store.lock(session, "users")
        change(session, find_user(session, login))


def _another_operator(session: Session, user: User) -> None:
    others = select(User.id).where(
        User.role == Role.OPERATOR, col(User.disabled_at).is_(None), col(User.id) != user.id
    )
    if session.exec(others).first() is None:
        raise ConflictError("is the last operator", where=user.login, fix="make somebody else one first")
