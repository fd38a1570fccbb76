"""A calendar or free/busy file behind an address, as a source of busy times."""

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx

from tools.calendars.calendar import CalendarSilentError, Taken
from tools.calendars.occurrences import UnreadableError, taken
from winback.settings_channels import Ics
from winback.settings_file import LOOPBACK

LARGEST = 10_000_000
"""Bytes. A calendar of ten years of a busy person is a tenth of it."""
MOVES = 3

_ASKED = {"Accept": "text/calendar", "Accept-Encoding": "identity"}


class IcsFeed:
    """The address is a secret: it is in no error. Days and times without a zone are in `zone`, the host's."""

    def __init__(self, host: str, settings: Ics, zone: ZoneInfo) -> None:
        self._host = host
        self._settings = settings
        self._zone = zone

    def busy(self, start: datetime, end: datetime) -> tuple[Taken, ...]:
        try:
            return taken([self._fetched()], self._host, self._zone, start, end)
        except UnreadableError as error:
            raise CalendarSilentError(self._host, str(error)) from None

    def probe(self) -> None:
        start = datetime.now(UTC)
        self.busy(start, start + timedelta(days=1))

    def _fetched(self) -> bytes:
        give_up = time.monotonic() + self._settings.timeout_seconds
        try:
            with httpx.Client(timeout=self._settings.timeout_seconds, headers=_ASKED) as client:
                url = httpx.URL(self._settings.url.get_secret_value())
                for _ in range(MOVES + 1):
                    with client.stream("GET", _allowed(url)) as answer:
                        if answer.next_request is None:
                            return _body(answer, give_up)
                        url = _same_host(url, answer.next_request.url)
        except httpx.TimeoutException:
            raise UnreadableError("no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreadableError(f"no connection ({type(error).__name__})") from None
        raise UnreadableError("it is moved round in circles")


def _allowed(url: httpx.URL) -> httpx.URL:
    if url.scheme != "https" and not (url.scheme == "http" and urlsplit(str(url)).hostname in LOOPBACK):
        raise UnreadableError("it would be read in the clear")
    return url


def _same_host(old: httpx.URL, new: httpx.URL) -> httpx.URL:
    if (new.host, new.port) != (old.host, old.port) and not (new.host == old.host and new.scheme == "https"):
        raise UnreadableError("it moved to another host; give its new address")
    return new


def _body(answer: httpx.Response, give_up: float) -> bytes:
    if answer.status_code != 200:
        raise UnreadableError(f"the answer is {answer.status_code}")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A small file may unpack to one without end.
        raise UnreadableError("the answer is packed")
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise UnreadableError(f"the answer has more than {LARGEST} bytes")
        if time.monotonic() > give_up:
            raise UnreadableError("no whole answer in time")
    return bytes(body)
