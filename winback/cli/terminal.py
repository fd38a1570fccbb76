"""Customer-written text on a terminal: it may not move the cursor, change colours or be read as markup."""

import unicodedata

from rich.markup import escape

JOINERS = "\u200c\u200d"
"""Some scripts cannot be written without them."""


def one_line(text: str) -> str:
    """A message in one line, with what cannot be seen in it spelt out: `\\x1b`, `\\n`."""
    return "".join(one if one.isprintable() or one in JOINERS else ascii(one)[1:-1] for one in text)


def plain_text(text: str) -> str:
    """Visible characters and line ends only, safe to give to rich."""
    kept = (one if one == "\n" or one in JOINERS or unicodedata.category(one)[0] != "C" else " " for one in text)
    return escape("".join(kept))
