"""What a sentence for a person is made of, and how it is said in the language of who reads it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter

from policies.facts import Scalar

Translate = Callable[[str], str]
"""Gives for one of our English templates that of another language, with the same places; `str` is English."""
Seen = Mapping[str, Scalar | None]

UNKNOWN, YES, NO, NO_REASON = "unknown", "yes", "no", "no reason given"


@dataclass(frozen=True, slots=True)
class Composed:
    """A sentence that is one of several templates, or is put together of some: `tell` does, of what was seen."""

    templates: tuple[str, ...]
    tell: Callable[[Seen, Translate], str]


Wording = str | Composed
"""A template with the names of what was seen in its places, or one that has to be chosen first."""


def text(value: Scalar | None, say: Translate) -> str:
    """A value as a person reads it."""
    if value is None:
        return say(UNKNOWN)
    if isinstance(value, bool):
        return say(YES) if value else say(NO)
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def retold(words: str, templates: Sequence[str], say: Translate) -> str:
    """Words of ours that were written down in English, in another language; others stay as they are.

    `templates` are all that they can have been made of.
    """
    for template in templates:
        if (found := _made_of(template).fullmatch(words)) is not None:
            return say(template).format_map(found.groupdict())
    return words


def has_words(template: str) -> bool:
    """Whether there is something in it to translate; not in a bare `{reason}`."""
    return any(words.strip() for words, _, _, _ in Formatter().parse(template))


@cache
def _made_of(template: str) -> re.Pattern[str]:
    parts = Formatter().parse(template)
    return re.compile(
        "".join(re.escape(words) + (f"(?P<{name}>.+)" if name else "") for words, name, _, _ in parts)
    )
