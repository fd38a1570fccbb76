"""What somebody answered, prefers, arranged and was shown in the product: taken out of its rows, or told."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, and_, col, or_, select

from winback.store.answers import Answer, Booking, FeedItem, Preference
from winback.store.inbox import InboxMail
from winback.store.models import Account, Contact, Effect, Interaction

KEPT = ("about", "trial", "plan", "from_plan", "days", "until")
"""What stays of an effect's payload: what takes a trial back. None of it is theirs."""


def blank_answers(session: Session, contact: Contact) -> dict[str, int]:
    """Words, wishes and messages go; that and when something was answered or arranged stays.

    To be called while the contact still has their key.
    """
    connection = session.connection()
    account = session.get_one(Account, contact.account_id).key
    answers = connection.execute(update(Answer).where(col(Answer.contact_id) == contact.id).values(words=""))
    bookings = connection.execute(update(Booking).where(col(Booking.contact_id) == contact.id).values(call=""))
    wishes = connection.execute(delete(Preference).where(col(Preference.contact_id) == contact.id))
    shown = connection.execute(
        update(FeedItem)
        .where(col(FeedItem.account) == account, col(FeedItem.contact) == contact.key)
        .values(contact="", subject="", body="", language="en")
    )
    return {
        "answers": answers.rowcount,
        "bookings": bookings.rowcount,
        "preferences": wishes.rowcount,
        "feed items": shown.rowcount,
    }


def rename_feed(session: Session, before: str, after: str) -> None:
    """The messages of an account that was a person go by its new key."""
    session.connection().execute(update(FeedItem).where(col(FeedItem.account) == before).values(account=after))


def kept_of(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload without the person."""
    return {name: payload[name] for name in KEPT if name in payload}


def counts_of(session: Session, contacts: Sequence[int]) -> dict[str, int]:
    """How much there is of each."""
    found = {"answers": Answer, "bookings": Booking, "preferences": Preference}
    counted = {
        name: len(session.exec(select(table.contact_id).where(col(table.contact_id).in_(contacts))).all())  # type: ignore[attr-defined]
        for name, table in found.items()
    }
    return {**counted, "feed items": sum(1 for _ in feed_of(session, contacts))}


def feed_of(session: Session, contacts: Sequence[int]) -> Iterator[FeedItem]:
    """Their messages in the feed, which knows people by their keys."""
    query = (
        select(FeedItem)
        .join(Account, col(Account.key) == FeedItem.account)
        .join(Contact, and_(col(Contact.account_id) == Account.id, col(Contact.key) == FeedItem.contact))
        .where(col(Contact.id).in_(contacts))
        .order_by(col(FeedItem.id))
    )
    yield from session.exec(query)


def mails_of(session: Session, contacts: Sequence[int]) -> Iterator[InboxMail]:
    """What is known of mail that came back from them, or about them."""
    effects = select(Effect.id).where(col(Effect.contact_id).in_(contacts))
    interactions = select(Interaction.id).where(col(Interaction.contact_id).in_(contacts))
    query = select(InboxMail).where(
        or_(col(InboxMail.effect_id).in_(effects), col(InboxMail.interaction_id).in_(interactions))
    )
    yield from session.exec(query.order_by(col(InboxMail.at)))
