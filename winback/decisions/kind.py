"""What a line of the decision log can say."""

from enum import StrEnum


class EntryKind(StrEnum):
    """Every step of a case, the non-actions too."""

    IMPORTED = "imported"
    ALARMS_HELD = "alarms_held"
    CASE_OPENED = "case_opened"
    HELD_OUT = "held_out"
    NOTHING_TO_OFFER = "nothing_to_offer"
    NOTHING_ALLOWED = "nothing_allowed"
    NOTHING_CHOSEN = "nothing_chosen"
    MODEL_FAILED = "model_failed"
    ALLOWED = "allowed"
    QUEUED = "queued"
    DENIED = "denied"
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    SNOOZED = "snoozed"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    DEFERRED = "deferred"
    INTENT = "intent"
    DONE = "done"
    NOT_SENT = "not_sent"
    MAY_HAVE_BEEN_SENT = "may_have_been_sent"
    FAILED = "failed"
    SETTLED = "settled"
    CLOSED = "closed"
    UNSUBSCRIBED = "unsubscribed"
