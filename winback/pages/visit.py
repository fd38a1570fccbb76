"""One visit to a page: what its link opens, and what the page answers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from prompts.message import clean
from tools.reason import zone_where
from winback.errors import InputError
from winback.pages.words import Words, words_for
from winback.store.models import Account, Contact
from workers.answer import Asked, asked
from workers.link import PATHS, EndedError, Link, Links
from workers.services import Services

NAME_LIMIT = 80

Fields = Mapping[str, tuple[str, ...]]
"""What a form sent: the values of each name, in their order."""


class PageError(Exception):
    """There is no page for this visit: `problem` names the words that say so."""

    def __init__(self, problem: str, status: int) -> None:
        self.problem = problem
        self.status = status
        super().__init__(problem)


@dataclass(frozen=True)
class Reply:
    """A page to be shown: its template with values, and the HTTP status."""

    template: str
    words: Words
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Visit:
    """A link that holds, and the services to answer it with."""

    services: Services
    links: Links
    link: Link

    @property
    def company(self) -> str:
        """Who writes, as shown."""
        return clean(self.services.settings.company.name, NAME_LIMIT)

    def beside(self, page: str) -> str:
        """Another page about the same act, relative to this one: a proxy may put a path before both."""
        return f"../{PATHS[page]}/{self.links.token(page, self.link.key, self.link.until)}"

    def words(self, account: Account, contact: Contact) -> Words:
        """The language and the zone of whom the message was for."""
        company = self.services.settings.company
        zone = zone_where(contact.zone, account.zone, company).key
        return words_for(contact.language, zone, company.currency)


Show = Callable[[Visit], Reply]
Take = Callable[[Visit, Fields], Reply]


@dataclass(frozen=True)
class Page:
    """What a page shows, which changes nothing, and what it does with a form."""

    show: Show
    take: Take


def open_visit(services: Services, links: Links, page: str, token: str) -> Visit:
    """The visit that a token opens.

    Raises:
        PageError: the token is none of ours, of another page, or its time is over.
    """
    try:
        return Visit(services, links, links.read(page, token, services.clock.now()))
    except EndedError:
        raise PageError("ended", 410) from None
    except InputError:
        raise PageError("missing", 404) from None


@contextmanager
def opened(visit: Visit) -> Iterator[tuple[Session, Asked]]:
    """The act that a visit is about, to be read.

    Raises:
        PageError: it is gone.
    """
    with visit.services.store.read() as session:
        try:
            one = asked(session, visit.link.key)
        except InputError:
            raise PageError("gone", 410) from None
        yield session, one


def first(fields: Fields, name: str) -> str:
    """The first value of a field, empty where there is none."""
    return fields.get(name, ("",))[0]
