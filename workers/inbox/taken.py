"""What became of a message, and why nothing did."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What was found. `LEFT` stays for a person; after all others the message is put away."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    REPLY = "reply"
    STOP = "stop"
    DELAYED = "delayed"
    AUTOMATIC = "automatic"
    ERASED = "erased"
    LEFT = "left"


WHY = {
    "malformed": "it cannot be taken apart",
    "no_answer": "it answers none of our messages",
    "bounce_unread": "a mail server wrote it, in words that are not known",
    "report_unread": "it is a report of another kind",
    "no_key": "it does not say which of our messages it is about",
    "unknown_key": "it names a message that is not ours",
    "to_a_colleague": "it answers what was told to one of your own people",
    "never_sent": "it names a message that never went out",
    "other_recipient": "it names another recipient than the message had",
    "nobody": "it asks to stop, and nobody has this address",
    "ours": "one of yours wrote it",
}
"""Reasons why a message was left, in words."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One message. `repeat`: it had been looked at before, and nothing was done now."""

    outcome: Outcome
    digest: str
    why: str = ""
    repeat: bool = False
    stopped: int = 0
    interaction: int | None = None

    def to_plain(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome.value,
            "why": self.why,
            "repeat": self.repeat,
            "stopped": self.stopped,
            "interaction": self.interaction,
            "digest": self.digest,
        }
