"""What stands under a worker breaks: answers are lost, a server goes, a disk is full, mail servers balk."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlmodel import col, select

from tests.conftest import empty_postgres, engine_of, lacking
from tests.integration.lost_answer import losing
from tests.integration.tools.channels.mail_server import Receiver, answering, channel, serving, talking
from tests.judge import agrees
from tools.channels.channel import Capability, Channel, Parcel, Receipt
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import SetupError
from winback.store.models import Effect
from winback.store.store import Store
from winback.store.types import EMAIL, EffectState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, add_account, open_case, world
from workers.act import act_all
from workers.owner import this_owner
from workers.propose import propose_all
from workers.services import Services

DONE, UNKNOWN = EffectState.DONE, EffectState.UNKNOWN


def run_of(services: Services, number: int, carrier: Channel) -> Services:
    """The nth run of the command: when it has ended, that is proven."""
    machine = this_owner().rpartition("/")[0]
    return replace(services, owner=f"{machine}/{number}.00", channels={EMAIL: carrier}, breakers={})


def tutorials(services: Services, count: int) -> None:
    """So many accounts, to each of which a tutorial is due."""
    with services.store.write("test") as session:
        for number in range(count):
            open_case(session, add_account(session, f"account-{number}"))
    propose_all(services, AS_OF)


def states(services: Services) -> list[str]:
    with services.store.read() as session:
        return list(session.exec(select(Effect.state).order_by(col(Effect.id))).all())


def often(carrier: MemoryChannel) -> list[int]:
    """How often each act that arrived at all did."""
    return list(Counter(one.key for one in carrier.sent).values())


def later(services: Services, **delta: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(services.clock.now() + timedelta(**delta))


LOST = [
    *(("claim", 1, one) for one in ("keyed", "lookup", "blind")),
    ("claim_all", 3, "keyed"),
    *(("done", 3, one) for one in ("keyed", "lookup", "blind")),
]


@pytest.mark.parametrize(("name", "count", "capability"), LOST)
def test_the_answer_to_a_commit_is_lost(
    services: Services, monkeypatch: pytest.MonkeyPatch, name: str, count: int, capability: Capability
) -> None:
    """It was committed and nobody heard so: one line now, and the next run leaves each act done once.

    Of a blind channel with an intent that nobody followed up, only a person can say what became of it.
    """
    tutorials(services, count)
    carrier = MemoryChannel(capability=capability)
    with losing(services.store, name, monkeypatch):
        act_all(run_of(services, 1, carrier))
    act_all(run_of(services, 2, carrier))
    if (name, capability) == ("claim", "blind"):
        assert (states(services), often(carrier)) == ([UNKNOWN], [])
    else:
        assert (states(services), often(carrier)) == ([DONE] * count, [1] * count)
    assert act_all(run_of(services, 3, carrier)) == []
    assert verify(services.store).problems == ()


@dataclass
class CuttingChannel(MemoryChannel):
    """Something happens to the ground while the nth parcel is under way, after it has arrived."""

    at: int = 0
    happens: Callable[[], object] = field(default=lambda: None)

    def send(self, parcel: Parcel) -> Receipt:
        receipt = super().send(parcel)
        if len(self.sent) == self.at:
            self.happens()
        return receipt


@pytest.fixture
def on_postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Services, str]]:
    """Services over an empty PostgreSQL database, and its address."""
    url = request.getfixturevalue("postgres_url")
    if url is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    store = engine_of(empty_postgres(url))
    with world(store, tmp_path) as found:
        yield found, url
        agrees(found, tmp_path / "trace.jsonl")
    store.close()


def cut_all(url: str) -> None:
    """As when the server is restarted: every connection to this database ends."""
    with psycopg.connect(url, autocommit=True) as admin:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        assert admin.execute(f"{others} AND pid <> pg_backend_pid()").fetchall()


@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize("capability", ["keyed", "lookup", "blind"])
def test_the_database_server_goes_away(on_postgres: tuple[Services, str], capability: Capability, at: int) -> None:
    """Between two acts: the run ends with one line, the next one finishes what is left."""
    services, url = on_postgres
    tutorials(services, 4)
    carrier = CuttingChannel(capability=capability, at=at, happens=lambda: cut_all(url))
    with pytest.raises(SetupError, match="database does not answer"):
        act_all(run_of(services, 1, carrier))
    act_all(run_of(services, 2, carrier))
    expected = [DONE] * 4
    if capability == "blind":
        # Its own end could not be written down.
        expected[at - 1] = UNKNOWN
    assert (states(services), often(carrier)) == (expected, [1] * 4)
    assert act_all(run_of(services, 3, carrier)) == []
    assert verify(services.store).problems == ()


@contextmanager
def room_for(store: Store, pages: int) -> Iterator[None]:
    """A disk on which the database can grow by so many pages, until the end of the block."""

    def limit(connection: Any, _record: Any) -> None:
        now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={now + pages}").fetchone()

    store.close()
    event.listen(store.engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(store.engine, "connect", limit)
        store.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("capability", ["keyed", "lookup", "blind"])
@pytest.mark.parametrize("pages", [0, 3, 9])
def test_the_disk_is_full(services: Services, capability: Capability, pages: int) -> None:
    """One line, nothing half done; when there is room again the next run finishes."""
    count = 12
    tutorials(services, count)
    carrier = MemoryChannel(capability=capability)
    with room_for(services.store, pages):
        with pytest.raises(SetupError, match="disk is full") as caught:
            act_all(run_of(services, 1, carrier))
        assert "\n" not in str(caught.value)
        assert verify(services.store).problems == ()
    agrees(services, services.settings.home / "half.jsonl")
    act_all(run_of(services, 2, carrier))
    found = states(services)
    assert set(found) <= ({DONE, UNKNOWN} if capability == "blind" else {DONE})
    assert found.count(UNKNOWN) <= 1
    assert set(often(carrier)) == {1}
    assert len(carrier.sent) + found.count(UNKNOWN) >= count
    assert act_all(run_of(services, 3, carrier)) == []
    assert verify(services.store).problems == ()


def test_a_mail_server_that_refuses(services: Services) -> None:
    """For good: a person is asked, and it is not tried again."""
    tutorials(services, 2)
    receiver = Receiver(refuses=["account-0-ann@example.com"])
    with serving(receiver) as port, channel(port) as mail:
        act_all(run_of(services, 1, mail))
        later(services, hours=12)
        assert act_all(run_of(services, 2, mail)) == []
    assert states(services) == [EffectState.FAILED, DONE]
    assert [one["to"] for one in receiver.mails()] == ["Ann Example <account-1-ann@example.com>"]
    assert verify(services.store).problems == ()


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_mail_server_that_greylists(services: Services, step: str) -> None:
    """Not now: it waits, and goes once when the server takes it."""
    tutorials(services, 1)
    receiver = Receiver()
    taken, receiver.answers[step] = receiver.answers[step], "451 4.7.1 greylisted, come back"
    with serving(receiver) as port, channel(port) as mail:
        act_all(run_of(services, 1, mail))
        assert (states(services), receiver.received) == ([EffectState.PENDING], [])
        assert act_all(run_of(services, 2, mail)) == []
        receiver.answers[step] = taken
        later(services, hours=2)
        act_all(run_of(services, 3, mail))
        later(services, hours=12)
        assert act_all(run_of(services, 4, mail)) == []
    assert states(services) == [DONE]
    assert receiver.only()["to"] == "Ann Example <account-0-ann@example.com>"
    assert verify(services.store).problems == ()


def test_a_mail_server_that_drops_after_the_text_and_has_it(services: Services) -> None:
    """Nobody knows: a person looks, nothing tries it again, and the mailbox has it once."""
    tutorials(services, 1)
    receiver = Receiver(drop=True)
    with serving(receiver) as port, channel(port) as mail:
        act_all(run_of(services, 1, mail))
        later(services, hours=12)
        assert act_all(run_of(services, 2, mail)) == []
    assert (states(services), len(receiver.received)) == ([UNKNOWN], 1)
    assert verify(services.store).problems == ()


def test_a_mail_server_that_drops_after_the_text_and_has_it_not(services: Services) -> None:
    """From here it looks the same, so it ends the same."""
    tutorials(services, 1)
    texts: list[str] = []

    def drops(verb: str, _number: int) -> bytes | None:
        texts.append(verb)
        return {"DATA": b"354 go on\r\n", "TEXT": None}.get(verb, b"250 ok\r\n")

    with talking(answering(drops)) as port, channel(port) as mail:
        act_all(run_of(services, 1, mail))
        later(services, hours=12)
        assert act_all(run_of(services, 2, mail)) == []
    assert (states(services), texts.count("TEXT")) == ([UNKNOWN], 1)
    assert verify(services.store).problems == ()
