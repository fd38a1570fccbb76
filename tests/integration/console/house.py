"""The console on a real server on loopback, with people of every role signed in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from sqlmodel import select

from tests.integration.uvicorn_thread import serving_app
from winback.clock import SimulatedClock
from winback.console.app import make_console
from winback.console.door import digest_of, new_secret
from winback.console.password import hash_password
from winback.console.rights import CSRF_HEADER, Role, csrf_of
from winback.settings_console import Console
from winback.store.console import Audit, SignIn, User
from winback.store.store import Store
from winback.testing.world import NOON
from workers.services import Services

PASSWORD = "four plain words together"
HASH = hash_password(PASSWORD)


@dataclass
class House:
    """A server, its services, and a client for whoever one wants to be."""

    services: Services
    address: str
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def clock(self) -> SimulatedClock:
        assert isinstance(self.services.clock, SimulatedClock)
        return self.services.clock

    def nobody(self, **headers: str) -> httpx.Client:
        """A browser that is not signed in."""
        client = httpx.Client(base_url=self.address, headers=headers)
        self.clients.append(client)
        return client

    def user(self, login: str, role: Role, **values: Any) -> User:
        """Somebody who may sign in with PASSWORD."""
        user = User(login=login, name=login.title(), role=role, password=HASH, created_at=NOON, **values)
        with self.store.write("test") as session:
            session.add(user)
        return user

    def of(self, role: Role, login: str = "", **values: Any) -> httpx.Client:
        """A browser in which somebody of this role is signed in, with the form's token as a header."""
        login = login or f"{role}-{len(self.clients)}"
        user, secret = self.user(login, role, **values), new_secret()
        with self.store.write("test") as session:
            now = self.services.clock.now()
            session.add(
                SignIn(
                    digest=digest_of(secret), user_id=user.id or 0, created_at=now, seen_at=now,
                    expires_at=now.replace(year=now.year + 1),
                )
            )  # fmt: skip
        client = self.nobody(**{CSRF_HEADER: csrf_of(secret)})
        client.cookies.set("winback", secret)
        return client

    def noted(self) -> list[tuple[str, str, str]]:
        """Who, what and about what, the oldest first."""
        with self.store.read() as session:
            rows = session.exec(select(Audit).order_by(Audit.id)).all()  # type: ignore[arg-type]
        return [(one.who, one.what, one.detail) for one in rows]

    def sign_in(self, client: httpx.Client, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        """As a browser does: the form is loaded, filled in and sent."""
        fields = {"csrf": token_in(client.get("/sign-in").text), "login": login, "password": password}
        return client.post("/sign-in", data={**fields, **more})


def token_in(page: str) -> str:
    """The form's token."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


@contextmanager
def house(services: Services, **settings: Any) -> Iterator[House]:
    """The console is served; `settings` are of its section."""
    console = Console(**{"requests_per_minute": 100_000, "sign_ins_per_minute": 1000, **settings})
    here = replace(services, settings=services.settings.model_copy(update={"console": console}))
    with serving_app(make_console(here)) as address:
        found = House(here, address)
        try:
            yield found
        finally:
            for client in found.clients:
                client.close()
