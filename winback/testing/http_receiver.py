"""A receiver of webhooks on loopback that keeps what it took, once per key, and misbehaves as it is told."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST = 30.0
"""Seconds after which a misbehaving answer ends by itself, so that no test leaves a thread behind."""


@dataclass(frozen=True)
class Posted:
    """One request as it arrived; the names of headers are in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes


Misbehaviour = Callable[["Handler"], None]


@dataclass
class Receiver:
    """`replies` are used up in order, then each request gets `usual`.

    A reply is (status, body, headers), or a function that does with the connection what it likes: before
    the body is read if it is among `EARLY`. `taken` has each webhook-id once, whatever was answered.
    """

    url: str = ""
    usual: tuple[int, bytes, dict[str, str]] = (200, b"ok", {})
    replies: list[tuple[int, bytes, dict[str, str]] | Misbehaviour] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)
    repeats: int = 0
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Add an answer; `retry_after` becomes Retry-After."""
        self.replies.append((status, body, {name.replace("_", "-"): one for name, one in headers.items()}))

    def keep(self, posted: Posted) -> None:
        """Take a webhook-id once, as a keyed receiver must."""
        self.posted.append(posted)
        key = posted.headers.get("webhook-id")
        if key is not None and key in self.taken:
            self.repeats += 1
        elif key is not None:
            self.taken[key] = posted.body


def drop_at_once(handler: "Handler") -> None:
    """Reset the connection before the body is read."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    handler.close_connection = True
    handler.connection.close()


def drop_after_body(handler: "Handler") -> None:
    """Take it, and close the connection without a word."""
    handler.close_connection = True


def hang(handler: "Handler") -> None:
    """Take it, and say nothing."""
    handler.served.stopping.wait(LONGEST)
    handler.close_connection = True


def drip(handler: "Handler") -> None:
    """Take it, and answer a byte at a time, for ever."""
    until = time.monotonic() + LONGEST
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while time.monotonic() < until and not handler.served.stopping.wait(0.05):
            handler.wfile.write(b"x")
    handler.close_connection = True


def flood(handler: "Handler") -> None:
    """Take it, and answer with a body that does not end."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(15_000):
            handler.wfile.write(b"flood " * 10_000)
    handler.close_connection = True


def babble(handler: "Handler") -> None:
    """Take it, and answer with what is no HTTP, the request's path in it."""
    handler.wfile.write(b"220 " + handler.path.encode() + b" ready\r\n\r\n")
    handler.close_connection = True


EARLY = (drop_at_once,)


@contextmanager
def receiving(receiver: Receiver | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Serve on a free port of loopback; the receiver's `url` is then set."""
    served = receiver or Receiver()
    server = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"served": served}))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls else "http"
    served.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/winback/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A caller that hangs up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    served: Receiver

    def setup(self) -> None:
        self.served.connections += 1
        super().setup()

    def do_POST(self) -> None:
        reply = self.served.replies.pop(0) if self.served.replies else self.served.usual
        if not isinstance(reply, tuple) and reply in EARLY:
            reply(self)
            return
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.served.keep(Posted(self.path, headers, body))
        if not isinstance(reply, tuple):
            reply(self)
            return
        status, answer, more = reply
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Tests read answers, not access logs."""
