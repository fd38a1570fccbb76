"""Where the key of the checkpoints is: in the environment, or in a file that only its owner can read."""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from winback.decisions.note import SigningKey
from winback.decisions.once import write_once
from winback.errors import InputError, SetupError
from winback.settings import Settings
from winback.usage.atomic import writing

SEED = 32


def new_seed() -> str:
    """A fresh seed in base64."""
    return base64.b64encode(secrets.token_bytes(SEED)).decode()


def signing_key(settings: Settings) -> SigningKey:
    """The installation's key; its file is made on first use.

    Raises:
        InputError: what the settings or the file hold is no seed.
        SetupError: the file cannot be made or read, or others can read it.
    """
    given = settings.decisions.signing_key
    if given is not None:
        return _key(settings, given.get_secret_value(), "decisions.signing_key")
    path = key_file(settings)
    with writing(path.parent):
        if not path.exists():
            _make(path)
        if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SetupError("others can read this key", where=str(path), fix=f"chmod 600 {path}")
        text = path.read_text(encoding="ascii", errors="replace")
    return _key(settings, text, str(path))


def own_key(settings: Settings) -> SigningKey | None:
    """The same where there is one already; nothing is made."""
    there = settings.decisions.signing_key is not None or key_file(settings).exists()
    return signing_key(settings) if there else None


def key_file(settings: Settings) -> Path:
    """Where the key is without one in the environment."""
    return settings.home / "keys" / "checkpoint.key"


def _key(settings: Settings, text: str, where: str) -> SigningKey:
    try:
        seed = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != SEED:
        raise InputError(
            f"is not {SEED} bytes in base64", where=where, fix="make one with 'winback log key --new'"
        )
    return SigningKey(settings.decisions.origin, seed)


def _make(path: Path) -> None:
    """Whole or not at all, and never over another's: of two processes the second takes what the first made."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_once(path, f"{new_seed()}\n".encode(), mode=0o600)
