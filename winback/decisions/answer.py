"""How the log binds what a receiver said: it may quote an address, so only with the contact's salt."""

from typing import Any

from sqlmodel import Session

from winback.canonical import commitment
from winback.store.models import Contact


def answer_commitment(session: Session, contact_id: int, answer: Any) -> str:
    """A commitment to a receipt, or to the words of a failure, that proves nothing once the salt is erased."""
    return commitment(session.get_one(Contact, contact_id).salt, answer)
