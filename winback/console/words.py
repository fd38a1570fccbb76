"""The console's words: English in code and templates, other languages in locale/LANGUAGE/*.po, read at start.

A part has a file of its own, so that two who write do not meet in one. `N_` marks words in Python that are
translated where they are shown.
"""

import io
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from winback.errors import SetupError

FOLDER = Path(__file__).with_name("locale")
FALLBACK = "en"
LANGUAGES = {"en": "English", "hi": "हिन्दी"}


def N_(words: str) -> str:  # noqa: N802  gettext's own name
    """Words to be translated later."""
    return words


@cache
def translations(language: str) -> NullTranslations:
    """What turns English into a language; English itself needs nothing."""
    if language == FALLBACK:
        return NullTranslations()
    stream = io.BytesIO()
    write_mo(stream, catalog(language))
    stream.seek(0)
    return Translations(stream)


def catalog(language: str) -> Catalog:
    """All phrases of a language.

    Raises:
        SetupError: two files translate one phrase differently.
    """
    merged = Catalog(locale=language)
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            part = read_po(file, locale=language, abort_invalid=True)
        for message in part:
            if not message.id:
                continue
            known = merged.get(message.id, message.context)
            if known is not None and known.string != message.string:
                raise SetupError(
                    f"{message.id!r} is translated twice, differently", where=path.name, fix="take the same words"
                )
            merged[message.id] = message
    return merged


def wanted(accepted: str) -> str:
    """The first language of an Accept-Language header that there are words in."""
    for one in accepted.split(","):
        base = one.partition(";")[0].strip().partition("-")[0].lower()
        if base in LANGUAGES:
            return base
    return FALLBACK
