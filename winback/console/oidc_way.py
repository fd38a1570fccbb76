"""The way to the provider and back: what a browser keeps meanwhile, so that nobody else comes back for it."""

import hashlib
import hmac
from dataclasses import astuple, dataclass
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from winback.console.door import new_secret
from winback.console.oidc_refusal import RefusedError, Why

SECONDS = 600
"""How long somebody may take to sign in at the provider."""


@dataclass(frozen=True)
class Way:
    """`state` comes back in the address, `nonce` in the ID token, `verifier` proves that the code is ours."""

    state: str
    nonce: str
    verifier: str
    after: str
    until: int


class Ways:
    """Makes ways and knows them again; `secret` signs."""

    def __init__(self, secret: str) -> None:
        self._signer = URLSafeSerializer(
            secret, salt="winback way", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def new(self, after: str, now: datetime) -> tuple[Way, str]:
        """A new one, and its cookie."""
        way = Way(new_secret(), new_secret(), new_secret(), after, int(now.timestamp()) + SECONDS)
        cookie = self._signer.dumps(astuple(way))
        return way, cookie if isinstance(cookie, str) else cookie.decode()

    def known(self, cookie: str, state: str, now: datetime) -> Way:
        """The way that this browser went.

        Raises:
            RefusedError: it went none, another one, or took too long.
        """
        try:
            way = Way(*self._signer.loads(cookie))
        except (BadData, TypeError):
            raise RefusedError(Why.LOST, "cookie") from None
        if not hmac.compare_digest(way.state.encode(), state.encode()):
            raise RefusedError(Why.LOST, "state")
        if way.until <= now.timestamp():
            raise RefusedError(Why.LOST, "late")
        return way
