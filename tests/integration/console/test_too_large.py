"""A body that is too large is answered whole, however much of it the client still has to send."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.integration.console.house import House
from winback.console.app import BODY_LIMIT
from winback.web.guard import BODY_SECONDS

PATH = "/api/v1/decisions/1/replay"


def sent(console: House, size: int) -> bytes:
    """What a client gets that sends everything before it reads, as most do."""
    place = urlsplit(console.address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as client:
        head = f"POST {PATH} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {size}\r\n\r\n"
        client.sendall(head.encode() + b"x" * size)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 700_000, 6_000_000])
def test_the_answer_comes_whole(one_console: House, size: int) -> None:
    """A connection that is closed while something was not read is reset, and takes the answer with it."""
    begun = time.monotonic()
    head, _, body = sent(one_console, size).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in head
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert time.monotonic() - begun < BODY_SECONDS
