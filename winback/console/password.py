"""Passwords: argon2id, by the parameters that argon2-cffi recommends (RFC 9106, low memory)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from winback.errors import InputError

SHORTEST, LONGEST = 12, 200
_hasher = PasswordHasher()


def check_password(password: str, *of: str) -> str:
    """A password that will do; `of` is what it must not be, such as the login.

    Raises:
        InputError: it is too short, too long, or easily guessed.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"has {len(password)} characters", where="password", fix=f"take {SHORTEST} to {LONGEST}")
    if len(set(password)) < 5 or any(one and one.lower() in password.lower() for one in of):
        raise InputError("is easily guessed", where="password", fix="take several words that are not your name")
    return password


def hash_password(password: str) -> str:
    """What is kept of it."""
    return _hasher.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Whether it is the one; without one to compare with, it takes just as long and is not."""
    try:
        return _hasher.verify(kept or _nobodys(), password[:LONGEST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody")
