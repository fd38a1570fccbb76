"""What may not stand in a slot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.content_check import problems

FINE = (
    "We noticed that reports were used less in the last weeks.",
    "It takes about five minutes, and feel free to reply.",
    "We saw 3 of 5 people at work, on 2 days a week.",
    "आपकी रिपोर्ट का उपयोग हाल में कम हुआ है। हम मदद करना चाहेंगे।",
    "क्या हम आपकी सहायता कर सकते हैं?",
    "Teams like yours often set this up once, then forget it: it runs by itself.",
    "C'est un outil simple, n'est-ce pas ?",
    "It runs at 9 a.m. each day, e.g. on Mondays.",
)
BAD = {
    "link": (
        "see https://evil.example/x", "www.evil.example", "go to evil.com now", "EVIL.COM",
        "\uff45\uff56\uff49\uff4c\uff0ecom",
        "javascript:alert(1)", "at 10.0.0.1 now", "evil [dot] com", "evil dot com", "e\u200dvil.co\u200cm",
        "tel:112", "http://x",
    ),
    "email": ("write to ada@example.com", "ada (at) example", "ada\uff20example"),
    "phone": ("call +49 30 1234567", "0301234567", "(555) 123-4567", "फ़ोन ९८७६५४३२१०"),
    "money": ("just 20 EUR", "Rs. 500 only", "costs $5", "€ 9", "₹100", "100 रुपये", "USD 3"),
    "offer": ("a free month", "20% off", "we refund it", "a discount", "मुफ़्त में", "10 % छूट", "FREE",
        "try the upgrade"),
    "markup": ("<b>hi</b>", "**bold**", "[x](y)", "{{ name }}", "a &lt; b", "`code`", "# Title", "- item"),
    "hidden_characters": ("a\u202eb", "a\u200bb", "a\x00b", "\ufeffhello", "a\u2066b"),
    "line_break": ("one\ntwo", "one\u2028two", "one\rtwo"),
    "empty": ("", "   ", "\u200d"),
}  # fmt: skip


@pytest.mark.parametrize("text", FINE)
def test_plain_words_pass(text) -> None:
    """Plain words in English, Hindi or another language have no problem."""
    assert problems(text, limit=200) == ()


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in BAD.items() for text in texts])
def test_each_problem_is_found(word, text) -> None:
    """What the template alone may carry is found, also in disguise."""
    assert word in problems(text)


@pytest.mark.parametrize(("limit", "found"), [(5, ()), (4, ("too_long",))])
def test_the_limit(limit, found) -> None:
    """A text may be as long as the limit, and not longer."""
    assert problems("words", limit=limit) == found


def test_lines_where_they_are_allowed() -> None:
    """A body may have lines, a slot may not."""
    assert problems("one\ntwo", multiline=True) == ()


@given(st.text(), st.sampled_from(["https://evil.example", "a@b.example", "$5"]), st.text())
def test_no_surroundings_hide_a_problem(before, bad, after) -> None:
    """Whatever stands around it, a link, an address or an amount is found."""
    assert set(problems(f"{before} {bad} {after}")) & {"link", "email", "money"}


@given(st.text())
def test_every_text_has_an_answer(text) -> None:
    """No text is too strange to be judged, and the answer is always the same."""
    assert problems(text) == problems(text)
