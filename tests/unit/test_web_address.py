"""Which addresses may get signed or secret things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.web_address import refusal


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "https://a.example:8443/x?y=z",
        "HTTPS://A.example/",
        "https://[2001:db8::1]/x",
        "http://127.0.0.1:8000/x",
        "http://127.9.9.9/",
        "http://[::1]:80/x",
        "http://localhost/x",
    ],
)
def test_can_be_used(url: str) -> None:
    """https anywhere, http on loopback."""
    assert refusal(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://10.0.0.1/",
        "http://[2001:db8::1]/",
        "HTTP://a.example/",
    ],
)
def test_in_the_clear(url: str) -> None:
    """Plain http off loopback is refused for what it is."""
    assert refusal(url) == "would go over the wire in the clear"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "ftp://a.example/",
        "https://",
        "https:///x",
        "https://user:pw@a.example/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://[::1/",
        "https://[1::2::3]/",
        "https://a.example/a b",
        "https://a.example/\n",
        "https://a.example\\@b.example/",
        "https://ä.example/",
        "https://a.example/é",
    ],
)
def test_is_none(url: str) -> None:
    """What is no plain address is refused, without being shown."""
    problem = refusal(url)
    assert problem is not None
    assert problem.startswith("is not a web address")


@given(st.text(max_size=80))
def test_any_text_is_survived(text: str) -> None:
    """Whatever is given, the answer is a word of ours or none."""
    assert refusal(f"https://{text}") in (
        None,
        refusal(""),
        "is not a web address: its host or port makes no sense",
    )
