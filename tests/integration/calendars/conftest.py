"""A real CalDAV server on loopback, with one user and one calendar."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from radicale import config, server

from tools.calendars.caldav_server import connected
from winback.settings_channels import CalDav

USER = "jonas"
PASSWORD = "correct horse"
HANG_UP = b""


@dataclass(frozen=True)
class Served:
    """The calendar's settings, and the folder in which the server keeps it."""

    settings: CalDav
    folder: Path

    def files(self) -> list[Path]:
        return sorted(one for one in self.folder.glob("*.ics") if not one.name.startswith("."))

    def put(self, name: str, content: str) -> None:
        with connected(self.settings) as client:
            url = self.settings.url + name
            assert client.request(url, "PUT", content, {"Content-Type": "text/calendar"}).status in (201, 204)

    def event(self, *lines: str, uid: str = "one@x") -> None:
        inner = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"]
        whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *inner, "END:VCALENDAR", ""]
        self.put(f"{uid}.ics", "\r\n".join(whole))


def settings_at(url: str, *, password: str = PASSWORD, timeout: float = 5) -> CalDav:
    return CalDav(url=url, username=USER, password=SecretStr(password), timeout_seconds=timeout)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with calendar_server(tmp_path) as found:
        yield found


@contextmanager
def calendar_server(tmp_path: Path) -> Iterator[Served]:
    """Radicale, keeping what it is given under `tmp_path`."""
    (tmp_path / "users").write_text(f"{USER}:{PASSWORD}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = config.load()
    configuration.update(
        {
            "server": {"hosts": f"127.0.0.1:{port}"},
            "auth": {
                "type": "htpasswd",
                "htpasswd_filename": str(tmp_path / "users"),
                "htpasswd_encryption": "plain",
                "delay": "0",
            },
            "storage": {"filesystem_folder": str(tmp_path / "kept")},
            "logging": {"level": "critical"},
        },
        "test",
    )
    stop, stopped = socket.socketpair()
    thread = threading.Thread(target=server.serve, args=(configuration, stopped))
    thread.start()
    try:
        _wait_for(port)
        settings = settings_at(f"http://127.0.0.1:{port}/{USER}/work/")
        with connected(settings) as client:
            assert client.request(settings.url, "MKCALENDAR").status == 201
        yield Served(settings, tmp_path / "kept" / "collection-root" / USER / "work")
    finally:
        stop.close()
        thread.join(10)
        stopped.close()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the CalDAV server did not start")


@contextmanager
def scripted(*answers: bytes | Callable[[], object]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers one request a connection as told, or hangs up after a call; and what it was sent."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def converse() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    seen.append(_request(connection))
                    # Whoever has read enough may hang up first.
                    with suppress(OSError):
                        connection.sendall(answer) if isinstance(answer, bytes) else answer()

        thread = threading.Thread(target=converse)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", seen
        thread.join(10)
        assert not thread.is_alive()


def reply(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _request(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
