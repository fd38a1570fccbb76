"""The OpenID provider: where it lies, its keys, and the exchange of a code for who somebody is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from winback.clock import Clock
from winback.console.oidc_refusal import RefusedError, Why, error_name
from winback.console.oidc_token import Expected, public_keys, verified
from winback.console.oidc_way import Way
from winback.errors import SetupError
from winback.settings_console import Oidc
from winback.web_address import refusal

WELL_KNOWN = "/.well-known/openid-configuration"
WHERE = "console.oidc.issuer"
KEPT = timedelta(hours=1)
"""How long what the provider says of itself is believed without asking again."""
TIMEOUT = 10.0


@dataclass(frozen=True)
class Metadata:
    """What the discovery document says, as far as we need it."""

    authorize: str
    token: str
    keys: str
    by_post: bool
    names_itself: bool


class Provider:
    """One provider. Metadata and keys are kept for an hour; keys are read anew for a token of none of them."""

    def __init__(self, settings: Oidc, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def address(self, way: Way, back: str) -> str:
        """Where a browser is sent, to come back to `back`. Raises SetupError: the provider cannot be asked."""
        where = self.metadata().authorize
        with self._client(back) as client:
            address, _ = client.create_authorization_url(
                where, state=way.state, nonce=way.nonce, code_verifier=way.verifier
            )
        return str(address)

    def claims(self, code: str, says: str | None, way: Way, back: str) -> dict[str, Any]:
        """Who it is, for a code that came back; `says`: who the answer says that it comes from (RFC 9207).

        Raises:
            RefusedError: the answer is another's, the code is not taken, or what comes for it does not hold.
            SetupError: the provider cannot be asked.
        """
        metadata = self.metadata()
        if says != self._settings.issuer and (says is not None or metadata.names_itself):
            raise RefusedError(Why.LOST, "issuer")
        answer = self._exchange(metadata, code, way, back)
        expected = Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=way.nonce,
            access_token=str(answer.get("access_token", "")),
            now=self._clock.now(),
        )
        token, cached = answer.get("id_token"), self._kept_keys()
        if cached is not None:
            try:
                return verified(token, cached, expected)
            except RefusedError as error:
                if not error.detail.startswith(("invalid_key_id", "bad_signature")):
                    raise
        return verified(token, self.keys(), expected)

    def metadata(self) -> Metadata:
        """Raises SetupError: there is none that can be used."""
        now = self._clock.now()
        if self._metadata is None or self._metadata[0] + KEPT <= now:
            self._metadata = (now, self._discover())
        return self._metadata[1]

    def keys(self) -> KeySet:
        """The keys of today, read anew. Raises SetupError: there is none that can be used."""
        document = self._json(self.metadata().keys)
        try:
            keys = public_keys(document)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise SetupError("its keys cannot be used", where=WHERE, fix="ask whoever runs it") from None
        self._keys = (self._clock.now(), keys)
        return keys

    def _kept_keys(self) -> KeySet | None:
        if self._keys is None or self._keys[0] + KEPT <= self._clock.now():
            return None
        return self._keys[1]

    def _client(self, back: str, *, by_post: bool = False) -> OAuth2Client:
        return OAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_post" if by_post else "client_secret_basic",
            scope=self._settings.scopes,
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=TIMEOUT,
        )

    def _exchange(self, metadata: Metadata, code: str, way: Way, back: str) -> dict[str, Any]:
        try:
            with self._client(back, by_post=metadata.by_post) as client:
                return dict(client.fetch_token(metadata.token, code=code, code_verifier=way.verifier))
        except OAuthError as error:
            if error.error == "invalid_client":
                raise SetupError(
                    "does not know our client_id and client_secret", where=WHERE, fix="compare them"
                ) from None
            raise RefusedError(Why.CODE, error_name(error.error)) from None
        except (httpx2.HTTPError, ValueError, TypeError) as error:
            raise _silent(error) from None

    def _discover(self) -> Metadata:
        document = self._json(self._settings.issuer.rstrip("/") + WELL_KNOWN)
        named = document.get("issuer")
        if named != self._settings.issuer:
            raise SetupError(
                f"calls itself {str(named)[:200]!r}", where=WHERE, fix="write exactly that, if it is yours"
            )
        if "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
            raise SetupError("does not know PKCE with S256", where=WHERE, fix="ask whoever runs it")
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorize=_endpoint(document, "authorization_endpoint"),
            token=_endpoint(document, "token_endpoint"),
            keys=_endpoint(document, "jwks_uri"),
            by_post="client_secret_basic" not in methods,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _json(self, address: str) -> dict[str, Any]:
        try:
            answer = httpx2.get(address, timeout=TIMEOUT)
            answer.raise_for_status()
            document = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise _silent(error) from None
        if not isinstance(document, dict):
            raise SetupError(
                f"answers nothing that can be read at {address}", where=WHERE, fix="ask whoever runs it"
            )
        return document


def _endpoint(document: dict[str, Any], name: str) -> str:
    address = document.get(name)
    if not isinstance(address, str) or refusal(address) is not None:
        raise SetupError(f"{name} is no address that can be used", where=WHERE, fix="ask whoever runs it")
    return address


def _silent(error: Exception) -> SetupError:
    """The kind alone: the message of a library may hold what was sent."""
    return SetupError(
        f"does not answer as it should ({type(error).__name__})", where=WHERE, fix="see whether it is up"
    )
