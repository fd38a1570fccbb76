"""Mail headers that machines read: their values go out letter for letter, folded between items only.

Python's own folding would encode a link of more than a line, and then nobody could unsubscribe.
"""

import re
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from typing import Any

from prompts.message import clean
from tools.channels.channel import NotSent

VALUE_LIMIT = 900
UNSUBSCRIBE = "list-unsubscribe"
UNSUBSCRIBE_POST = "list-unsubscribe-post"

# RFC 5536 and RFC 2369 allow more; what is sent needs no more.
_TOKEN = r"<[!-;=?-~]+>"  # noqa: S105 - no secret
_EXACT = {
    UNSUBSCRIBE: re.compile(r"<(https://|mailto:)[!-;=?-~]+>(, <(https://|mailto:)[!-;=?-~]+>)*"),
    UNSUBSCRIBE_POST: re.compile(r"List-Unsubscribe=One-Click"),
    "in-reply-to": re.compile(_TOKEN),
    "references": re.compile(rf"{_TOKEN}( {_TOKEN})*"),
}
_OWN = {
    "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version",
    "auto-submitted", "dkim-signature", "return-path", "received",
}  # fmt: skip


class _AsGiven(BaseHeader):
    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds.update(decoded=value, parse_tree=None)

    def fold(self, *, policy: Policy) -> str:
        value = str(self).replace(" ", f"{policy.linesep} ")
        return f"{self.name}: {value}{policy.linesep}"


def mail_policy() -> "EmailPolicy[EmailMessage]":
    """Seven bits only: not every mail server takes eight, and none may change what was said."""
    registry = HeaderRegistry()
    for name in _EXACT:
        registry.map_to_type(name, _AsGiven)
    return SMTP.clone(cte_type="7bit", header_factory=registry)


def further_headers(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The headers that a parcel adds, if a mail can carry them.

    Raises:
        NotSent: one is ours to set, stands twice, holds a line end, or is not what its RFC says (8058: one
            click needs an https address to click on).
    """
    given = {name.lower(): value for name, value in headers}
    for name, value in headers:
        if not _can_be_set(name, value):
            raise NotSent(f"header {clean(name, 40)!r} cannot be set", retry=False)
    if len(given) != len(headers):
        raise NotSent("a further header stands twice", retry=False)
    if UNSUBSCRIBE_POST in given and "<https://" not in given.get(UNSUBSCRIBE, ""):
        raise NotSent("List-Unsubscribe-Post without an https address in List-Unsubscribe", retry=False)
    return list(headers)


def _can_be_set(name: str, value: str) -> bool:
    low = name.lower()
    if low in _OWN or low.startswith(("content-", "resent-")) or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        return False
    exact = _EXACT.get(low)
    return value == clean(value, VALUE_LIMIT) and (exact is None or exact.fullmatch(value) is not None)
