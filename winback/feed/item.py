"""The messages of one contact in the feed, as a product reads them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import update
from sqlmodel import Session, col, select

from winback.store.answers import FeedItem

MOST = 100
"""Messages in one answer."""


class Item(BaseModel):
    """One message. `subject` and `body` are plain text, never HTML: escape them where they are shown."""

    model_config = ConfigDict(frozen=True)

    id: int = Field(description="Rises with every message: give the last one as `after`.")
    subject: str
    body: str
    language: str = Field(description="Of the words, such as en.")
    at: datetime = Field(description="When it was sent, in UTC.")
    seen: bool


class Page(BaseModel):
    """Messages in the order of their ids. `next`: the `after` of the next page, null on the last one."""

    model_config = ConfigDict(frozen=True)

    items: tuple[Item, ...]
    next: int | None


class Seen(BaseModel):
    """The message that was seen, and since when that is known."""

    model_config = ConfigDict(frozen=True)

    id: int
    seen_at: datetime


def page_of(session: Session, account: str, contact: str, after: int, limit: int) -> Page:
    """The contact's messages with ids above `after`, at most `limit` of them."""
    rows = session.exec(
        select(FeedItem)
        .where(FeedItem.contact == contact, FeedItem.account == account, col(FeedItem.id) > after)
        .order_by(col(FeedItem.id))
        .limit(limit + 1)
    ).all()
    items = tuple(_item(one) for one in rows[:limit])
    return Page(items=items, next=items[-1].id if len(rows) > limit else None)


def see(session: Session, item: int, now: datetime) -> Seen | None:
    """Note that it was seen; what was seen before stays as it was. None: there is no such message."""
    session.connection().execute(
        update(FeedItem).where(col(FeedItem.id) == item, col(FeedItem.seen_at).is_(None)).values(seen_at=now)
    )
    row = session.get(FeedItem, item)
    return Seen(id=item, seen_at=row.seen_at) if row is not None and row.seen_at is not None else None


def _item(row: FeedItem) -> Item:
    return Item(
        id=row.id or 0,
        subject=row.subject,
        body=row.body,
        language=row.language,
        at=row.at,
        seen=row.seen_at is not None,
    )
