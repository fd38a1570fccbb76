"""Column types and the closed sets that columns hold."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, TypeDecorator

from winback.clock import aware

EMAIL, IN_APP, SLACK, WEBHOOK, ENTITLEMENT, CALENDAR = (
    "email",
    "in_app",
    "slack",
    "webhook",
    "entitlement",
    "calendar",
)
"""Media: over what an act goes, whichever channel carries it."""
MEDIA = (EMAIL, IN_APP, SLACK, WEBHOOK)
"""Those that carry words, of which a policy can speak; the others follow from a customer's answer."""
CUSTOMER, COLLEAGUE = "customer", "colleague"
"""Audiences: who gets it."""
MESSAGE, NOTICE, GRANT, TAKE_BACK, EVENT, INVITE = "message", "notice", "grant", "take_back", "event", "invite"
"""Parts: the act that was proposed, and those that follow from the customer's answer to it."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on SQLite as on PostgreSQL; naive ones are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's
        return None if value is None else aware(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  signature
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


class CaseState(StrEnum):
    """Where a case stands. OPEN waits for an agent; WATCHING waits for the account; CLOSED has an outcome."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    ACTING = "acting"
    WATCHING = "watching"
    HELD_OUT = "held_out"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What the account did afterwards."""

    RECOVERED = "recovered"
    STILL_QUIET = "still_quiet"
    LAPSED = "lapsed"
    UNSUBSCRIBED = "unsubscribed"


class ReviewState(StrEnum):
    """A queue item's life. Only PENDING can be decided; LAPSED: overtaken by recovery or an unsubscribe."""

    PENDING = "pending"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    EXPIRED = "expired"
    LAPSED = "lapsed"


class EffectState(StrEnum):
    """An effect's life. UNKNOWN may have been sent: a person looks, nothing retries it."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LAPSED = "lapsed"


class InteractionKind(StrEnum):
    """What passed between an account and us. MESSAGE is a person's own; REFUSAL is of an offer."""

    MESSAGE = "message"
    REPLY = "reply"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    REFUSAL = "refusal"
    TICKET = "ticket"


class RunState(StrEnum):
    """A slot of a schedule: found due, taken, finished."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
