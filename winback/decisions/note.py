"""Signed notes (C2SP signed-note) with Ed25519: a text, an empty line, a signature line."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from winback.errors import InputError

ED25519 = b"\x01"
KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


class NotSigned(ValueError):  # noqa: N818  said of a note
    """A note that this key did not sign; the text says how one can tell."""


@dataclass(frozen=True)
class VerifierKey:
    """Whom to believe: the public half of a key, with the name under which it signs."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256 over name, line feed, kind of key and key."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def short(self) -> str:
        """How it is named to a person."""
        return f"{self.name}+{self.id.hex()}"

    def __str__(self) -> str:
        """The form in which it is handed over: `name+id+base64`."""
        return f"{self.short}+{base64.b64encode(ED25519 + self.public).decode()}"

    def open(self, note: str) -> str:
        """The text of a note that this key has signed.

        Raises:
            NotSigned: somebody else has, or nobody, or the text was changed.
        """
        text, between, last = note.rpartition("\n\n")
        if not between or not last.startswith(f"— {self.name} ") or not last.endswith("\n") or "\n" in last[:-1]:
            raise NotSigned(f"is not a note that {self.name} has signed")
        signed = _decoded(last[:-1].rpartition(" ")[2])
        if signed is None or len(signed) != 4 + 64:
            raise NotSigned("its signature cannot be read")
        if signed[:4] != self.id:
            raise NotSigned(f"is signed with another key ({self.name}+{signed[:4].hex()}), not with {self.short}")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signed[4:], f"{text}\n".encode())
        except InvalidSignature:
            raise NotSigned("its text is not the one that was signed") from None
        return f"{text}\n"


@dataclass(frozen=True)
class SigningKey:
    """The secret half: `seed` is 32 bytes that nobody else may know."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note of a text that ends with a line feed."""
        signature = base64.b64encode(self.verifier.id + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def read_verifier_key(text: str) -> VerifierKey:
    """A key as `winback log key` prints it.

    Raises:
        InputError: this is none.
    """
    found = KEY.fullmatch(text.strip())
    public = _decoded(found[3]) if found else None
    if found and public and len(public) == 33 and public[:1] == ED25519:
        key = VerifierKey(found[1], public[1:])
        if key.id.hex() == found[2]:
            return key
    raise InputError("is not a verifier key", where=text.strip()[:100], fix="give what 'winback log key' printed")


def _decoded(text: str) -> bytes | None:
    """The bytes of base64; None for any other text, also one that only decodes to the same."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None
