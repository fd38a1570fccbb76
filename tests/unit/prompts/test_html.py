"""The HTML page: the words of the plain text, every one of them harmless."""

import os
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.html import LAYOUT, LINE_LIMIT, render_html
from prompts.message import MESSAGES, Message, clean, with_links
from tests.unit.prompts.test_message_golden import CASES, GOLDEN, rendered

MADE_OF_WORDS = {"p", "br", "ul", "li", "a"}
EVIL = [
    "<script>alert(1)</script>", "</td></table>", "<!--", "-->", "]]>", "&lt;b&gt;", "&#60;i>", '"', "'", "=", "`",
    "javascript:alert(1)", "data:text/html,x", "<a href='https://evil.example'>", "<img src=x onerror=y>",
    "https://x.example/a?b=1&c=2", 'https://x.example/"onclick="x', "http://a@b.example", "HTTPS://X.example",
    "{{ 7 * 7 }}", "{% raw %}", "\r\n", "\n\n",
    "\n- ", "\0", "\u202e", "\u2028", " ", "<", ">", "</title>", "<?php",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(EVIL) | st.text(max_size=8), max_size=12).map("".join)


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.open: list[str] = []
        self.links: list[list[str]] = []
        self.title = self.words = ""
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag == "a":
            self.links.append([dict(attrs)["href"] or "", ""])
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "title" in self.open:
            self.title += data
        else:
            self.words += data
        if "a" in self.open:
            self.links[-1][1] += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)

    def frame(self) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
        """The elements that every page has."""
        return [one for one in self.tags if one[0] not in MADE_OF_WORDS]


def page(body: str, subject: str = "Hi", language: str = "en") -> Page:
    return Page(render_html(Message(language, subject, body, "t", "v", {})))


PLAIN = page("one\ntwo\n\n- three https://x.example/\n")
STYLES = {tag: dict(attributes).get("style") for tag, attributes in PLAIN.tags}


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("case", ["send_tutorial", "book_call"])
def test_page_is_the_one_that_was_read(case: str, language: str) -> None:
    """The look changes only on purpose: run with WINBACK_GOLDEN=write to accept a change."""
    told = render_html(rendered(case, language))
    golden = GOLDEN / f"{case}.{language}.html"
    if os.environ.get("WINBACK_GOLDEN") == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("case", CASES)
def test_page_says_what_the_text_says(case: str, language: str) -> None:
    """Word for word the plain text, in its language, with the subject for a title."""
    message = with_links(rendered(case, language), lambda page: f"https://hello.example.com/{page}")
    found = Page(render_html(message))
    lines = [line.removeprefix("- ") for line in message.body.splitlines()]
    assert found.words.split() == " ".join(lines).split()
    assert found.title == message.subject
    assert dict(found.tags[0][1]) == {"lang": language, "dir": "ltr"}
    assert [link for link, _ in found.links] == [
        word for word in message.body.split() if word.startswith("https:")
    ]


@given(HOSTILE, HOSTILE)
def test_hostile_words_make_no_element(subject: str, body: str) -> None:
    """Whatever is said, the page has the template's elements with the template's attributes, and honest links."""
    found = page(body, subject)
    assert found.frame() == PLAIN.frame()
    assert found.others == []
    assert found.open == []
    assert found.title == clean(subject, LINE_LIMIT)
    lines = [clean(line, LINE_LIMIT) for line in body.splitlines()]
    for tag, attributes in found.tags:
        if tag in MADE_OF_WORDS:
            assert dict(attributes).get("style") == STYLES[tag]
            assert set(dict(attributes)) <= ({"href", "style"} if tag == "a" else {"style"})
    for link, shown in found.links:
        assert link == shown
        assert link.lower().startswith(("http://", "https://"))
        assert any(link in line for line in lines)


@pytest.mark.parametrize(
    ("line", "links"),
    [
        ("see https://x.example/a.", ["https://x.example/a"]),
        ("(see https://x.example/a)", ["https://x.example/a"]),
        ("https://x.example/a_(b)", ["https://x.example/a_(b)"]),
        ("(https://x.example/a_(b)).", ["https://x.example/a_(b)"]),
        ("https://x.example:8443/?q=1&r=%20#top", ["https://x.example:8443/?q=1&r=%20#top"]),
        ("http://x.example और https://y.example।", ["http://x.example", "https://y.example"]),
        ("<https://x.example/>", ["https://x.example/"]),
        ("x.example www.x.example mailto:a@b.example ftp://x.example javascript:x", []),
        ("https://bank.example@evil.example/", []),
        ("https://xn--80ak6aa92e.example", ["https://xn--80ak6aa92e.example"]),
        ("https://\u0430pple.example", []),
        ("https://x.example/\u0430", []),
        ("https://%65vil.example", []),
        ("https://[::1]/", []),
        ("https://[", []),
        ("https://", []),
        ("xhttps://x.example", []),
    ],
)
def test_what_becomes_a_link(line: str, links: list[str]) -> None:
    """A plain http(s) address that is a word of its own, and nothing that could lead elsewhere than it shows."""
    found = page(line)
    assert [link for link, _ in found.links] == links
    assert " ".join(found.words.split()) == line


def test_lines_and_lists_stay_apart() -> None:
    """A gap begins a paragraph, a line's end stays one, and lines with a dash are a list."""
    tags = [tag for tag, _ in page("one\ntwo\n- a\n- b\n\nthree\n").tags if tag in MADE_OF_WORDS]
    assert tags == ["p", "br", "ul", "li", "li", "p"]


@pytest.mark.parametrize(
    ("language", "direction"), [("en", "ltr"), ("hi", "ltr"), ("ar", "rtl"), ("qx", "ltr"), ("", "ltr")]
)
def test_direction_is_the_languages(language: str, direction: str) -> None:
    """A language that is written from the right is shown so, for a template that somebody adds."""
    shown = [dict(attributes) for _, attributes in page("x", language=language).tags]
    assert [one["dir"] for one in shown if "dir" in one] == [direction, direction]


def test_page_loads_nothing_and_fits_a_phone() -> None:
    """No picture, script, style sheet or fixed width; the only address in the layout is the reader's own link."""
    layout = (MESSAGES / LAYOUT).read_text(encoding="utf-8")
    assert {tag for tag, _ in PLAIN.tags} == {
        "html", "head", "meta", "title", "body", "table", "tr", "td", "div", "p", "br", "ul", "li", "a",
    }  # fmt: skip
    assert "://" not in layout
    assert "url(" not in layout
    assert not any(name == "src" for _, attributes in PLAIN.tags for name, _ in attributes)
    assert [dict(one)["width"] for tag, one in PLAIN.tags if tag == "table"] == ["100%"]
    assert not any(a == "width:" for a, _ in pairwise(layout.split()))
