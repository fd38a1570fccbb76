"""Signed notes (C2SP signed-note) with Ed25519: a text, an empty line, signature lines.

A line of a key that nobody here knows, such as a witness's, is passed over.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from winback.errors import InputError

ED25519 = b"\x01"
LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
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
        text, between, block = note.rpartition("\n\n")
        lines = [LINE.fullmatch(line) for line in block.split("\n")[:-1]]
        if not between or not lines or not block.endswith("\n") or None in lines:
            raise NotSigned(f"is not a note that {self.name} has signed")
        for signature in self._own([(found[1], _decoded(found[2])) for found in lines if found]):
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, f"{text}\n".encode())
            except InvalidSignature:
                raise NotSigned("its text is not the one that was signed") from None
        return f"{text}\n"

    def _own(self, lines: list[tuple[str, bytes | None]]) -> list[bytes]:
        """The signatures of this key; NotSigned when there is none."""
        named = [signed for name, signed in lines if name == self.name]
        if not named:
            raise NotSigned(f"is not a note that {self.name} has signed")
        if any(signed is None or len(signed) <= 4 for _, signed in lines):
            raise NotSigned("its signature cannot be read")
        own = [signed[4:] for signed in named if signed and signed[:4] == self.id]
        if not own:
            others = " and ".join(f"{self.name}+{signed[:4].hex()}" for signed in named if signed)
            raise NotSigned(f"is signed with another key ({others}), not with {self.short}")
        return own


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
