"""The door: which sign-in or token a request brings, and the cookies that carry them."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select
from starlette.requests import HTTPConnection
from starlette.responses import Response

from winback.settings_console import Console
from winback.store.console import ApiToken, SignIn, User
from winback.web.guard import proxy_of
from winback.web.visitor import visitor_of
from workers.services import Services

BEARER = "bearer"
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a sign-in was last used."""


@dataclass(frozen=True)
class Who:
    """A user, and by what they are known: a sign-in with its secret, or a token with its scopes."""

    user: User
    secret: str = ""
    sign_in: int | None = None
    by_token: bool = False
    scopes: tuple[str, ...] = ()


def digest_of(secret: str) -> str:
    """What is kept of a secret that has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Door:
    """Reads and sets cookies; nothing about rights."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.settings: Console = services.settings.console
        self._proxy = proxy_of(self.settings.trusted_proxy)
        self._secure = (self.settings.base_url or "").startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self._cookie, self._cookie_before = f"{prefix}winback", f"{prefix}winback_before"
        self._cookie_way = f"{prefix}winback_way"

    def place(self, request: HTTPConnection) -> str:
        """The address that a request comes from."""
        return visitor_of(request, self._proxy)

    def who(self, request: HTTPConnection) -> Who | None:
        """Who asks; None: nobody. A token counts before a cookie, and a wrong one counts as nobody."""
        given = request.headers.get("authorization")
        if given is not None:
            scheme, _, token = given.partition(" ")
            return self._by_token(token.strip()) if scheme.lower() == BEARER else None
        secret = request.cookies.get(self._cookie, "")
        return self._by_cookie(secret) if secret else None

    def _by_token(self, token: str) -> Who | None:
        now = self._services.clock.now()
        with self._services.store.read() as session:
            found = session.exec(select(ApiToken).where(ApiToken.digest == digest_of(token))).first()
            if found is None or found.revoked_at is not None or found.expires_at <= now:
                return None
            user = self._enabled(session, found.user_id)
        return Who(user, by_token=True, scopes=tuple(found.scopes)) if user else None

    def _by_cookie(self, secret: str) -> Who | None:
        now = self._services.clock.now()
        with self._services.store.read() as session:
            found = session.exec(select(SignIn).where(SignIn.digest == digest_of(secret))).first()
            idle = timedelta(hours=self.settings.idle_hours)
            if found is None or found.expires_at <= now or found.seen_at + idle <= now:
                return None
            user = self._enabled(session, found.user_id)
        if user is None:
            return None
        if found.seen_at + SEEN_EVERY <= now:
            self._seen(found.id or 0)
        return Who(user, secret=secret, sign_in=found.id)

    def _enabled(self, session: Session, number: int) -> User | None:
        return session.exec(select(User).where(User.id == number, col(User.disabled_at).is_(None))).first()

    def _seen(self, number: int) -> None:
        with self._services.store.write("see_sign_in") as session:
            row = session.get(SignIn, number)
            if row is not None:
                row.seen_at = self._services.clock.now()

    def before(self, request: HTTPConnection) -> str:
        """The secret of a browser that is not signed in yet; empty where it has none."""
        return request.cookies.get(self._cookie_before, "")

    def let_wait(self, request: HTTPConnection, response: Response, secret: str) -> None:
        """Give a browser that is not signed in the secret that its form's token belongs to."""
        if self.before(request) != secret:
            self._set(response, self._cookie_before, secret, 3600)

    def let_in(self, response: Response, secret: str) -> None:
        """Give a browser the secret of its sign-in."""
        self._set(response, self._cookie, secret, self.settings.session_hours * 3600)
        self._drop(response, self._cookie_before)

    def way(self, request: HTTPConnection) -> str:
        """What a browser brings that was sent to the provider; empty where it was not."""
        return request.cookies.get(self._cookie_way, "")

    def let_go(self, response: Response, way: str, seconds: int) -> None:
        """Give it to a browser that is sent there. Lax, so that it comes along when the provider sends it back."""
        self._set(response, self._cookie_way, way, seconds)

    def came_back(self, response: Response) -> None:
        """Take it away: a way is gone once."""
        self._drop(response, self._cookie_way)

    def let_out(self, response: Response) -> None:
        """Take the secret away."""
        self._drop(response, self._cookie)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=self._secure)

    def _drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, httponly=True, samesite="lax", secure=self._secure)


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)
