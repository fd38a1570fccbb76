"""The pages on a real server on loopback, and a message whose links lead there."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.parser import BytesParser
from email.policy import default
from typing import Any

import httpx
from sqlalchemy import text
from sqlmodel import SQLModel, select

from tests.integration.uvicorn_thread import serving_app
from tools.channels.email_message import email_message
from winback.clock import SimulatedClock
from winback.pages.app import make_pages
from winback.settings_pages import Pages
from winback.store.models import Account, Contact, Effect
from winback.store.store import Store
from winback.store.types import MESSAGE
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers.act import act_all
from workers.link import PATHS, Links
from workers.propose import propose_all
from workers.services import Services

BASE = "https://pages.example.com/w"
SECRET = "a secret of thirty-two characters"
POLICY = """
version: 1
rules:
  - {id: tools, kind: allow_tools, allow: [
      {tools: [send_tutorial], drops: [feature_fell], mode: auto},
      {tools: [offer_trial_upgrade], drops: [limit_reached], mode: auto},
      {tools: [book_call], drops: [all_quiet], mode: auto}]}
  - {id: consent, kind: consent, unknown: deny}
  - {id: expiry, kind: expires, hours: 168}
  - {id: model-failure, kind: on_model_failure, then: review}
"""


def with_pages(services: Services, **settings: Any) -> Services:
    """The same services, with pages."""
    pages = Pages(base_url=BASE, **settings)
    return replace(
        services, settings=services.settings.model_copy(update={"pages": pages}), links=Links(BASE, SECRET)
    )


@dataclass
class Site:
    """A server, a client without cookies, and the key of the message that was sent."""

    services: Services
    client: httpx.Client
    key: str

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def sent(self) -> MemoryChannel:
        channel = self.services.channels["email"]
        assert isinstance(channel, MemoryChannel)
        return channel

    def path(self, page: str) -> str:
        """Where a page is, by the link in the message; one that it does not name is made alike."""
        links = self.services.links
        assert links is not None
        return links.url(page, self.key, self.until()).removeprefix(BASE)

    def until(self) -> datetime:
        links = self.services.links
        assert links is not None
        stop = next(url for url in message_links(self.sent) if f"/{PATHS['stop']}/" in url)
        return links.read("stop", stop.rpartition("/")[2], self.services.clock.now()).until

    def get(self, page: str, **more: Any) -> httpx.Response:
        return self.client.get(self.path(page), **more)

    def post(self, page: str, **fields: Any) -> httpx.Response:
        return self.client.post(self.path(page), data=fields)

    def at(self, moment: datetime) -> None:
        assert isinstance(self.services.clock, SimulatedClock)
        self.services.clock.set(moment)

    def row(self, kind: type[SQLModel], number: int = 1) -> Any:
        with self.store.read() as session:
            return session.get_one(kind, number)

    def effects(self) -> list[Effect]:
        with self.store.read() as session:
            return list(session.exec(select(Effect).order_by(Effect.id)).all())  # type: ignore[arg-type]


@contextmanager
def site(
    services: Services,
    kind: DropKind = DropKind.LIMIT_REACHED,
    *,
    language: str = "en",
    change: Callable[[Account, Contact], None] = lambda *_: None,
    drop: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Site]:
    """A message is sent to one contact, and the pages are served."""
    (services.settings.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    here = with_pages(services, **{"requests_per_minute": 10_000, **settings})
    with here.store.write("test") as session:
        account = add_account(session, language=language)
        contact = session.exec(select(Contact)).one()
        change(account, contact)
        session.add_all([account, contact])
        open_case(session, account, sample_drop(account.key, kind, **(drop or {})))
    propose_all(here, AS_OF)
    act_all(here)
    with here.store.read() as session:
        key = session.exec(select(Effect.key).where(Effect.part == MESSAGE)).one()
    with serving_app(make_pages(here)) as address, httpx.Client(base_url=address) as client:
        yield Site(here, client, key)


def starts(page: httpx.Response) -> list[str]:
    """The times that a call's page offers."""
    return re.findall(r'name="start" value="([^"]+)"', page.text)


def message_links(channel: MemoryChannel) -> list[str]:
    """Every address in the messages that were sent, of their texts, their HTML and their headers."""
    found: dict[str, None] = {}
    for parcel in channel.sent:
        mail = BytesParser(policy=default).parsebytes(email_message(parcel).as_bytes())
        texts = [str(mail["List-Unsubscribe"])]
        texts += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        for one in texts:
            found |= dict.fromkeys(re.findall(re.escape(BASE) + r"[A-Za-z0-9/._~-]+", one))
    return list(found)


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with store.read() as session:
        connection = session.connection()
        return {
            name: sorted(map(tuple, connection.execute(text(f'SELECT * FROM "{name}"')).all()), key=repr)  # noqa: S608
            for name in SQLModel.metadata.tables
        }
