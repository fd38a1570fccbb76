"""Keys for programs: made by an operator, shown once, kept as a hash."""

from datetime import timedelta

from sqlmodel import Session, col, select

from prompts.message import clean
from winback.console.audit import What, note
from winback.console.door import digest_of, new_secret
from winback.console.people import By, find_user
from winback.console.rights import RIGHTS, Right, Role
from winback.errors import InputError
from winback.store.console import ApiToken, User
from winback.store.store import Store

LONGEST_DAYS = 366
MARK = "wb_"
"""Begins every token, so that one that was leaked is found by who looks for such."""


def make_token(store: Store, by: By, login: str, name: str, scopes: list[str], days: int) -> tuple[ApiToken, str]:
    """A token of somebody's, and its secret, which nobody sees again.

    Raises:
        InputError: there is no such login, or a scope that they or `by` may not have.
    """
    name = clean(name, 200).strip()
    if not name:
        raise InputError("is empty", where="name", fix="say what the token is for")
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError("is too long or too short", where="days", fix=f"take 1 to {LONGEST_DAYS}")
    secret = MARK + new_secret()
    with store.write("make_token") as session:
        user = find_user(session, login)
        wanted = sorted(_scopes(scopes, user))
        by.gives(wanted)
        token = ApiToken(
            digest=digest_of(secret), name=name, scopes=wanted, user_id=user.id or 0,
            created_at=by.at, expires_at=by.at + timedelta(days=days),
        )  # fmt: skip
        session.add(token)
        session.flush()
        note(session, by.at, by.who, What.TOKEN_MADE, by.place, f"{name} for {user.login}: {', '.join(wanted)}")
    return token, secret


def _scopes(given: list[str], user: User) -> set[str]:
    allowed = {one.value for one in RIGHTS[Role(user.role)]}
    if not given or not set(given) <= {one.value for one in Right}:
        raise InputError("are none", where="scopes", fix=f"take some of {', '.join(Right)}")
    if not set(given) <= allowed:
        raise InputError(
            f"are more than a {user.role} may", where="scopes", fix=f"take some of {', '.join(allowed)}"
        )
    return set(given)


def tokens(session: Session) -> list[tuple[ApiToken, User]]:
    """All that were made, with whose they are, the newest first."""
    query = select(ApiToken, User).join(User, col(ApiToken.user_id) == User.id).order_by(col(ApiToken.id).desc())
    return list(session.exec(query).all())


def revoke_token(store: Store, by: By, number: int) -> bool:
    """Let it open nothing any more; False where there is none."""
    with store.write("revoke_token") as session:
        token = session.get(ApiToken, number)
        if token is None:
            return False
        if token.revoked_at is None:
            token.revoked_at = by.at
            note(session, by.at, by.who, What.TOKEN_REVOKED, by.place, token.name)
        return True
