"""Talking to a CalDAV server: the connection, what an answer means, and what a failure leaves unknown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from caldav.collection import Calendar
from caldav.davclient import DAVClient
from caldav.lib.error import AuthorizationError, DAVError, RateLimitError
from caldav.lib.http_sync import requests

from winback.settings_channels import CalDav

ConnectTimeout = requests.exceptions.ConnectTimeout
RequestException = requests.exceptions.RequestException
SSLError = requests.exceptions.SSLError
Timeout = requests.exceptions.Timeout
TooManyRedirects = requests.exceptions.TooManyRedirects

# Statuses that an operator or time can mend; the calendar was not touched.
MENDABLE = (401, 403, 404, 405, 409, 423, 429)


class DavFailureError(Exception):
    """A request got no good answer. `status` is that of a bad one; `refused`: it certainly had no effect.

    The server's own words are not repeated: they may repeat what it was given.
    """

    def __init__(self, reason: str, *, status: int | None = None, refused: bool = False) -> None:
        self.reason = reason
        self.status = status
        self.refused = refused
        super().__init__(reason)


@contextmanager
def connected(settings: CalDav) -> Iterator[DAVClient]:
    """A client for a talk of a few requests. Redirects are not followed: a PUT would come out as a GET."""
    with DAVClient(
        url=settings.url,
        username=settings.username,
        password=settings.password.get_secret_value() if settings.password else None,
        # The package says int, and hands it on to what takes parts of a second.
        timeout=settings.timeout_seconds,  # type: ignore[arg-type]
        enable_rfc6764=False,
        rate_limit_handle=False,
    ) as client:
        client.session.max_redirects = 0
        yield client


def calendar_at(client: DAVClient, url: str) -> Any:
    """The package's own calendar; its types speak of an asynchronous twin too, which is not used here."""
    return Calendar(client=client, url=url)


@contextmanager
def asking() -> Iterator[None]:
    """Whatever a request raises comes out as DavFailureError."""
    try:
        yield
    except DavFailureError:
        raise
    except AuthorizationError as error:
        status = error.status or 401
        reason = "login was refused" if status == 401 else "access was refused"
        raise DavFailureError(f"{reason} ({status})", status=status, refused=True) from None
    except RateLimitError as error:
        raise failure(error.status or 503) from None
    except DAVError as error:
        if error.status:
            raise failure(error.status) from None
        raise DavFailureError("the answer makes no sense") from None
    except TooManyRedirects:
        raise DavFailureError("it moved elsewhere; give its new address", status=409, refused=True) from None
    except RequestException as error:
        raise DavFailureError(_plain(error), refused=_never_connected(error)) from None
    except Exception as error:  # noqa: BLE001 - an answer of a stranger may break the reader in any way
        raise DavFailureError(f"the answer cannot be read ({type(error).__name__})") from None


def failure(status: int) -> DavFailureError:
    """What a bad status means. After a 5xx nobody knows what was stored."""
    reason = {404: "there is no such calendar", 409: "there is no such calendar"}.get(status, "it was refused")
    return DavFailureError(f"{reason} ({status})", status=status, refused=300 <= status < 500)


def _never_connected(error: RequestException) -> bool:
    if isinstance(error, ConnectTimeout | SSLError):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return type(cause).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _plain(error: RequestException) -> str:
    if isinstance(error, SSLError):
        return "no secure connection"
    if isinstance(error, Timeout):
        return "no answer in time"
    return "no connection" if _never_connected(error) else "the connection ended"
