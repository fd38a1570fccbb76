"""Reading single entries of the decision log."""

from typing import Any

from sqlmodel import Session, col, select

from winback.decisions.entry import spoken
from winback.decisions.kind import EntryKind
from winback.store.models import DecisionEntry


def newest_of_act(session: Session, case_id: int, action_hash: str, kind: EntryKind) -> dict[str, Any]:
    """What a case's newest entry of a kind says of an act; nothing when there is none, or it cannot be read."""
    query = select(DecisionEntry.body).where(
        DecisionEntry.case_id == case_id, DecisionEntry.action_hash == action_hash, DecisionEntry.kind == kind
    )
    body = session.exec(query.order_by(col(DecisionEntry.step).desc()).limit(1)).first()
    try:
        return spoken(body) if body else {}
    except (ValueError, TypeError, RecursionError):
        return {}
