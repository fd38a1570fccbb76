"""A way out of the machine, what it can promise, and the two ways in which it fails."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from prompts.message import Message
from tools.tool import Attachment
from winback.clock import aware
from winback.errors import WinbackError
from winback.store.types import CUSTOMER

# keyed: the receiver refuses a repeat of a key. lookup: it can be asked whether a key arrived.
# blind: neither; an unknown outcome goes to a person and is never tried again by itself.
Capability = Literal["keyed", "lookup", "blind"]


def _go_on() -> None:
    """Nothing is against it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One effect, ready to leave.

    `key` is the idempotency key (hexadecimal); `why` the reason in words, for the record; `headers`
    are further mail headers, and replies also go to `reply_copy`. Names are cleaned when the mail is
    built, addresses are checked. `account` and `contact` are the operator's own keys of them. `part`
    says which act of its tool it is, `payload` what a machine needs for it, and `audience` whether it goes
    to the customer or to a colleague of ours. `last_word` is called by a channel that may have waited long for
    its receiver, right before it hands over what cannot be taken back; it raises NotSent where that is not wanted
    any more.
    """

    key: str
    case_id: int
    tool: str
    sender_name: str
    sender_address: str
    recipient_name: str
    recipient_address: str
    reply_to: str
    message: Message
    sent_at: datetime
    why: str = ""
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    reply_copy: str = ""
    account: str = ""
    contact: str = ""
    part: str = "message"
    payload: Mapping[str, Any] = field(default_factory=dict)
    audience: str = CUSTOMER
    last_word: Callable[[], None] = field(default=_go_on, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the outside world answered. `reference` names the effect there."""

    channel: str
    reference: str
    answer: str
    at: datetime

    def to_plain(self) -> dict[str, str]:
        """As JSON would have it."""
        return {**asdict(self), "at": aware(self.at).isoformat()}


class NotSent(WinbackError):  # noqa: N818 - it names what is known, beside MaybeSent
    """It certainly did not go. `retry`: the same parcel may go later.

    `after` is how long to wait first, where that is known: at most a day. Not `tried`: we held it back
    ourselves, which is no try and says nothing of the receiver. `channel_failed`: no other parcel would have gone
    either; where it is not said, what may go later is taken for that, and a final no for one about this parcel.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry: bool,
        after: timedelta | None = None,
        tried: bool = True,
        channel_failed: bool | None = None,
    ) -> None:
        self.reason = reason
        self.retry = retry
        self.after = after
        self.tried = tried
        self.channel_failed = retry if channel_failed is None else channel_failed
        super().__init__(reason)


class MaybeSent(WinbackError):  # noqa: N818 - it names what is known, beside NotSent
    """Nobody knows whether it went; only a look-up or a person may decide what is next."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str: ...

    @property
    def capability(self) -> Capability: ...

    @property
    def can_tell(self) -> bool:
        """Whether a look-up can be answered at all: some that refuse repeats cannot be asked."""
        ...

    def send(self, parcel: Parcel) -> Receipt:
        """Raises NotSent when it certainly did not go, MaybeSent when that is unknown."""
        ...

    def lookup(self, key: str) -> Receipt | None:
        """The receipt of an earlier send, None if there certainly was none.

        Raises:
            MaybeSent: this channel cannot tell.
        """
        ...

    def probe(self) -> None:
        """Raises SetupError when nothing could be sent now; sends nothing."""
        ...
