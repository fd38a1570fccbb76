"""The words of the pages in each language."""

import string
from typing import get_args

import pytest

from policies.rules import AnyRule
from tools.registry import BUILT_IN, Registry
from winback.pages.press import STYLE
from winback.pages.words import Words, languages, phrases, words_for
from winback.store.types import EMAIL, IN_APP
from workers.answer import SCORES
from workers.prefer import LANGUAGES

NOT_TOLD = {"budget", "on_model_failure"}
"""Kinds of rules about the model, not about anybody."""


def places(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


def rule_kinds() -> set[str]:
    union, _ = get_args(AnyRule)
    return {get_args(one.model_fields["kind"].annotation)[0] for one in get_args(union)}


def test_every_language_says_the_same_things() -> None:
    """The same phrases with places for the same values."""
    assert languages() == set(LANGUAGES)
    english = {name: places(phrase) for name, phrase in phrases("en").items()}
    for language in languages():
        assert {name: places(phrase) for name, phrase in phrases(language).items()} == english


def test_hindi_is_hindi() -> None:
    """No phrase was left in English."""
    english = phrases("en")
    assert [name for name, phrase in phrases("hi").items() if phrase == english[name]] == []
    assert all(
        any("\u0900" <= one <= "\u097f" for one in phrase) or "{" in phrase for phrase in phrases("hi").values()
    )


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_everything_that_can_be_named_has_a_name(language: str) -> None:
    """Tools, channels, languages, scales."""
    words = Words(language, "UTC", "EUR")
    assert all(words.has(f"preferences.topic.{one}") for one in Registry(make() for make in BUILT_IN).topics())
    assert all(words.has(f"preferences.channel.{one}") for one in (EMAIL, IN_APP))
    assert all(words.has(f"preferences.languages.{one}") for one in LANGUAGES)
    assert all(words.has(f"why.rule.{kind}") != (kind in NOT_TOLD) for kind in rule_kinds())
    assert all(words.has(f"survey.{kind}{part}") for kind in SCORES for part in ("", "_low", "_high"))


@pytest.mark.parametrize(
    ("tag", "language"), [("hi", "hi"), ("hi-IN", "hi"), ("HI", "hi"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_what_we_do_not_speak_is_english(tag: str, language: str) -> None:
    """Whatever an import says somebody's language is."""
    assert words_for(tag, "UTC", "EUR").language == language


def test_the_style_is_small_and_loads_nothing() -> None:
    """4 KB, light and dark."""
    assert len(STYLE.encode()) <= 4096
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "prefers-color-scheme: dark" in STYLE
