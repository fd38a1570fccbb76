"""What came by mail and was looked at, so that each message counts once."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from winback.store.types import UtcDateTime


class InboxMail(SQLModel, table=True):
    """One message, by the hash of what it says; its words are not here.

    `outcome` is a `workers.inbox.taken.Outcome`, `why` the reason of one that was left. `place` is the
    hash of the mailbox, the folder and the number under which it lies there.
    """

    __tablename__ = "inbox_mail"

    digest: str = Field(primary_key=True, max_length=64)
    outcome: str = Field(max_length=20, index=True)
    why: str = Field(default="", max_length=40)
    place: str | None = Field(default=None, max_length=64)
    effect_id: int | None = Field(default=None, foreign_key="effect.id")
    interaction_id: int | None = Field(default=None, foreign_key="interaction.id")
    at: datetime = Field(sa_type=UtcDateTime)
