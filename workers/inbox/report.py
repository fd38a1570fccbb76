"""What a mail server reports: a bounce, a delay (RFC 3464) or a complaint (RFC 5965), in fields or in words."""

import logging
import re
from collections.abc import Iterator
from email import message_from_bytes

from flufl.bounce import all_failures

from tools.channels.address import is_address
from workers.inbox.letter import HEADER, Letter, headers_in, keys_in
from workers.inbox.said import Automatic, Bounce, Complaint, Delayed, Said, Unclear

HEURISTIC = 65_536
"""Bytes that are searched where no report is machine-readable."""
STATUS = "message/delivery-status"
FEEDBACK = "message/feedback-report"
COMPLAINTS = ("abuse", "complaint", "fraud", "opt-out", "other", "virus")
FULL_OR_REFUSED = ("4.", "5.2.2.", "5.2.3.", "5.3.", "5.4.", "5.6.", "5.7.")
"""Of this message or this moment, though some are permanent by their number: the address itself is good."""
SYSTEM = ("mailer-daemon", "mail-daemon", "postmaster", "microsoftexchange")

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")

# It tells of every detector it tries, on a logger of its own.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


def report_of(letter: Letter, raw: bytes) -> Said | None:
    """What a mail server says with this; None when it comes from none."""
    for part in letter.parts:
        if part.kind in (STATUS, "message/global-delivery-status"):
            return _status(letter, part)
        if part.kind == FEEDBACK:
            return _feedback(letter, part)
        if part.kind == "message/disposition-notification":
            return Automatic(_keys(letter), letter.sender, letter.at)
    if letter.has("x-failed-recipients") or letter.sender.startswith(SYSTEM):
        return _heuristic(letter, raw[:HEURISTIC])
    return None


def _status(letter: Letter, part: Letter) -> Said:
    told: dict[str, list[Letter]] = {}
    for block in _blocks(part):
        action = re.match(r"[a-z]+", block.header("action").lower())
        if action:
            told.setdefault(action.group(), []).append(block)
    keys = _keys(letter)
    failed = [*told.get("failed", []), *told.get("error", [])]
    if failed:
        found = _STATUS.search(failed[0].header("status"))
        status = found.group() if found else ""
        return Bounce(keys, _recipients(letter, failed), is_hard(status), status, letter.at)
    if "delayed" in told:
        return Delayed(keys, letter.at)
    if told.keys() & {"delivered", "relayed", "expanded"}:
        return Automatic(keys, letter.sender, letter.at)
    return Unclear("report_unread")


def _blocks(part: Letter) -> Iterator[Letter]:
    """The groups of fields; the parser leaves those of RFC 6533 in one piece."""
    yield from part.parts
    if part.kind != STATUS:
        for one in part.parts:
            for text in re.split(r"\r?\n\r?\n", one.text[:HEADER]):
                block = headers_in(text)
                if block is not None:
                    yield block


def _feedback(letter: Letter, part: Letter) -> Said:
    kind = next((one.header("feedback-type").lower() for one in part.parts), "")
    return Complaint(_keys(letter), kind, letter.at) if kind in COMPLAINTS else Unclear("report_unread")


def _heuristic(letter: Letter, head: bytes) -> Said:
    """By the words of many mail servers, where none of the report is for machines."""
    text = head.decode("utf-8", "replace")
    keys = tuple(dict.fromkeys((*_keys(letter), *keys_in(text))))
    try:
        temporary, permanent = all_failures(message_from_bytes(head))
    except Exception:  # noqa: BLE001  seventeen heuristics of others meet text that anybody can write
        return Unclear("bounce_unread")
    if permanent:
        found = _STATUS.search(text)
        status = found.group() if found else ""
        named = sorted(one.decode("ascii", "replace").lower() for one in permanent)
        return Bounce(keys, tuple(one for one in named if is_address(one)), is_hard(status), status, letter.at)
    return Delayed(keys, letter.at) if temporary else Unclear("bounce_unread")


def is_hard(status: str) -> bool:
    """Whether the address is no good; a failure without a number counts as that."""
    return not f"{status}.".startswith(FULL_OR_REFUSED)


def _recipients(letter: Letter, blocks: list[Letter]) -> tuple[str, ...]:
    """Whom the report names, and to whom the returned message was addressed."""
    given = [block.header(name) for block in blocks for name in ("original-recipient", "final-recipient")]
    found = [one.rpartition(";")[2].strip(" <>").lower() for one in given]
    found += [one for returned in _returned(letter) for one in returned.addresses("to")]
    return tuple(dict.fromkeys(one for one in found if is_address(one)))


def _keys(letter: Letter) -> tuple[str, ...]:
    """Those of the returned message first, then those of the thread the report stands in."""
    found = [key for one in _returned(letter) for key in one.keys("message-id")]
    return tuple(dict.fromkeys((*found, *letter.keys("in-reply-to", "references"))))[:20]


def _returned(letter: Letter) -> Iterator[Letter]:
    """The headers of what came back."""
    for part in letter.parts:
        if part.kind == "text/rfc822-headers":
            found = headers_in(part.text.lstrip())
            if found is not None:
                yield found
        elif part.kind.startswith("message/") and part.kind not in (STATUS, FEEDBACK):
            yield from part.parts[:1]
