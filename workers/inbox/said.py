"""What a message can be: a closed set. Whatever is none of these is unclear, and nothing follows from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Unclear_ = Literal["malformed", "no_answer", "bounce_unread", "report_unread"]


@dataclass(frozen=True, slots=True)
class Bounce:
    """It did not arrive. `status` is that of RFC 3463 (5.1.1); `hard`: the address is no good."""

    keys: tuple[str, ...]
    recipients: tuple[str, ...]
    hard: bool
    status: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delayed:
    """It has not arrived yet, and may still."""

    keys: tuple[str, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Somebody called it spam; `feedback` is the type of RFC 5965 (abuse)."""

    keys: tuple[str, ...]
    feedback: str = "abuse"
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Automatic:
    """No person wrote it: out of office, read, delivered."""

    keys: tuple[str, ...]
    sender: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A person answered. `words` is what they wrote, on one line, without what they quoted."""

    keys: tuple[str, ...]
    sender: str
    words: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A person wants nothing more."""

    keys: tuple[str, ...]
    sender: str
    words: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """None of the others; a person must look."""

    why: Unclear_


Said = Bounce | Delayed | Complaint | Automatic | Reply | Stop | Unclear
