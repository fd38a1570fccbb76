"""Objections that customers wrote on the page that says why they got a message, and that nobody has answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from winback.store.answers import Answer
from winback.store.models import Account, Effect, Interaction
from winback.store.types import InteractionKind

RECENT = timedelta(days=30)


@dataclass(frozen=True)
class Objection:
    """Where it stands, without its words. `account` is the account's number, `key` the operator's own."""

    account: int
    key: str
    at: datetime


def unanswered(session: Session, now: datetime) -> tuple[Objection, ...]:
    """Those of the last 30 days, the newest first.

    One is answered once a colleague's own message to that person, or to the account, is recorded after it.
    """
    answered = (
        select(Interaction.id)
        .where(
            Interaction.account_id == Effect.account_id,
            or_(col(Interaction.contact_id).is_(None), Interaction.contact_id == Answer.contact_id),
            Interaction.kind == InteractionKind.MESSAGE,
            Interaction.at >= Answer.at,
        )
        .exists()
    )
    found = session.exec(
        select(Account, Answer.at)
        .join(Effect, col(Effect.account_id) == Account.id)
        .join(Answer, col(Answer.effect_id) == Effect.id)
        .where(Answer.question == "contest", Answer.at >= now - RECENT, ~answered)
        .order_by(col(Answer.at).desc(), col(Answer.id).desc())
    ).all()
    return tuple(Objection(account.id or 0, account.key, at) for account, at in found)
