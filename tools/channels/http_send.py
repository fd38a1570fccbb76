"""One POST over HTTP, and how far it came when it fails.

Until the first byte of the request is written nothing was sent; from there until an answer nobody knows.
Redirects are not followed and proxies of the environment not used: what is signed or secret goes where the
settings say, or nowhere. Each POST has a connection of its own: one that rested may be closed by the
receiver in the very moment it is written to, and then nobody would know.
"""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic import SecretStr

from prompts.message import clean
from tools.channels.channel import MaybeSent, NotSent
from winback.errors import InputError, SetupError
from winback.web_address import refusal

READ_LIMIT = 4096
SHOWN_LIMIT = 200
LONGEST_WAIT = timedelta(days=1)
# A host that has no name in ASCII is a ValueError, and not every one of the system's errors is wrapped.
_FAILURES = (httpx.HTTPError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: `words` are cleaned; `wait` is its Retry-After, as it was written."""

    status: int
    words: str
    wait: str | None

    def __str__(self) -> str:
        return f"{self.status} {self.words}".strip()


class Sender:
    """Posts to one URL, which it shows to nobody. `tls` overrides the machine's own trust store.

    `section` is where the settings have the URL, for errors.
    """

    def __init__(self, url: str, seconds: float, section: str, tls: ssl.SSLContext | None = None) -> None:
        if (problem := refusal(url)) is not None:
            raise InputError(f"url {problem}", where=section, fix="write https://host/path")
        self._url = SecretStr(url)
        self._seconds = seconds
        self._section = section
        self._tls = tls or ssl.create_default_context()
        # The transport, not httpx.Client: a client writes every URL into the log, keeps cookies and asks the
        # environment for proxies.
        self._transport = httpx.HTTPTransport(verify=self._tls)

    def post(
        self, body: bytes, headers: Mapping[str, str], last_word: Callable[[], None] = lambda: None
    ) -> Answer:
        """Post it once; whatever status comes back is an answer. `last_word` is a parcel's.

        Raises:
            NotSent: no connection could be made, or `last_word` says so.
            MaybeSent: the connection ended, or the time, before there was an answer.
        """
        attempt = _Attempt(last_word)
        request = httpx.Request(
            "POST",
            self._url.get_secret_value(),
            headers={
                "content-type": "application/json",
                "connection": "close",
                "user-agent": "winback",
                **headers,
            },
            content=body,
            extensions={"timeout": httpx.Timeout(self._seconds).as_dict(), "trace": attempt},
        )
        with _time_limit(self._seconds, attempt):
            try:
                response = self._transport.handle_request(request)
            except _FAILURES as error:
                raise self._failure(attempt, error) from None
            with contextlib.closing(response):
                return Answer(response.status_code, _words(response), response.headers.get("retry-after"))

    def probe(self) -> None:
        """Connect, secure and leave; nothing is sent.

        Raises:
            SetupError: one of these fails.
        """
        url = httpx.URL(self._url.get_secret_value())
        host, secure = url.raw_host.decode(), url.scheme == "https"
        port = url.port or (443 if secure else 80)
        try:
            with socket.create_connection((host, port), timeout=self._seconds) as line:
                if secure:
                    self._tls.wrap_socket(line, server_hostname=host).close()
        except (OSError, UnicodeError) as error:
            raise SetupError(
                f"cannot be reached: {_plain(error)}", where=f"{host}:{port}", fix=f"check {self._section}"
            ) from None

    def _failure(self, attempt: "_Attempt", error: Exception) -> NotSent | MaybeSent:
        """The receiver's own bytes may be in the error's words, so those are shown only of what came before."""
        if not attempt.writing:
            return NotSent(f"no connection: {_plain(error)}", retry=True)
        if attempt.over or isinstance(error, httpx.TimeoutException):
            return MaybeSent(f"no answer within {self._seconds:g} seconds")
        return MaybeSent("the connection ended before there was an answer")


def wait_of(answer: Answer, now: datetime) -> timedelta | None:
    """Its Retry-After, seconds or a date (RFC 9110, 10.2.3): at most a day; None where it makes no sense."""
    text = (answer.wait or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


class _Attempt:
    """Hears from the transport how far a request has come, and can end it from another thread."""

    def __init__(self, last_word: Callable[[], None]) -> None:
        self._last_word = last_word
        self.writing = False
        self.over = False
        self._line: Any = None

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._line = info["return_value"].get_extra_info("socket")
        if event == "http11.send_request_headers.started":
            if self.over:
                raise httpx.ConnectTimeout("the connection took too long")
            self._last_word()
            self.writing = True

    def end(self) -> None:
        """The transport's own time-outs are per read: a receiver that drips bytes would never meet them."""
        self.over = True
        if self._line is not None:
            with contextlib.suppress(OSError):
                # The plain socket's own: that of TLS would change the reader's state under its hands.
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)


@contextlib.contextmanager
def _time_limit(seconds: float, attempt: _Attempt) -> Iterator[None]:
    timer = threading.Timer(seconds, attempt.end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _words(response: httpx.Response) -> str:
    """The start of the body. The status has been given: what goes wrong from here changes nothing."""
    found = b""
    with contextlib.suppress(*_FAILURES):
        for part in response.iter_raw():
            found += part
            if len(found) >= READ_LIMIT:
                break
    return clean(found[:READ_LIMIT].decode("utf-8", "replace"), SHOWN_LIMIT)


def _plain(error: Exception) -> str:
    return clean(getattr(error, "strerror", None) or str(error) or type(error).__name__, SHOWN_LIMIT)
