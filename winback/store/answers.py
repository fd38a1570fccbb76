"""What customers answered on the pages: to an offer, to a call, to a question; and what they prefer."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from winback.store.types import UtcDateTime


class Answer(SQLModel, table=True):
    """One answer to one act: of two that race, one wins. `question` is offer, survey or contest.

    `words` are the customer's own: hostile text, for people only.
    """

    __table_args__ = (UniqueConstraint("effect_id", "question"),)

    id: int | None = Field(default=None, primary_key=True)
    effect_id: int = Field(foreign_key="effect.id")
    contact_id: int = Field(foreign_key="contact.id", index=True)
    question: str = Field(max_length=20)
    value: str = Field(max_length=40)
    words: str = Field(default="", sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)


class Booking(SQLModel, table=True):
    """A call that a customer chose: one for each invitation. `sequence` rises with every change (RFC 5546).

    A host (an address) has one call at a time: `starts_at` is taken while the booking is not cancelled.
    """

    __table_args__ = (
        Index(
            "one_call_at_a_time",
            "host",
            "starts_at",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    effect_id: int = Field(foreign_key="effect.id", unique=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    call: str = Field(max_length=100)
    host: str = Field(max_length=320)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime, index=True)
    sequence: int = 0
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Preference(SQLModel, table=True):
    """What a person said they want (zero-party data). `topics` are the tools they do not want to hear of.

    `days_between`: at most one contact in so many days.
    """

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    topics: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    days_between: int | None = None
    level: str | None = Field(default=None, max_length=20)
    at: datetime = Field(sa_type=UtcDateTime)


class FeedItem(SQLModel, table=True):
    """A message in the feed that the customer's product shows. `key` is its effect's: a repeat is refused."""

    __tablename__ = "feed_item"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=64)
    account: str = Field(max_length=200)
    contact: str = Field(max_length=200, index=True)
    language: str = Field(max_length=35)
    subject: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
