"""Customer-written text on a terminal: it may not move the cursor, change colours or be read as markup."""

import unicodedata

from rich.markup import escape


def plain_text(text: str) -> str:
    """Visible characters and line ends only, safe to give to rich."""
    kept = (
        one if one == "\n" or one in "\u200c\u200d" or unicodedata.category(one)[0] != "C" else " " for one in text
    )
    return escape("".join(kept))
