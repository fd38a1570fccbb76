"""What a tool is: a typed argument model, the options it offers for a case, and what it sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from prompts.message import Message, Slot
from tools.catalogue import Catalogue, Level
from winback.settings import Company
from winback.store.types import CUSTOMER, EMAIL
from winback.usage.drop import Drop

__all__ = [
    "Arguments",
    "Attachment",
    "Busy",
    "Grant",
    "Message",
    "Option",
    "Person",
    "Preview",
    "Situation",
    "Slot",
    "Tool",
    "Tried",
]


class Arguments(BaseModel):
    """The base of every tool's arguments: ids, enums and offered slots only, never free text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Person:
    """The contact a tool would write to. Names are hostile text: escape or clean before use.

    `media` are those over which they agreed to hear from us and can be reached, the first one first;
    `level` is what they say of themselves; `stopped`: they have said stop.
    """

    id: int
    name: str
    address: str
    language: str
    zone: str
    media: tuple[str, ...] = ()
    level: Level | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that a host (an address) has given away: a call proposed, approved or invited to."""

    host: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """An earlier contact with the account; what a person of ours did outside Winback is `by_hand`."""

    at: datetime
    tool: str
    medium: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What a tool may look at to say what it could offer.

    `had` are catalogue ids already sent to this contact, `busy` the time of hosts that other cases took.
    `pages`: customers can answer on pages of ours. `ways` are the media that are configured, `tried`
    earlier contacts, the newest first, `unwanted` the tools that this person does not want to hear of.
    `account` is its name, or its key. `owner_known`: the account has a manager of its own with an address.
    """

    drop: Drop
    plan: str | None
    person: Person
    owner_name: str
    owner_address: str
    company: Company
    catalogue: Catalogue
    now: datetime
    had: frozenset[str] = frozenset()
    busy: tuple[Busy, ...] = ()
    pages: bool = False
    ways: frozenset[str] = frozenset({EMAIL})
    tried: tuple[Tried, ...] = ()
    unwanted: frozenset[str] = frozenset()
    account: str = ""
    value_per_month: float | None = None
    owner_known: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One concrete thing a tool could do now. `label` is for the reviewer's eyes, `hint` for the model's:
    from the catalogue alone, no names of people, no amounts, no addresses.

    `catalogue_id` names what is offered; `value` is its goodwill in the company's currency;
    `fit` orders options of one tool, the best first at 1.0; `busy` is the time of a host it takes;
    `medium` is over what it would go, `audience` who gets it: the customer, or a colleague of ours.
    """

    tool: str
    arguments: Arguments
    catalogue_id: str
    label: str
    hint: str
    value: float = 0.0
    fit: float = 1.0
    busy: Busy | None = None
    medium: str = EMAIL
    audience: str = CUSTOMER


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the message. `media_type` as in RFC 2046, with its parameters."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Grant:
    """What a customer has once they say yes. `answer_until` is when the offer ends, `ends_at` the latest end."""

    plan: str
    price_per_month: float
    days: int
    answer_until: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reviewer must see beside the message: what is granted, or whose time is given away and when."""

    grant: Grant | None = None
    host: str = ""
    slots: tuple[datetime, ...] = ()


class Tool(Protocol):
    """One way to help. One file each; third parties enter by the same door.

    `editable` names what a reviewer may change: arguments, and the template's slots as `slots.NAME`. Three
    more may be given: `audience` (`audience_of`), `media` (`media_of`) and `preview` (`preview_of`).
    """

    name: ClassVar[str]
    arguments: ClassVar[type[Arguments]]
    template: ClassVar[str]
    editable: ClassVar[tuple[str, ...]]

    def options(self, situation: Situation) -> Sequence[Option]:
        """What could be offered now, best first; empty when nothing fits."""
        ...

    def resolve(self, arguments: Arguments, situation: Situation) -> Option:
        """The option that stored or edited arguments name, if it can still be had.

        It may be one that `options` would not put forward now (a call two days away yesterday).

        Raises:
            InputError: what they name is not in the catalogue, does not suit this account or contact,
                or is no longer free.
        """
        ...

    def template_values(self, option: Option, situation: Situation) -> dict[str, Any]:
        """What the message template needs to know of this option."""
        ...

    def attachments(self, option: Option, situation: Situation, key: str) -> tuple[Attachment, ...]:
        """Files that go with the message; `key` is the effect's idempotency key."""
        ...


def audience_of(tool: Tool) -> str:
    """Who gets what a tool sends: the customer, unless it says otherwise."""
    return str(getattr(tool, "audience", CUSTOMER))


def media_of(tool: Tool) -> tuple[str, ...]:
    """The media that suit a tool's message to a customer: mail alone, unless it says more."""
    return tuple(getattr(tool, "media", (EMAIL,)))


def preview_of(tool: Tool, option: Option, situation: Situation) -> Preview:
    """What an option would give if it went now: nothing beside its message, unless the tool says so.

    Raises:
        InputError: it cannot be had any more.
    """
    made = getattr(tool, "preview", None)
    return made(option, situation) if made is not None else Preview()


def arguments_as(kind: type[A], arguments: Arguments) -> A:
    """These arguments as the tool's own kind.

    Raises:
        TypeError: they are another tool's.
    """
    if not isinstance(arguments, kind):
        raise TypeError(f"{type(arguments).__name__} given where {kind.__name__} is needed")
    return arguments
