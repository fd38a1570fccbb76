"""Signed notes and checkpoints: one form, one key, one text."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from winback.decisions.check_proof import ORDER, is_signed
from winback.decisions.checkpoint import Checkpoint, open_checkpoint
from winback.decisions.note import NotSigned, SigningKey, VerifierKey, read_verifier_key
from winback.errors import InputError

KEY = SigningKey("winback", bytes(range(32)))
MADE = Checkpoint("winback", 8, hashlib.sha256().digest(), datetime(2026, 11, 21, 10, tzinfo=UTC), 3)
NOTE = """winback
8
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
time 2026-11-21T10:00:00Z
number 3

— winback {signature}
"""


def test_the_form_of_a_checkpoint() -> None:
    """Others read this: C2SP tlog-checkpoint in a signed note. Ed25519 signs the same text the same way always."""
    note = KEY.sign(MADE.text)
    signed = base64.b64decode(note.splitlines()[-1].split()[-1])
    assert note == NOTE.format(signature=base64.b64encode(signed).decode())
    assert signed[:4] == hashlib.sha256(b"winback\n\x01" + KEY.verifier.public).digest()[:4]
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert signed[4:] == private.sign(note.rpartition("\n\n")[0].encode() + b"\n")
    assert open_checkpoint(note, KEY.verifier) == MADE


def test_a_key_of_somebody_else_can_be_read() -> None:
    """The form is not ours: this is the key of the Go project's checksum database."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    key = read_verifier_key(text)
    assert (key.name, key.id.hex(), str(key)) == ("sum.golang.org", "033de0ae", text)


@pytest.mark.parametrize(
    "text",
    ["", "winback", "winback+00000000+AAAA", f"x{KEY.verifier}", str(KEY.verifier)[:-1], f"{KEY.verifier} x"],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """In one line that says where to get one."""
    with pytest.raises(InputError, match="is not a verifier key; give what 'winback log key' printed"):
        read_verifier_key(text)


@given(st.integers(0, 300), st.integers(0, 6))
def test_any_changed_character_is_refused(at: int, bit: int) -> None:
    """In the text, in the name, in the signature."""
    note = KEY.sign(MADE.text)
    at %= len(note)
    changed = note[:at] + chr(ord(note[at]) ^ 1 << bit) + note[at + 1 :]
    with pytest.raises(NotSigned):
        open_checkpoint(changed, KEY.verifier)


def test_the_reason_says_how_one_can_tell() -> None:
    """Another key, another text, no note, no checkpoint."""
    note = KEY.sign(MADE.text)
    other = SigningKey("winback", bytes(32)).verifier
    for given_note, key, reason in (
        (note, other, rf"signed with another key \({KEY.verifier.short.replace('+', '.')}\)"),
        (note.replace("\n8\n", "\n9\n"), KEY.verifier, "its text is not the one that was signed"),
        ("x", KEY.verifier, "is not a note that winback has signed"),
        (KEY.sign("hello\n"), KEY.verifier, "is signed, but no checkpoint"),
    ):
        with pytest.raises(NotSigned, match=reason):
            open_checkpoint(given_note, key)


WITNESS = f"— witness.example {base64.b64encode(bytes(76)).decode()}\n"


def test_lines_of_others_are_passed_over() -> None:
    """C2SP signed-note: unknown keys are ignored, also one of the same name; ours must be there and be right."""
    note = KEY.sign(MADE.text)
    text, _, own = note.rpartition("\n\n")
    other = SigningKey("winback", bytes(32)).sign(MADE.text).rpartition("\n\n")[2]
    for lines in (own + WITNESS, WITNESS + own, other + own + WITNESS, WITNESS * 15 + own):
        assert open_checkpoint(f"{text}\n\n{lines}", KEY.verifier) == MADE
    wrong = own.replace(own[-10], "A" if own[-10] != "A" else "B")
    for lines in (WITNESS, other, other + WITNESS, WITNESS + wrong, own + "x\n", own + WITNESS[:-1], own + "\n"):
        with pytest.raises(NotSigned):
            open_checkpoint(f"{text}\n\n{lines}", KEY.verifier)


def test_of_two_lines_of_ours_both_must_be_right() -> None:
    """A second one that does not fit the text is a forger's try, not a stranger's."""
    note = KEY.sign(MADE.text)
    with pytest.raises(NotSigned, match="its text is not the one that was signed"):
        open_checkpoint(note + KEY.sign("another\n").rpartition("\n\n")[2], KEY.verifier)


def test_a_secret_is_not_shown() -> None:
    """Not by mistake in an event or a traceback."""
    assert "seed" not in repr(KEY)


# RFC 8032, section 7.1, tests 1 to 3: public key, message, signature.
VECTORS = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
     "24655141438e7a100b")),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
     "eeb00d291612bb0c00")),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
     "8dc027beceea1ec40a")),
]  # fmt: skip


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_checkers_ed25519_knows_the_published_vectors(public: str, message: str, signature: str) -> None:
    """And refuses each with one bit changed."""
    key, text, signed = (bytes.fromhex(one) for one in (public, message, signature))
    assert is_signed(key, signed, text)
    assert not is_signed(key, signed, text + b"x")
    changed = signed[:40] + bytes([signed[40] ^ 1]) + signed[41:]
    assert not is_signed(key, changed, text)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.integers(0, 64 * 8 - 1))
def test_the_checkers_ed25519_is_that_of_the_library(seed: bytes, text: bytes, bit: int) -> None:
    """What the library signs is right, and no bit of it can be changed."""
    key = SigningKey("k", seed)
    signed = base64.b64decode(key.sign(f"{text.hex()}\n").splitlines()[-1].split()[-1])[4:]
    message = f"{text.hex()}\n".encode()
    assert is_signed(key.verifier.public, signed, message)
    changed = (int.from_bytes(signed, "little") ^ 1 << bit).to_bytes(64, "little")
    try:
        assert not is_signed(key.verifier.public, changed, message)
    except ValueError as error:
        assert "not on the curve" in str(error)  # noqa: PT017  the other way to refuse


def test_a_signature_has_one_form() -> None:
    """The group's order added to it would be as right for a careless checker (RFC 8032, 8.4)."""
    signed = base64.b64decode(KEY.sign("x\n").splitlines()[-1].split()[-1])[4:]
    other = signed[:32] + (int.from_bytes(signed[32:], "little") + ORDER).to_bytes(32, "little")
    assert is_signed(KEY.verifier.public, signed, b"x\n")
    assert not is_signed(KEY.verifier.public, other, b"x\n")


def test_verifier_keys_are_told_apart_by_name() -> None:
    """The same key under another name is another signer."""
    key = KEY.verifier
    assert VerifierKey("other", key.public).id != key.id
