"""Passwords: which will do, and that nobody's takes as long as somebody's."""

import time

import pytest

from winback.console.password import check_password, hash_password, is_password
from winback.errors import InputError

GOOD = "four plain words together"


@pytest.mark.parametrize(
    "password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "ann.smith.ann.smith", "abababababababab"]
)
def test_what_is_guessed_is_refused(password: str) -> None:
    """Too short, too long, too few letters, the login in it."""
    with pytest.raises(InputError, match="password"):
        check_password(password, "ann.smith")


def test_only_the_right_one_is_right() -> None:
    """And none where none is kept, or what is kept is no hash."""
    kept = hash_password(check_password(GOOD, "ann"))
    assert kept.startswith("$argon2id$")
    assert is_password(GOOD, kept)
    assert not is_password(GOOD + "x", kept)
    assert not is_password(GOOD, "no hash")
    assert not is_password("the password of nobody", None)


def test_nobody_takes_as_long_as_somebody() -> None:
    """Whoever measures does not learn whether there is such a login."""

    def seconds(kept: str | None) -> float:
        began = time.process_time()
        is_password("wrong", kept)
        return time.process_time() - began

    kept = hash_password(GOOD)
    seconds(None)
    somebody, nobody = min(seconds(kept) for _ in range(3)), min(seconds(None) for _ in range(3))
    assert 0.5 < nobody / somebody < 2
