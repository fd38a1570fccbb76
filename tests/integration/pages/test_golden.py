"""Every page in every language says exactly what it said when a person last read it.

After a change that is meant, read the difference that pytest shows; WINBACK_GOLDEN=write accepts it.
"""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.integration.pages.site import Site, site, starts
from winback.pages.words import languages
from winback.testing.world import NOON
from winback.usage.drop import DropKind
from workers.services import Services

GOLDEN = Path(__file__).parents[2] / "golden" / "pages"
VOID = {"meta", "input", "br", "link", "img", "hr"}


def accepted(one: Site, _: str) -> str:
    one.post("offer", answer="accept")
    return one.get("offer").text


def ended(one: Site, _: str) -> str:
    one.at(NOON + timedelta(days=15))
    return one.get("offer").text


def contested(one: Site, _: str) -> str:
    return one.post("why", words="I was on holiday").text


def wished(one: Site, language: str) -> str:
    choice = {"channel": "email", "topic": ["book_call"], "often": "30", "level": "advanced"}
    return one.post("preferences", language=language, **choice).text


def missing(one: Site, language: str) -> str:
    return one.client.get("/o/none-of-ours", headers={"accept-language": f"fr, {language};q=0.8"}).text


def shown(page: str) -> Callable[[Site, str], str]:
    return lambda one, _: one.get(page).text


def booked(one: Site, _: str) -> str:
    return one.post("call", do="choose", start=starts(one.get("call"))[1]).text


def cancelled(one: Site, _: str) -> str:
    one.post("call", do="choose", start=starts(one.get("call"))[0])
    return one.post("call", do="cancel").text


LIMIT, FELL, QUIET = DropKind.LIMIT_REACHED, DropKind.FEATURE_FELL, DropKind.ALL_QUIET
CASES: dict[str, tuple[DropKind, Callable[[Site, str], str]]] = {
    "offer": (LIMIT, shown("offer")),
    "offer.accepted": (LIMIT, accepted),
    "offer.declined": (LIMIT, lambda one, _: one.post("offer", answer="decline").text),
    "offer.ended": (LIMIT, ended),
    "call": (QUIET, shown("call")),
    "call.booked": (QUIET, booked),
    "call.cancelled": (QUIET, cancelled),
    "preferences": (FELL, shown("preferences")),
    "preferences.saved": (FELL, wished),
    "stop": (FELL, shown("stop")),
    "stop.done": (FELL, lambda one, _: one.post("stop", button="stop").text),
    "why": (FELL, shown("why")),
    "why.limit": (LIMIT, shown("why")),
    "why.contested": (FELL, contested),
    "survey": (FELL, shown("survey")),
    "survey.answered": (FELL, lambda one, _: one.post("survey", score="4").text),
    "problem": (FELL, missing),
}


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("case", CASES)
def test_page_is_the_one_that_was_read(few: Services, case: str, language: str) -> None:
    """A page changes only on purpose."""
    kind, visit = CASES[case]
    with site(few, kind, language=language) as one:
        page = visit(one, language)
    if folder := os.environ.get("WINBACK_PAGES_TO"):
        Path(folder, f"{case}.{language}.html").write_text(page, encoding="utf-8")
    accessible(page, language)
    told = re.sub(r"(?s)<style>.*?</style>", "<style></style>", page)
    told = re.sub(r"(\.\./[opcuws]/)[A-Za-z0-9._-]+", r"\1TOKEN", told)
    golden = GOLDEN / f"{case}.{language}.html"
    if os.environ.get("WINBACK_GOLDEN") == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


class Outline(HTMLParser):
    """What a screen reader would look for, and whether every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.unnamed: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag in ("input", "textarea", "select") and "label" not in self.open:
            self.unnamed.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def accessible(page: str, language: str) -> None:
    """One heading, a language, a name for every field, a legend for every group; nothing from elsewhere."""
    outline = Outline()
    outline.feed(page)
    outline.close()
    assert outline.open == []
    names = [tag for tag, _ in outline.tags]
    assert names.count("h1") == names.count("main") == names.count("title") == 1
    assert ("html", {"lang": language}) in outline.tags
    assert names.count("fieldset") == names.count("legend")
    labelled = {given["for"] for tag, given in outline.tags if tag == "label" and "for" in given}
    assert all(given["id"] in labelled for given in outline.unnamed)
    assert not {"script", "img", "link", "iframe", "object"} & set(names)
    for _, given in outline.tags:
        assert not {"src", "style", "onclick"} & set(given)
        assert (given.get("href") or given.get("action") or "../").startswith("../")
