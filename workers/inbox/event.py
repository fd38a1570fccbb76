"""What a mail provider says by webhook, as a small document of ours; the door that takes it proves who calls."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from prompts.message import clean
from tools.channels.address import is_address
from winback.canonical import canonical_json
from winback.errors import InputError
from workers.inbox.classify import WORDS
from workers.inbox.said import Bounce, Complaint, Reply, Said, Stop
from workers.inbox.take import Seen, take_said
from workers.inbox.taken import Taken
from workers.inbox.words import is_stop, new_text
from workers.services import Services

Text = Annotated[str, StringConstraints(max_length=320)]


class Event(BaseModel):
    """One thing that happened to one of our messages.

    `key` is the effect's, or `message_id` the message's number, which has it. `recipient` is whom the
    message went to; of a reply, who wrote it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["bounce", "complaint", "reply"]
    key: Text = ""
    message_id: Text = ""
    recipient: Text = ""
    at: AwareDatetime
    hard: bool = True
    text: str = Field("", max_length=200_000)

    @model_validator(mode="after")
    def _names_a_message(self) -> "Event":
        if self.number is None:
            raise ValueError("needs key, or message_id, with the 64 hexadecimal digits of one of our messages")
        return self

    @property
    def number(self) -> str | None:
        """The key of the effect."""
        found = re.fullmatch(r"[0-9a-f]{64}", self.key.lower())
        found = found or re.match(r"<?([0-9a-f]{64})@", self.message_id.strip().lower())
        return found.group(found.lastindex or 0) if found else None

    @property
    def said(self) -> Said:
        keys, named = (self.number or "",), self.recipient.strip().lower()
        whom = named if is_address(named) else ""
        match self.type:
            case "bounce":
                return Bounce(keys, (whom,), self.hard, at=self.at)
            case "complaint":
                return Complaint(keys, at=self.at)
            case "reply":
                own = new_text(self.text)
                return (Stop if is_stop(own) else Reply)(keys, whom, clean(own[: 4 * WORDS], WORDS), self.at)


def take_event(services: Services, event: Mapping[str, Any]) -> Taken:
    """Make a fact of an event; the same event again changes nothing.

    Raises:
        InputError: it is no such event.
        ConflictError: others were at the same rows again and again.
        SetupError: the database does not answer.
    """
    try:
        found = Event.model_validate(event)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(one) for one in first["loc"]) or "event"
        raise InputError(clean(first["msg"], 200), where=clean(where, 80), fix="see docs/inbox.md") from None
    plain = found.model_dump(mode="json")
    digest = hashlib.sha256(b"event\n" + canonical_json(plain)).hexdigest()
    return take_said(services, Seen(digest), found.said)
