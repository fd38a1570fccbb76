"""DKIM signatures (RFC 6376, Ed25519 as in RFC 8463): relaxed/relaxed, the same for the same mail."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from dkim import DKIM, HASH_ALGORITHMS
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import parse_pem_private_key

from winback.errors import SetupError
from winback.settings_channels import Dkim

# RFC 8301, 3.2: verifiers need not take less.
LEAST_BITS = 1024

# From stands twice: nobody can put a second one above it. A header that is named and not there cannot be added.
# RFC 8058, 4, wants the last two.
COVERED = (
    "from", "from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type",
    "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip

_WHERE = "channels.smtp.dkim"

Sign = Callable[[bytes], bytes]


def signer(settings: Dkim, sender: str) -> Sign:
    """A function that puts a signature above a mail (its bytes, with CRLF).

    The time of signing (t=) is left out, so that the same mail gets the same signature.

    Raises:
        SetupError: the key is none, or the domain is not one that may speak for the sender's.
    """
    algorithm, key = _key(settings.key.get_secret_value())
    domain = (settings.domain or sender.rpartition("@")[2]).lower()
    _check_domain(domain, sender.rpartition("@")[2].lower())

    def sign(mail: bytes) -> bytes:
        return _signature(mail, algorithm, key, domain, settings.selector) + mail

    return sign


def _signature(mail: bytes, algorithm: bytes, key: Any, domain: str, selector: str) -> bytes:
    """The header's line. `DKIM.sign` always tells the present time and needs another library for Ed25519."""
    relaxed = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    work = DKIM(mail, signature_algorithm=algorithm)
    work.hasher = HASH_ALGORITHMS[algorithm]
    names = [name.encode() for name in COVERED]
    body = work.hasher(relaxed.canonicalize_body(work.body)).digest()
    fields = [
        (b"v", b"1"),
        (b"a", algorithm),
        (b"c", relaxed.to_c_value()),
        (b"d", domain.encode()),
        (b"s", selector.encode()),
        (b"h", b" : ".join(names)),
        (b"bh", b64encode(body)),
        (b"b", b"0" * 60),  # a place holder: b= is folded onto a line of its own before it is filled
    ]
    value: bytes = work.gen_header(fields, names, relaxed, b"DKIM-Signature", key)
    return b"DKIM-Signature: " + value


@dataclass(frozen=True, slots=True)
class _Signed:
    signature: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Ed25519:
    """An Ed25519 key as dkimpy asks for a signature."""

    key: Ed25519PrivateKey

    def sign(self, digest: bytes) -> _Signed:
        return _Signed(self.key.sign(digest))


def _key(pem: str) -> tuple[bytes, Any]:
    """The algorithm's name and the key as dkimpy takes it; a PEM may have its line ends written as `\\n`."""
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own words might show some of it.
        raise SetupError(
            "the key is no private key in PEM, or it has a password",
            where=f"{_WHERE}.key",
            fix="make one: openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048",
        ) from None
    match key:
        case RSAPrivateKey() if key.key_size >= LEAST_BITS:
            plain = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
            return b"rsa-sha256", parse_pem_private_key(plain)
        case RSAPrivateKey():
            raise SetupError(
                f"an RSA key of {key.key_size} bits is too short", where=f"{_WHERE}.key", fix="use 2048 bits"
            )
        case Ed25519PrivateKey():
            return b"ed25519-sha256", _Ed25519(key)
        case _:
            raise SetupError("the key is neither RSA nor Ed25519", where=f"{_WHERE}.key", fix="use RSA, 2048 bits")


def _check_domain(domain: str, sender: str) -> None:
    """One above, below or equal to the other: DMARC (RFC 7489, 3.1.1) counts no signature of strangers."""
    if not (f".{sender}".endswith(f".{domain}") or f".{domain}".endswith(f".{sender}")):
        raise SetupError(
            f"{domain} cannot sign for messages from {sender}",
            where=f"{_WHERE}.domain",
            fix="use the domain of company.sender",
        )
