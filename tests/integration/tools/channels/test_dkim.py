"""Signatures on what a real server received, judged by dkimpy."""

import subprocess
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from typing import Any

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.integration.tools.channels.mail_server import Receiver, deliver, serving
from tests.unit.tools.situations import COMPANY, parcel
from tools.channels.channel import Parcel
from tools.channels.smtp import SmtpChannel
from tools.tool import Message
from winback.errors import SetupError
from winback.settings_channels import Smtp

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
HEADERS = (
    ("List-Unsubscribe", f"<https://app.example.com/stop/{'A' * 150}>, <mailto:success@acme.example.com>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)
PARCEL = parcel(headers=HEADERS)
HINDI = Message("hi", "क्या रिपोर्ट काम आई?", ".नमस्ते  आशा जी,\n\n.\n\nधन्यवाद।\n\n\n", "t", "v", {})


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, secret: bytes | None = None) -> str:
    locked: KeySerializationEncryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, form, locked).decode())


def received(sent: Parcel, key: str, **changes: Any) -> bytes:
    """The mail as it stood in the receiver's hands."""
    receiver = Receiver()
    with serving(receiver) as port:
        deliver(port, sent, dkim={"selector": "winback", "key": key, **changes})
    (envelope,) = receiver.received
    assert isinstance(envelope.content, bytes)
    return envelope.content


def published(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001 - dkimpy's signature
    """What the sender's DNS says."""
    if name != b"winback._domainkey.acme.example.com.":
        return b""
    public = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + b64encode(public)


def holds(mail: bytes) -> bool:
    return bool(dkim.verify(mail, dnsfunc=published))


@pytest.mark.parametrize("sent", [PARCEL, parcel(), replace(PARCEL, message=HINDI)])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_receivers_can_check_the_signature(sent: Parcel, form: PrivateFormat) -> None:
    """What arrived was signed by the sender's domain: dkimpy says so with the key from DNS."""
    mail = received(sent, pem(RSA, form))
    assert mail.startswith(b"DKIM-Signature: ")
    assert holds(mail)


def test_signature_covers_what_matters() -> None:
    """h= names the headers that a reader believes, and both that unsubscribe; From once more than it stands."""
    signature = dkim.DKIM(received(PARCEL, pem(RSA)))
    assert signature.verify(dnsfunc=published)
    covered = b"".join(signature.signature_fields[b"h"].split()).split(b":")
    assert {
        b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
        b"list-unsubscribe", b"list-unsubscribe-post",
    } == set(covered)  # fmt: skip
    assert covered.count(b"from") == 2
    assert signature.signature_fields[b"c"] == b"relaxed/relaxed"
    assert signature.signature_fields[b"d"] == b"acme.example.com"
    assert b"t" not in signature.signature_fields
    assert b"l" not in signature.signature_fields


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"https://app.example.com/stop", b"https://app.evil.example/stop"),
        (b"\r\nFrom: ", b"\r\nFrom: evil@evil.example\r\nFrom: "),
        (b"\r\nTo: ", b"\r\nTo: evil@evil.example, "),
        (b"\r\nReply-To: ", b"\r\nReply-To: evil@evil.example, "),
        (b"\r\nSubject: A", b"\r\nSubject: Another"),
        (b"\r\nDate: Fri", b"\r\nDate: Sat"),
        (b"\r\nMessage-ID: <0", b"\r\nMessage-ID: <1"),
        (b"Hello Asha", b"Hello Evil"),
        (b"multipart/alternative", b"multipart/mixed"),
    ],
)
def test_a_change_breaks_it(old: bytes, new: bytes) -> None:
    """Whoever changes, adds or takes away one of them is found out."""
    mail = received(PARCEL, pem(RSA))
    changed = mail.replace(old, new, 1)
    assert changed != mail
    assert not holds(changed)


def test_a_way_out_cannot_be_added() -> None:
    """One-click is named in h= even where there is none, so that nobody can put it in."""
    mail = received(parcel(), pem(RSA))
    assert holds(mail)
    added = b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nSubject:"
    assert not holds(mail.replace(b"\r\nSubject:", added))


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_same_parcel_same_signature(key: Any) -> None:
    """A repeat is the same bytes, the signature too."""
    assert received(PARCEL, pem(key)) == received(PARCEL, pem(key))


class PublicEd25519:
    """The public key as dkimpy asks it; its own needs a library that nothing else needs."""

    holds = False

    def verify(self, digest: bytes, signature: bytes) -> None:
        with suppress(InvalidSignature):
            ED25519.public_key().verify(signature, digest)
            self.holds = True


def test_ed25519() -> None:
    """An Ed25519 signature (RFC 8463) holds over dkimpy's reading of the mail, and not over a changed one."""
    mail = received(PARCEL, pem(ED25519))

    def judge(text: bytes) -> bool:
        work = dkim.DKIM(text)
        fields, names, lines = work.verify_headerprep(0)
        assert fields[b"a"] == b"ed25519-sha256"
        work.pk, work.keysize, work.ktag, work.seqtlsrpt = PublicEd25519(), 256, b"ed25519", False
        return bool(work.verify_sig_process(fields, names, lines[0], None) and work.pk.holds)

    assert judge(mail)
    assert not judge(mail.replace(b"One-Click", b"Two-Click"))


def test_key_with_its_line_ends_written_out() -> None:
    r"""Environments that hold one line only have a key with \n in it."""
    assert holds(received(PARCEL, pem(RSA).replace("\n", "\\n")))


@pytest.mark.parametrize("domain", ["acme.example.com", "ACME.example.com", None])
def test_domain_is_the_senders(domain: str | None) -> None:
    """Without a domain it is that of company.sender; letters' case is no matter."""
    assert holds(received(PARCEL, pem(RSA), domain=domain))


def short_key() -> str:
    command = ["openssl", "genrsa", "768"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", r"dkim\.key: the key is no private key in PEM"),
        ("secretsecret", r"dkim\.key: the key is no private key in PEM"),
        (pem(RSA)[:200], r"dkim\.key: the key is no private key in PEM"),
        (
            pem(RSA, secret=b"x"),
            r"dkim\.key: .*, or it has a password; make one: openssl",
        ),
        (pem(ec.generate_private_key(ec.SECP256R1())), r"dkim\.key: the key is neither RSA nor Ed25519"),
        (short_key(), r"dkim\.key: an RSA key of 768 bits is too short"),
    ],
)
def test_bad_key_stops_the_start(key: str, says: str) -> None:
    """A key that cannot sign is one line when the channel is made, before any mail, and nothing of it is shown."""
    settings = Smtp.model_validate({"host": "127.0.0.1", "dkim": {"selector": "winback", "key": key}})
    with pytest.raises(SetupError, match=says) as caught:
        SmtpChannel(settings, COMPANY)
    lines = [line for line in key.splitlines() if line]
    assert not any(line in f"{caught.value!r} {caught.value.__cause__!r}" for line in lines)
    assert not any(line in repr(settings) for line in lines)


@pytest.mark.parametrize(("domain", "fits"), [("example.com", True), ("mail.acme.example.com", True),
    ("other.example.com", False), ("xacme.example.com", False), ("evil.example", False)])  # fmt: skip
def test_a_strangers_domain_stops_the_start(domain: str, fits: bool) -> None:
    """A signature by a domain that receivers do not take for the sender's is refused at the start."""
    settings = {"host": "127.0.0.1", "dkim": {"selector": "winback", "key": pem(RSA), "domain": domain}}
    if fits:
        SmtpChannel(Smtp.model_validate(settings), COMPANY).close()
    else:
        with pytest.raises(SetupError, match=rf"{domain} cannot sign for messages from acme\.example\.com"):
            SmtpChannel(Smtp.model_validate(settings), COMPANY)
