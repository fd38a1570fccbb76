"""Thousands of stops against sends, in every order that threads find: the receiver's own clock judges."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlmodel import select

from tools.channels.channel import Parcel, Receipt
from winback import failpoint
from winback.decisions.verify import verify
from winback.store.models import Contact, DecisionEntry, Effect
from winback.store.sending import Sending, alone
from winback.store.store import Store
from winback.store.types import EMAIL, EffectState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, add_contact, open_case, world
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services
from workers.unsubscribe import stop_contact

pytestmark = pytest.mark.long

PEOPLE = 32
ROUNDS = 2
PASSED_BY = 1500
TAKES_SECONDS = 0.0006
"""So long a message is on its way to the receiver, at most."""


@dataclass
class Clocked(MemoryChannel):
    """A receiver that notes when each message was in its hands, by its own clock."""

    arrived: dict[str, list[float]] = field(default_factory=dict)

    def send(self, parcel: Parcel) -> Receipt:
        time.sleep(random.uniform(0, TAKES_SECONDS))  # noqa: S311  any moment
        receipt = super().send(parcel)
        self.arrived.setdefault(parcel.contact, []).append(time.monotonic())
        return receipt


@dataclass
class Ground:
    """Workers that send and one who stops people, each with connections of their own."""

    senders: list[Services]
    stopper: Services
    channel: Clocked
    committed: dict[str, float] = field(default_factory=dict)
    number: int = 0
    now: str = ""

    def next_round(self) -> dict[str, int]:
        """New people with an act each that is due; their keys and numbers."""
        self.number += 1
        with self.stopper.store.write("test") as session:
            for one in range(PEOPLE):
                open_case(session, add_account(session, f"r{self.number}-{one}"))
        propose_all(self.stopper, AS_OF)
        with self.stopper.store.read() as session:
            query = select(Contact.key, Contact.id).join(Effect).where(Effect.state == EffectState.PENDING)
            return {key: number or 0 for key, number in session.exec(query)}

    def run(self) -> None:
        """All at once: who is stopped, and when, is chance."""
        people = self.next_round()
        begin = threading.Barrier(len(self.senders) + 1)

        def send(services: Services) -> None:
            begin.wait(30)
            act_all(services)

        threads = [threading.Thread(target=send, args=(one,)) for one in self.senders]
        for one in threads:
            one.start()
        begin.wait(30)
        for key, contact in random.sample(sorted(people.items()), len(people)):
            self.now = key
            stop_contact(self.stopper, contact, "page")
        for one in threads:
            one.join(60)
        for one in self.senders:
            act_all(one)

    def heard(self, point: str) -> None:
        """The last moment before the commit: whatever arrives after it would arrive after the commit too."""
        if point == "unsubscribe.before_commit":
            self.committed[self.now] = time.monotonic()


@pytest.fixture
def ground(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    channel = Clocked(capability=request.param)
    with ExitStack() as stack:

        def worker(number: int) -> Services:
            store = Store(database_url, busy_seconds=30)
            stack.callback(store.close)
            services = stack.enter_context(world(store, tmp_path))
            return replace(services, owner=f"worker-{number}/0/1/1.00", channels={EMAIL: channel})

        found = Ground([worker(1), worker(2)], worker(3), channel)
        stack.callback(failpoint.hear, None)
        failpoint.hear(found.heard)
        yield found
        assert verify(found.stopper.store).problems == ()


@pytest.mark.parametrize("ground", ["keyed", "blind"], indirect=True)
def test_nothing_arrives_after_the_stop_was_committed(ground: Ground) -> None:
    """Whatever a receiver has of somebody, it had before their stop was committed; nobody waited in vain."""
    for _ in range(ROUNDS):
        ground.run()
    assert len(ground.committed) == ROUNDS * PEOPLE
    late = {
        key: at - ground.committed[key]
        for key, moments in ground.channel.arrived.items()
        for at in moments
        if at > ground.committed[key]
    }
    assert late == {}
    assert 0 < len(ground.channel.arrived) < len(ground.committed)
    assert all(len(moments) == 1 for moments in ground.channel.arrived.values())
    with ground.stopper.store.read() as session:
        states = set(session.exec(select(Effect.state)).all())
        told = session.exec(select(DecisionEntry.body).where(DecisionEntry.kind == "unsubscribed")).all()
    assert states == {EffectState.DONE, EffectState.LAPSED}
    assert not any("while_sending" in one for one in told)


@pytest.fixture
def crowd(database_url: str) -> Iterator[tuple[Store, list[int]]]:
    """People whom two threads send to without end."""
    store = Store(database_url, busy_seconds=30)
    with store.write("test") as session:
        account = add_account(session)
        people = [add_contact(session, account, f"p{one}").id or 0 for one in range(PASSED_BY)]
    yield store, people
    store.close()


def test_the_lock_alone(crowd: tuple[Store, list[int]]) -> None:
    """Thousands of stops while two threads send, several people at a time or one: none is passed by."""
    store, people = crowd
    arrived, committed, over = dict[int, float](), dict[int, float](), threading.Event()

    def send() -> None:
        sending = Sending(store)
        while not over.is_set():
            # Near the one who is stopped next, so that they meet.
            at = len(committed) + random.randrange(3)  # noqa: S311
            wanted = people[at : at + random.choice((1, 1, 4))]  # noqa: S311
            for one in sending.take(wanted) if wanted else ():
                time.sleep(random.uniform(0, TAKES_SECONDS / 4))  # noqa: S311
                arrived[one] = time.monotonic()
        sending.release()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for one in threads:
        one.start()
    waited = []
    for number in people:
        with alone(store, [number]) as is_alone, store.write("test") as session:
            waited.append(is_alone(session))
            session.get_one(Contact, number).unsubscribed_at = NOON
            session.flush()
            committed[number] = time.monotonic()
    over.set()
    for one in threads:
        one.join(30)
    assert all(waited)
    assert len(arrived) > PASSED_BY / 4
    assert {one: at - committed[one] for one, at in arrived.items() if at > committed[one]} == {}


def test_a_stop_waits_for_nobody_for_ever(crowd: tuple[Store, list[int]]) -> None:
    """A worker that has frozen in mid-send: the stop is committed all the same, and knows it."""
    store, (first, second, *_) = crowd
    frozen = Sending(store)
    assert frozen.take([first]) == {first}
    for number, expected in ((first, False), (second, True)):
        with alone(store, [number], seconds=0.05) as is_alone, store.write("test") as session:
            assert is_alone(session) is expected
            session.get_one(Contact, number).unsubscribed_at = NOON
            session.flush()
    frozen.release()
    assert frozen.take([first, second]) == frozenset()
    frozen.release()
