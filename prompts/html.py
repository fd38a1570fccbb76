"""A message as HTML, for mail programs that show it: the words of the plain text, nothing more.

The look is `messages/layout.html`. It names no colours, so that a dark screen keeps its own, and loads nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Literal
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prompts.message import MESSAGES, Message, clean

LAYOUT = "layout.html"
LINE_LIMIT = 10_000
_ITEM = "- "

# A link is a whole word of plain ASCII, perhaps in brackets or before a full stop.
_WORD = re.compile(
    r"""(?P<before>[(<\["'“«]*)(?P<url>(?i:https?)://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+?)"""
    r"""(?P<after>[.,;:!?)>\]"'”»।…]*)"""
)
# No user before the host (https://bank.example@evil.example), nothing encoded in it.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line, or one link, which shows exactly where it leads."""

    text: str
    link: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph and its lines, or a list and its items."""

    kind: Literal["paragraph", "list"]
    lines: tuple[tuple[Piece, ...], ...]


def render_html(message: Message) -> str:
    """The whole page; every word of the message is escaped, and only its own http(s) addresses become links."""
    return _layout().render(
        language=message.language,
        direction=_direction(message.language),
        subject=clean(message.subject, LINE_LIMIT),
        blocks=tuple(_blocks(message.body)),
    )


def _blocks(body: str) -> Iterator[Block]:
    lines = [clean(line, LINE_LIMIT) for line in body.splitlines()]
    for kind, group in groupby(lines, key=_kind):
        if kind == "list":
            yield Block("list", tuple(_pieces(line.removeprefix(_ITEM)) for line in group))
        elif kind == "paragraph":
            yield Block("paragraph", tuple(_pieces(line) for line in group))


def _kind(line: str) -> Literal["paragraph", "list", "gap"]:
    if not line:
        return "gap"
    return "list" if line.startswith(_ITEM) else "paragraph"


def _pieces(line: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for number, word in enumerate(line.split(" ")):
        before, url, after = _link(word)
        pieces.append(Piece(f"{' ' if number else ''}{before}"))
        if url:
            pieces.append(Piece(url, link=True))
        pieces.append(Piece(after))
    return tuple(_joined(pieces))


def _link(word: str) -> tuple[str, str, str]:
    """What stands before the link, the link (empty when there is none) and what stands after it."""
    found = _WORD.fullmatch(word)
    if found is None:
        return word, "", ""
    before, url, after = found.group("before", "url", "after")
    while after.startswith(")") and url.count("(") > url.count(")"):
        url, after = f"{url})", after[1:]
    try:
        host = urlsplit(url).netloc
    except ValueError:
        host = ""
    return (before, url, after) if _HOST.fullmatch(host) else (word, "", "")


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    for link, group in groupby(pieces, key=lambda one: one.link):
        if text := "".join(one.text for one in group):
            yield Piece(text, link)


def _direction(language: str) -> str:
    try:
        return str(Locale.parse(language).text_direction)
    except (UnknownLocaleError, ValueError):
        return "ltr"


@cache
def _layout() -> Template:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(MESSAGES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(LAYOUT)
