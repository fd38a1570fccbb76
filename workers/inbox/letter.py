"""A mail taken apart without trust: whatever its bytes are, reading it ends, and raises nothing.

The standard parser raises many things on malformed text; they are caught here, and only here.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from tools.channels.address import is_address

LIMIT = 1_048_576
"""Bytes of a message that are read. What a person or a mail server says stands before what is attached."""
DEPTH, PARTS, NESTS = 10, 100, 30
HEADER = 10_000
TEXT = 200_000
MALFORMED = (ArithmeticError, AssertionError, AttributeError, LookupError, MessageError, RecursionError, TypeError,
             ValueError)  # fmt: skip
"""What the standard library raises on hostile text."""

_NEST = re.compile(rb"(?i)multipart/")
_KEY = re.compile(r"(?i)(?<![0-9a-z])([0-9a-f]{64})@")
# Others are no charsets of mail, and some of Python's take quadratic time.
_CHARSET = re.compile(
    r"(?i)utf-?(?:8|16(?:le|be)?)|(?:us-)?ascii|iso-8859-\d{1,2}|(?:windows-|cp)\d{3,4}|koi8-[ru]|gb(?:2312|k|18030)"
    r"|big5|shift_jis|euc-(?:jp|kr)|iso-2022-jp"
)


class Letter:
    """One message, or one part of it."""

    def __init__(self, message: "Message[str, str]", depth: int = 0) -> None:
        self._message = message
        self._depth = depth
        self._headers: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            self._headers.setdefault(name.lower(), []).append(" ".join(str(value)[:HEADER].split()))

    def header(self, name: str) -> str:
        """The first header of this (lower-case) name on one line, as it stands; empty if there is none."""
        return self._headers.get(name, [""])[0]

    def has(self, name: str) -> bool:
        return name in self._headers

    @property
    def kind(self) -> str:
        """Its media type, such as text/plain."""
        return self.header("content-type").partition(";")[0].strip().lower() or "text/plain"

    @property
    def subject(self) -> str:
        return _plain(self.header("subject")[:1000])

    @property
    def at(self) -> datetime | None:
        """The moment it says of itself, if it says one."""
        with suppress(*MALFORMED):
            found = parsedate_to_datetime(self.header("date")[:100])
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        return None

    def addresses(self, name: str) -> tuple[str, ...]:
        """The plain addresses of a header, in lower case."""
        with suppress(*MALFORMED):
            found = [one.lower() for _, one in getaddresses([self.header(name)[:1000]])]
            return tuple(one for one in found if is_address(one))
        return ()

    @property
    def sender(self) -> str:
        """The one address of From; empty when there are several or none."""
        found = self.addresses("from")
        return found[0] if len(found) == 1 else ""

    def keys(self, *names: str) -> tuple[str, ...]:
        """Keys of effects in message numbers of these headers, the newest first."""
        # Some programs encode a number that is longer than a line, though none should.
        found = [key for name in names for key in reversed(_KEY.findall(_plain(self.header(name))))]
        return tuple(dict.fromkeys(one.lower() for one in found))[:20]

    @property
    def parts(self) -> tuple["Letter", ...]:
        """What lies directly in it."""
        inside = self._message.get_payload() if self._message.is_multipart() else []
        if self._depth >= DEPTH or not isinstance(inside, list):
            return ()
        return tuple(Letter(one, self._depth + 1) for one in inside[:PARTS] if isinstance(one, Message))

    def words(self) -> Iterator["Letter"]:
        """Its texts, without attachments and without other messages that lie in it."""
        waiting, seen = [self], 0
        while waiting and seen < PARTS:
            one, seen = waiting.pop(0), seen + 1
            if one.kind.startswith("multipart/"):
                waiting[:0] = one.parts
            elif one.kind.startswith("text/") and not one.header("content-disposition").lower().startswith("att"):
                yield one

    @property
    def text(self) -> str:
        """Its own text, in whatever charset it claims; what cannot be read is replaced."""
        with suppress(*MALFORMED):
            found = self._message.get_payload(decode=True)
            if isinstance(found, bytes):
                charset = re.search(r'(?i);\s*charset\s*=\s*"?([^";\s]+)', self.header("content-type"))
                return _decoded(found[:TEXT], charset.group(1) if charset else "utf-8")
        return ""


def parse(raw: bytes) -> Letter | None:
    """Take a message apart; None when it is nested too deeply, or is none at all."""
    whole = raw[:LIMIT]
    if len(_NEST.findall(whole)) > NESTS:
        return None
    with suppress(*MALFORMED):
        return Letter(message_from_bytes(whole))
    return None


def headers_in(text: str) -> Letter | None:
    """Headers that stand in a text."""
    with suppress(*MALFORMED):
        return Letter(message_from_string(text[:HEADER]))
    return None


def keys_in(text: str) -> tuple[str, ...]:
    """Keys of effects in lines that begin as a returned message's number does."""
    found = re.findall(r"(?im)^[ \t>]{0,20}message-id:[ \t]*<?([0-9a-f]{64})@", text)
    return tuple(dict.fromkeys(one.lower() for one in found))[:20]


def _plain(value: str) -> str:
    """A header's value without the encoding of RFC 2047."""
    if "=?" in value:
        with suppress(*MALFORMED):
            return "".join(_decoded(text, charset) for text, charset in decode_header(value))
    return value


def _decoded(text: bytes | str, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    known = charset if charset and _CHARSET.fullmatch(charset) else "utf-8"
    with suppress(*MALFORMED):
        return text.decode(known, "replace")
    return text.decode("utf-8", "replace")
