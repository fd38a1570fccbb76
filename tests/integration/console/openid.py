"""An OpenID provider on loopback: authlib's server side, its own keys, and whoever it is told is signed in."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.integration.uvicorn_thread import serving_app
from winback.testing.world import NOON

CLIENT, SECRET = "winback", "a secret that the provider made"
Claims = dict[str, Any]


def a_key(name: str) -> RSAKey:
    """A new one."""
    return RSAKey.generate_key(2048, {"kid": name})


@dataclass
class Code:
    """What authlib asks of a code that was given out."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    user: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time


@dataclass(frozen=True)
class Client:
    """The one client: whatever comes back goes to its `back`, and it proves itself with a secret."""

    secret: str

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri.endswith("/sign-in/oidc/back")

    def check_client_secret(self, secret: str) -> bool:
        return secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


@dataclass
class OpenId:
    """Its state, and how it misbehaves: `twist` changes what an ID token claims, `forge` how it is signed."""

    address: str = ""
    now: datetime = NOON
    secret: str = SECRET
    who: str | None = "sub-1"
    people: dict[str, Claims] = field(default_factory=dict)
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [a_key("one")])
    codes: dict[str, Code] = field(default_factory=dict)
    metadata: Claims = field(default_factory=dict)
    twist: Claims = field(default_factory=dict)
    forge: Callable[[Claims], str] | None = None
    spoken: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def rotate(self, name: str) -> None:
        """Another key; the old one is no longer shown."""
        self.keys = [a_key(name)]


class _Asked(OAuth2Request):  # type: ignore[misc]  authlib has no types
    def __init__(self, request: Request, form: dict[str, str]) -> None:
        super().__init__(request.method, str(request.url), headers=request.headers)
        self._given = {**request.query_params, **form}, form, dict(request.query_params)
        self.payload = BasicOAuth2Payload(self._given[0])

    @property
    def form(self) -> dict[str, str]:
        return self._given[1]

    @property
    def args(self) -> dict[str, str]:
        return self._given[2]


class _Server(AuthorizationServer):  # type: ignore[misc]
    def __init__(self, here: OpenId) -> None:
        super().__init__()
        self.here = here
        self.register_token_generator("default", BearerTokenGenerator(lambda *_, **__: token_urlsafe(40)))
        self.register_grant(_Grant, [CodeChallenge(required=True), _IdToken(here)])

    def query_client(self, client_id: str) -> Client | None:
        return Client(self.here.secret) if client_id == CLIENT else None

    def save_token(self, token: Claims, request: OAuth2Request) -> None:
        """Nobody asks for it again."""

    def send_signal(self, *_: object, **__: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        if isinstance(body, dict):
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))


class _Grant(AuthorizationCodeGrant):  # type: ignore[misc]
    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.here.codes[code] = Code(
            code, data["redirect_uri"], request.scope, data.get("nonce"), data.get("code_challenge"),
            data.get("code_challenge_method"), request.user,
        )  # fmt: skip

    def query_authorization_code(self, code: str, _client: Client) -> Code | None:
        return self.server.here.codes.get(code)  # type: ignore[no-any-return]

    def delete_authorization_code(self, code: Code) -> None:
        del self.server.here.codes[code.code]

    def authenticate_user(self, code: Code) -> str:
        return code.user


class _IdToken(OpenIDCode):  # type: ignore[misc]
    def __init__(self, here: OpenId) -> None:
        super().__init__(require_nonce=True)
        self._here = here

    def exists_nonce(self, nonce: str, _request: OAuth2Request) -> bool:
        return any(one.nonce == nonce for one in self._here.codes.values())

    def resolve_client_private_key(self, _client: Client) -> RSAKey | ECKey:
        return self._here.keys[0]

    def get_encode_header(self, _client: Client) -> Claims:
        return {"alg": "RS256", "kid": self._here.keys[0].kid}

    def get_client_claims(self, _client: Client) -> Claims:
        now = int(self._here.now.timestamp())
        return {"iss": self._here.address, "aud": CLIENT, "iat": now, "exp": now + 300, "auth_time": now}

    def generate_user_info(self, user: str, _scope: str) -> Claims:
        return {"sub": user, **self._here.people.get(user, {}), **self._here.twist}

    def encode_id_token(self, token: Claims, request: OAuth2Request) -> str:
        made: str = super().encode_id_token(token, request)
        if self._here.forge:
            made = self._here.forge(json.loads(_unpacked(made.split(".")[1])))
        self._here.spoken += [token["access_token"], made]
        return made


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def packed(value: bytes) -> str:
    """As a token has it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _app(here: OpenId) -> Starlette:
    server = _Server(here)

    async def authorize(request: Request) -> Response:
        asked = _Asked(request, {})
        try:
            grant = server.get_consent_grant(asked, here.who)
        except OAuth2Error as error:
            return server.handle_error_response(asked, error)
        return server.create_authorization_response(asked, here.who, grant)

    async def token(request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        here.spoken += [form["code"], form["code_verifier"]]
        return server.create_token_response(_Asked(request, form))

    async def keys(request: Request) -> Response:
        here.asked.append(request.url.path)
        return JSONResponse(KeySet(list(here.keys)).as_dict())

    async def discover(request: Request) -> Response:
        here.asked.append(request.url.path)
        return JSONResponse(
            {
                "issuer": here.address,
                "authorization_endpoint": f"{here.address}/authorize",
                "token_endpoint": f"{here.address}/token",
                "jwks_uri": f"{here.address}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                **here.metadata,
            }
        )

    return Starlette(
        routes=[
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/keys", keys),
            Route("/.well-known/openid-configuration", discover),
        ]
    )


@contextmanager
def serving_openid() -> Iterator[OpenId]:
    """Serve it until the block ends."""
    here = OpenId()
    with serving_app(_app(here), gone=True) as here.address:
        yield here
