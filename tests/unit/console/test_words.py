"""The words of the console in each language: every one translated, none left over."""

from pathlib import Path
from string import Formatter

import jinja2.ext
import pytest
from babel.messages.extract import extract, extract_python

import winback.console
from winback.console.words import FALLBACK, LANGUAGES, catalog, translations

HOME = Path(winback.console.__file__).parent
OTHERS = sorted(set(LANGUAGES) - {FALLBACK})
KEYWORDS = {
    **dict.fromkeys(("_", "N_", "gettext", "phrase", "english", "tongue"), None),
    "ngettext": (1, 2),
}
EXTRACT = {".py": extract_python, ".html": jinja2.ext.babel_extract}


def used() -> set[str]:
    """Every phrase in code and templates."""
    found: set[str] = set()
    for path in sorted(HOME.rglob("*")):
        if path.suffix in EXTRACT:
            with path.open("rb") as file:
                for _, words, _, _ in extract(EXTRACT[path.suffix], file, keywords=KEYWORDS):  # type: ignore[arg-type]
                    found.add(words if isinstance(words, str) else words[0])
    return found


def places(words: str) -> set[str]:
    """The values that a phrase holds: %(name)s, or {name} in the words of evidence."""
    if "{" in words:
        return {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    seen: set[str] = set()

    class Names(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            seen.add(key)
            return ""

    assert isinstance(words % Names(), str)
    return seen


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_translated_and_none_is_left_over(language: str) -> None:
    """What the code and the templates say is what the files translate."""
    known = {one.id if isinstance(one.id, str) else one.id[0] for one in catalog(language) if one.id}
    assert sorted(used() - known) == [], "not translated"
    assert sorted(known - used()) == [], "translated, but nowhere said"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_words_and_the_same_values(language: str) -> None:
    """None is empty, and each has a place for whatever the English one has a place for."""
    for message in catalog(language):
        if message.id:
            ours = message.id if isinstance(message.id, tuple | list) else (message.id,)
            theirs = message.string if isinstance(message.string, tuple | list) else (message.string,)
            assert all(theirs), message.id
            assert not message.fuzzy, message.id
            assert {name for one in ours for name in places(one)} == {
                name for one in theirs for name in places(one)
            }, message.id


def test_hindi_is_hindi() -> None:
    """Every phrase has letters of Devanagari."""
    phrases = [translations("hi").gettext(one) for one in used()]
    assert [one for one in phrases if not any("\u0900" <= letter <= "\u097f" for letter in one)] == []


def test_english_says_what_stands_there() -> None:
    """There is nothing to translate."""
    assert translations("en").gettext("Overview") == "Overview"
