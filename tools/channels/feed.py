"""The feed of messages that the customer's product shows: a row for each, kept once by its effect's key."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, select

from tools.channels.channel import Capability, MaybeSent, NotSent, Parcel, Receipt
from winback.errors import WinbackError
from winback.store.answers import FeedItem
from winback.store.store import Store


class FeedChannel:
    """Sending again what is there changes nothing, and is answered with the first receipt."""

    name = "feed"
    capability: Capability = "keyed"
    can_tell = True

    def __init__(self, store: Store) -> None:
        self._store = store

    def send(self, parcel: Parcel) -> Receipt:
        if not (parcel.account and parcel.contact):
            raise NotSent("nobody is named whose feed it would be", retry=False)
        try:
            with self._store.write("feed_item") as session:
                return self._keep(session, parcel)
        except WinbackError as problem:
            # Whether a transaction whose end nobody heard of was kept, the next look-up tells.
            raise MaybeSent(f"the database did not say that it kept it: {problem}") from None

    def lookup(self, key: str) -> Receipt | None:
        try:
            with self._store.read() as session:
                return self._receipt(session, key)
        except WinbackError as problem:
            raise MaybeSent(f"the database cannot be asked: {problem}") from None

    def probe(self) -> None:
        """Raises SetupError when the table cannot be read; writes nothing."""
        with self._store.read() as session:
            session.exec(select(FeedItem.id).limit(1)).first()

    def _keep(self, session: Session, parcel: Parcel) -> Receipt:
        insert = sqlite.insert if self._store.is_sqlite else postgresql.insert
        message = parcel.message
        session.connection().execute(
            insert(FeedItem)
            .values(
                key=parcel.key,
                account=parcel.account,
                contact=parcel.contact,
                language=message.language,
                subject=message.subject,
                body=message.body,
                at=parcel.sent_at,
            )
            .on_conflict_do_nothing(index_elements=["key"])
        )
        receipt = self._receipt(session, parcel.key)
        if receipt is None:
            raise MaybeSent("the row that was just written cannot be read")
        return receipt

    def _receipt(self, session: Session, key: str) -> Receipt | None:
        row = session.exec(select(FeedItem.id, FeedItem.at).where(FeedItem.key == key)).first()
        return None if row is None else Receipt(self.name, reference=f"feed-{row[0]}", answer="kept", at=row[1])
