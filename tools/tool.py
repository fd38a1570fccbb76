"""What a tool is: a typed argument model, the options it offers for a case, and what it sends."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from tools.catalogue import Catalogue
from winback.usage.drop import Drop


class Arguments(BaseModel):
    """The base of every tool's arguments: ids, enums and offered slots only, never free text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Person:
    """The contact a tool would write to. Names are hostile text: escape or clean before use."""

    id: int
    name: str
    address: str
    language: str
    zone: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What a tool may look at to say what it could offer. `had` are catalogue ids already sent."""

    drop: Drop
    plan: str | None
    person: Person
    owner_name: str
    owner_address: str
    catalogue: Catalogue
    now: datetime
    had: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Option:
    """One concrete thing a tool could do now. `label` is for the model's and the reviewer's eyes.

    `catalogue_id` names what is offered; `value` is its goodwill in the company's currency;
    `fit` orders options of one tool, the best first at 1.0.
    """

    tool: str
    arguments: Arguments
    catalogue_id: str
    label: str
    value: float = 0.0
    fit: float = 1.0


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the message. `media_type` as in RFC 2046, with its parameters."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Slot:
    """A named place in a template that a writer may fill, and how long it may be."""

    name: str
    limit: int


class Tool(Protocol):
    """One way to help. One file each; third parties enter by the same door."""

    name: ClassVar[str]
    arguments: ClassVar[type[Arguments]]
    template: ClassVar[str]
    editable: ClassVar[tuple[str, ...]]

    def options(self, situation: Situation) -> Sequence[Option]:
        """What could be offered now, best first; empty when nothing fits."""
        ...

    def template_values(self, option: Option, situation: Situation) -> dict[str, Any]:
        """What the message template needs to know of this option."""
        ...

    def attachments(self, option: Option, situation: Situation, key: str) -> tuple[Attachment, ...]:
        """Files that go with the message; `key` is the effect's idempotency key."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What would be said, rendered: plain text, in one language."""

    language: str
    subject: str
    body: str
    template: str
    template_version: str
    slots: dict[str, str] = field(default_factory=dict)


__all__ = [
    "Arguments",
    "Attachment",
    "Message",
    "Option",
    "Person",
    "Situation",
    "Slot",
    "Tool",
    "date",
]
