"""A message lies in the feed once, whatever is tried again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from tests.unit.tools.situations import KEY, NOW, parcel
from tools.channels.channel import MaybeSent, NotSent
from tools.channels.feed import FeedChannel
from winback.errors import SetupError
from winback.store.answers import FeedItem
from winback.store.store import Store

SENT = parcel(account="acme", contact="acme-ann")


def rows(store: Store) -> list[FeedItem]:
    with store.read() as session:
        return list(session.exec(select(FeedItem)).all())


def test_it_is_kept_and_can_be_asked_for(store: Store) -> None:
    """What the product shows is the message; the receipt says which row it is."""
    channel = FeedChannel(store)
    channel.probe()
    assert channel.lookup(KEY) is None
    receipt = channel.send(SENT)
    (row,) = rows(store)
    assert (row.key, row.account, row.contact, row.language) == (KEY, "acme", "acme-ann", "en")
    assert (row.subject, row.body, row.at, row.seen_at) == ("A subject", SENT.message.body, NOW, None)
    assert (receipt.channel, receipt.reference, receipt.at) == ("feed", f"feed-{row.id}", NOW)
    assert channel.lookup(KEY) == receipt


def test_a_repeat_changes_nothing(store: Store) -> None:
    """The first message stays, and so does its receipt, also of many at once."""
    channel = FeedChannel(store)
    first = channel.send(SENT)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: channel.send(SENT), range(16))) == {first}
    assert len(rows(store)) == 1


def test_nobody_has_no_feed(store: Store) -> None:
    """Without the keys of both, it is refused for good."""
    for nobody in (parcel(account="acme"), parcel(contact="acme-ann")):
        with pytest.raises(NotSent) as refused:
            FeedChannel(store).send(nobody)
        assert refused.value.retry is False
    assert rows(store) == []


def test_a_database_that_is_gone_is_a_doubt() -> None:
    """What cannot be read may have been written: somebody asks later."""
    gone = Store("sqlite:////nowhere/at/all.db")
    channel = FeedChannel(gone)
    with pytest.raises(MaybeSent, match="did not say"):
        channel.send(SENT)
    with pytest.raises(MaybeSent, match="cannot be asked"):
        channel.lookup(KEY)
    with pytest.raises(SetupError):
        channel.probe()
    gone.close()
