"""The words of the console in each language: every one translated, none left over."""

from pathlib import Path
from string import Formatter

import jinja2.ext
import pytest
from babel.messages.extract import extract, extract_python

import winback.console
import winback.decisions.tell
import workers.hindsight.sentences
from policies.telling import Composed, has_words
from policies.words import OF_KIND, templates
from policies.words import WORDS as RULE_WORDS
from winback.console.codes import WORDS, in_words
from winback.console.words import FALLBACK, LANGUAGES, catalog, translations

HOME = Path(winback.console.__file__).parent
TOLD_ELSEWHERE = [Path(one.__file__) for one in (winback.decisions.tell, workers.hindsight.sentences)]
"""What the command line says too, in English."""
OTHERS = sorted(set(LANGUAGES) - {FALLBACK})
KEYWORDS = {
    **dict.fromkeys(("_", "N_", "gettext", "phrase", "english", "tongue", "say"), None),
    "ngettext": (1, 2),
}
EXTRACT = {".py": extract_python, ".html": jinja2.ext.babel_extract}


def used() -> set[str]:
    """Every phrase in code and templates of the console, and all that the rules' sentences are made of."""
    found: set[str] = set()
    for path in (*sorted(HOME.rglob("*")), *TOLD_ELSEWHERE):
        if path.suffix in EXTRACT:
            with path.open("rb") as file:
                for _, words, _, _ in extract(EXTRACT[path.suffix], file, keywords=KEYWORDS):  # type: ignore[arg-type]
                    found.add(words if isinstance(words, str) else words[0])
    return found | templates() | WORDS


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


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", sorted({kind for kind, _ in RULE_WORDS}))
def test_every_sentence_of_a_rule_is_translated(kind: str, language: str) -> None:
    """Each template of each kind of rule, and each value of it that is words of ours, with the same places."""
    ours = OF_KIND[kind].values.values() if kind in OF_KIND else ()
    found = [template for values in ours for template in values]
    for (of, _), words in RULE_WORDS.items():
        if of == kind:
            found += words.templates if isinstance(words, Composed) else [words]
    for template in filter(has_words, found):
        translated = translations(language).gettext(template)
        assert translated != template
        assert places(translated) == places(template), template


def test_a_code_is_said_in_words() -> None:
    """Our own in the reader's language; a plugin's tool keeps its name, and nothing is said as nothing."""
    say = translations("hi").gettext
    assert in_words("send_tutorial", str) == "send a tutorial"
    assert in_words("feature_fell", say) == "एक सुविधा का उपयोग घटा"
    assert in_words("send_flowers", say) == "send flowers"
    assert in_words("", say) == ""
