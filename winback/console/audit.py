"""What is noted of the door and the keys, in the transaction that does it, and of what operators do."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from winback.store.console import Audit
from winback.store.store import Store

COMMAND_LINE = "command line"


class What(StrEnum):
    """Everything that is noted."""

    SIGNED_IN = "signed_in"
    REFUSED = "sign_in_refused"
    LOCKED = "locked_out"
    SIGNED_OUT = "signed_out"
    SIGN_IN_ENDED = "sign_in_ended"
    USER_ADDED = "user_added"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    USER_UNLOCKED = "user_unlocked"
    ROLE_CHANGED = "role_changed"
    LINKED = "user_linked"
    UNLINKED = "user_unlinked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a name
    TOKEN_MADE = "token_made"  # noqa: S105  a name
    POLICY_SAVED = "policy_saved"
    SHADOW_ENDED = "shadow_ended"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105  a name
    WISHES_CHANGED = "wishes_changed"
    STOPPED = "contact_stopped"
    EXPORTED = "person_exported"
    ERASED = "person_erased"
    VERIFIED = "log_verified"
    RUN_ASKED = "run_asked"
    PAUSED = "schedule_paused"
    RESUMED = "schedule_resumed"


def note(session: Session, at: datetime, who: str, what: What, place: str = "", detail: str = "") -> None:
    """Write it down."""
    session.add(Audit(at=at, who=who[:320], what=what.value, place=place[:64], detail=detail[:1000]))


def note_deed(store: Store, at: datetime, who: str, what: What, place: str, detail: str) -> None:
    """Write down what was done in transactions of its own. `detail` names nobody: it outlives an erasure."""
    with store.write("note") as session:
        note(session, at, who, what, place, detail)
