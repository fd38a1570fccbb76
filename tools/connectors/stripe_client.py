"""The line to Stripe, and what is known when a call fails."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import stripe

from prompts.message import clean
from tools.channels.channel import MaybeSent, NotSent
from winback.errors import SetupError
from winback.settings_channels import Stripe


class Transport(stripe.HTTPClient):
    """One try per call: when to try again is the worker's decision."""

    name = "httpx"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._http = httpx.Client(timeout=seconds)

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: object
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer body, status and headers.

        Raises:
            NotSent: there was no connection, so no request.
            MaybeSent: it broke afterwards.
            APIError: the other side failed.
        """
        try:
            answer = self._http.request(method, url, headers=headers, content=post_data)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"Stripe cannot be reached: {_plain(error)}", retry=True) from None
        except httpx.HTTPError as error:
            raise MaybeSent(f"the connection to Stripe ended before the answer: {_plain(error)}") from None
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            # Whatever stands between us and Stripe may have written the rest of it.
            raise stripe.APIError(http_status=answer.status_code)
        return answer.text, answer.status_code, answer.headers

    def close(self) -> None:
        self._http.close()


def open_client(settings: Stripe, transport: Transport) -> stripe.StripeClient:
    """A client that connects when it is first used.

    Raises:
        SetupError: the API key cannot be one.
    """
    key = settings.api_key.get_secret_value()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        # Sending it would fail with an error that shows it.
        raise SetupError(
            "the API key is empty or has characters that no key has",
            where="entitlements.stripe.api_key",
            fix="check the environment variable",
        )
    return stripe.StripeClient(
        key,
        http_client=transport,
        max_network_retries=0,
        base_addresses={"api": settings.base_url.rstrip("/")} if settings.base_url else None,
    )


@contextlib.contextmanager
def before_act() -> Iterator[None]:
    """Calls that leave the entitlement as it is: whatever goes wrong, the act itself was not done.

    Raises:
        NotSent: with what Stripe says, never with what it was sent.
    """
    try:
        yield
    except MaybeSent as error:
        raise NotSent(error.reason, retry=True) from None
    except stripe.StripeError as error:
        raise _not_sent(error) or NotSent(_unclear(error), retry=True) from None


@contextlib.contextmanager
def act() -> Iterator[None]:
    """The call that grants or takes back.

    Raises:
        NotSent: Stripe refused it.
        MaybeSent: Stripe failed on the way, or another call with this key is under way or went before.
    """
    try:
        yield
    except stripe.StripeError as error:
        raise _not_sent(error) or MaybeSent(_unclear(error)) from None


def _not_sent(error: stripe.StripeError) -> NotSent | None:
    """None when Stripe's answer does not say that nothing was done."""
    match error:
        case stripe.RateLimitError():
            return NotSent("Stripe asks to go slower (429)", retry=True)
        case stripe.AuthenticationError():
            # Stripe's own words show a part of the key.
            return NotSent(
                "Stripe does not know the API key (401): check entitlements.stripe.api_key",
                retry=False,
                channel_failed=True,
            )
        case stripe.PermissionError():
            return NotSent(
                "the API key may not do this (403): it needs customers and subscriptions",
                retry=False,
                channel_failed=True,
            )
        case stripe.InvalidRequestError() | stripe.CardError():
            return NotSent(f"Stripe refused it ({error.http_status}): {_words(error)}", retry=False)
        case _:
            return None


def _unclear(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.IdempotencyError):
        return "Stripe had this key before with other values, such as another customer or price"
    if error.http_status == httpx.codes.CONFLICT:
        return "another call with this key is under way at Stripe (409)"
    return f"Stripe failed ({error.http_status or 'no status'})"


def _words(error: stripe.StripeError) -> str:
    return clean(error.user_message or error.code or "no reason given", 200)


def _plain(error: httpx.HTTPError) -> str:
    return clean(str(error), 120) or type(error).__name__
