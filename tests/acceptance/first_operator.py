"""The first set-up of the console, as whoever started it does it: by the link that was printed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

LINK = re.compile(r"(http://127\.0\.0\.1:\d+)(/set-up\?link=\S+)")
FIRST = {"login": "ann@example.com", "name": "Ann", "password": "four plain words together"}


@contextmanager
def set_up(line: str) -> Iterator[httpx.Client]:
    """A browser in which the first operator is signed in; `line` is what the command said."""
    found = LINK.search(line)
    assert found, line
    with httpx.Client(base_url=found[1]) as visitor:
        form = visitor.get(found[2]).text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        answer = visitor.post("/set-up", data={**hidden, **FIRST})
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        yield visitor
