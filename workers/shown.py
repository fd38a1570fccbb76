"""What a person was shown of a queue item, and what is different now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from winback.canonical import commitment, content_hash
from winback.errors import ConflictError
from winback.store.models import Account, Contact, Review
from winback.store.queue import Shown

DIGITS = 8
Facts = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """One field: what was shown, what it is now, and who changed it when, as far as anybody knows."""

    field: str
    was: Any
    now: Any
    by: str | None = None
    at: str | None = None


class ChangedError(ConflictError):
    """It is not what was on the screen; `differences` say how."""

    def __init__(self, what: str, differences: tuple[Difference, ...], *, fix: str) -> None:
        super().__init__(what, fix=fix)
        self.differences = differences


def facts_of(account: Account, contact: Contact) -> Facts:
    """What about the customer matters to whoever decides; nothing in it names them."""
    return {
        "unsubscribed": contact.unsubscribed_at is not None,
        "left": contact.left,
        "language": contact.language,
        "recipient": commitment(contact.salt, [contact.name, contact.email])[:DIGITS],
        "plan": account.plan,
        "value_per_month": account.value_per_month,
    }


def version_of(review: Shown, facts: Facts) -> str:
    """What a screen gives back: a number that counts changes of the item, and a digest of the facts."""
    return f"{review.version}.{content_hash(facts)[:DIGITS]}"


def changed(review: Review, facts: Facts, field: str, was: Any, now: Any, by: str, at: datetime) -> None:
    """Count a change of the item and remember it: whoever was shown an earlier version is told."""
    one = {"field": field, "was": _plain(was), "now": _plain(now), "by": by, "at": at.isoformat()}
    review.version += 1
    review.changes = [*review.changes, {"version": review.version, **one}]
    review.facts = facts


def check_version(review: Review, facts: Facts, shown: str | None) -> None:
    """Raises ChangedError when the item is another than the version that was shown."""
    if shown is None or shown == version_of(review, facts):
        return
    found = tuple(_differences(review, facts, shown))
    told = "; ".join(f"{one.field}: {one.was} was shown, now {one.now}" for one in found)
    raise ChangedError(
        f"queue item {review.id} has changed since you were shown version {shown!r} ({told})",
        found,
        fix=f"look again with 'winback queue show {review.id}'",
    )


def _differences(review: Review, facts: Facts, shown: str) -> Iterator[Difference]:
    number, _, digest = shown.partition(".")
    since = int(number) if number.isdecimal() and len(number) < DIGITS else 0
    for one in review.changes:
        if one["version"] > since:
            yield Difference(one["field"], one["was"], one["now"], one["by"], one["at"])
    if digest == content_hash(facts)[:DIGITS]:
        return
    # The facts of then are known where the item was shown in the state in which it was queued or last changed.
    known = review.facts if digest == content_hash(review.facts)[:DIGITS] else {}
    for name, now in facts.items():
        if not known or known.get(name) != now:
            yield Difference(name, known.get(name, "unknown"), now)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
