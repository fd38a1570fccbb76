"""Style and script come once and small; pages come as they are."""

import gzip

import httpx
import pytest

from tests.integration.console.house import House
from winback.console.rights import Role
from winback.console.static_files import FILES, static


def test_a_file_is_kept_by_browsers_and_comes_compressed(one_console: House) -> None:
    """Its address changes with what is in it."""
    client = one_console.nobody()
    for name, (body, kind) in FILES.items():
        answer = client.get(static(name))
        assert answer.content == body
        assert answer.num_bytes_downloaded < len(body) / (2 if len(body) > 1000 else 1)
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
    assert client.get("/static/style.css?v=other").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("encodings", "packed"),
    [
        ("identity", False),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("x-gzip", False),
    ],
)
def test_a_file_is_sent_as_it_is_asked_for(one_console: House, encodings: str, packed: bool) -> None:
    """A client that cannot unpack it gets it whole."""
    client = one_console.nobody()
    with client.stream("GET", static("style.css"), headers={"Accept-Encoding": encodings}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert (gzip.decompress(raw) if packed else raw) == FILES["style.css"][0]


def test_a_page_is_never_compressed(one_console: House) -> None:
    """It holds the form's token beside what a visitor searched for: its length would give the token away."""
    answer: httpx.Response = one_console.of(Role.OPERATOR).get("/queue?words=aaaa")
    assert answer.request.headers["accept-encoding"].startswith("gzip")
    assert "content-encoding" not in answer.headers


def test_the_icon_is_there(one_console: House) -> None:
    """Pages link it; a browser that asks for it by the old name is led to it, signed in or not."""
    client = one_console.nobody()
    page = client.get("/sign-in").text
    assert f'<link rel="icon" href="{static("icon.svg")}" type="image/svg+xml">' in page
    old = client.get("/favicon.ico")
    assert (old.status_code, old.headers["location"]) == (308, static("icon.svg"))
    icon = client.get(old.headers["location"])
    assert icon.headers["content-type"] == "image/svg+xml"
    assert icon.text.startswith("<svg")
    assert "style" not in icon.text
