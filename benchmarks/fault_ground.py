"""What `faults.py` kills and freezes: workers forked from this process, and who feeds them; then the judgement."""

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import col, func, select

from tools.channels.channel import Capability
from winback.clock import SystemClock
from winback.decisions.log import seal
from winback.decisions.verify import verify
from winback.settings import Settings, Worker
from winback.store.migrate import migrate
from winback.store.models import Effect
from winback.store.store import Store
from winback.store.types import EMAIL, EffectState
from winback.testing import forked
from winback.testing.receiver import FolderReceiver
from winback.testing.world import AS_OF, add_account, open_case, world
from workers.act import act_all
from workers.owner import this_owner
from workers.propose import propose_all
from workers.services import Services

LEASE_SECONDS = 0.15
IDLE_SECONDS = 0.003
WAITING_AT_LEAST = 20
FED_AT_ONCE = 10
LONGEST_END_SECONDS = 60
WAITING = (EffectState.PENDING, EffectState.IN_FLIGHT)
Engine = Callable[[Services], object]


def winback(services: Services) -> object:
    """Ours, in short rounds: whoever looks anew sees what another left."""
    end = time.monotonic() + LEASE_SECONDS / 3
    return act_all(services, stop=lambda: time.monotonic() > end)


@dataclass(frozen=True)
class Ground:
    """One database, one receiver and one way of acting; children inherit what was opened and parsed here."""

    services: Services
    receiver: FolderReceiver
    folder: Path
    engine: Engine

    @property
    def stop(self) -> Path:
        """While this file is missing, everybody works."""
        return self.folder / "stop"

    def worker(self) -> int:
        """A worker that acts until it is told to stop; its pid."""

        def work() -> None:
            services = self._own()
            while not self.stop.exists():
                if not self.engine(services):
                    time.sleep(IDLE_SECONDS)

        return forked.start(work)

    def feeder(self) -> int:
        """Somebody who sees to it that there is always an effect to carry out."""

        def feed() -> None:
            services = self._own()
            while not self.stop.exists():
                if count(services.store, EffectState.PENDING) < WAITING_AT_LEAST:
                    feed_some(services)
                time.sleep(IDLE_SECONDS)

        return forked.start(feed)

    def come_to_rest(self) -> None:
        """One more worker, until nothing waits and no lease holds."""

        def finish() -> None:
            services = self._own()
            end = time.monotonic() + LONGEST_END_SECONDS
            while count(services.store, *WAITING) and time.monotonic() < end:
                if not self.engine(services):
                    time.sleep(LEASE_SECONDS / 3)
            seal(services.store, services.clock.now())

        os.waitpid(forked.start(finish), 0)

    def _own(self) -> Services:
        """Of this very process: a name that proves its death."""
        return replace(self.services, owner=this_owner())


@contextmanager
def ground(url: str, folder: Path, capability: Capability, engine: Engine, pause: float) -> Iterator[Ground]:
    """`pause`: seconds before the receiver takes a message and again before it answers: faults fall into calls.

    A new database and receiver with a few effects, what acting compiles, and no connection open.
    """
    (folder / "receiver").mkdir(parents=True)
    store = Store(url)
    migrate(store)
    receiver = FolderReceiver(folder / "receiver", capability, pause_seconds=pause)
    with world(store, folder) as found:
        channels = {EMAIL: receiver}
        settings = Settings(home=folder, worker=Worker(lease_seconds=LEASE_SECONDS))
        services = replace(found, clock=SystemClock(), settings=settings, channels=channels, owner=this_owner())
        while count(store, EffectState.PENDING) < WAITING_AT_LEAST:
            feed_some(services)
        engine(services)
        store.close()
        gc.freeze()
        yield Ground(services, receiver, folder, engine)
    gc.unfreeze()
    store.close()


def feed_some(services: Services) -> None:
    """Accounts whose usage fell, each with an effect that is allowed and due."""
    now = services.clock.now()
    with services.store.write("benchmark") as session:
        for number in range(FED_AT_ONCE):
            open_case(session, add_account(session, f"a-{now.timestamp():.6f}-{number}"), now=now)
    propose_all(services, AS_OF)


def count(store: Store, *states: EffectState) -> int:
    """Effects in these states."""
    with store.read() as session:
        return session.exec(select(func.count()).where(col(Effect.state).in_(states))).one()


@dataclass(frozen=True)
class Judgement:
    """What the receiver's memory says of the rows. The second to the sixth must be 0.

    `lost`: delivered, and neither done nor before a person. `left`: neither at the end. `interrupted`: a fault
    fell after the intent, so that somebody else had to say what became of it. `refused`: repeats that a keyed
    receiver did not let in.
    """

    effects: int
    repeats: int
    done_but_not_sent: int
    lost: int
    left: int
    log_problems: int
    to_a_person: int
    interrupted: int
    refused: int


def judge(store: Store, receiver: FolderReceiver) -> Judgement:
    """Hold the rows against what the receiver has."""
    with store.read() as session:
        rows = session.exec(select(Effect.key, Effect.state, Effect.epoch)).all()
    states = {key: state for key, state, _ in rows}
    delivered = receiver.delivered()
    settled = (EffectState.DONE, EffectState.UNKNOWN)
    found = Judgement(
        effects=len(states),
        repeats=delivered.total() - len(delivered),
        done_but_not_sent=sum(state == EffectState.DONE and key not in delivered for key, state in states.items()),
        lost=sum(states.get(key) not in settled for key in delivered),
        left=sum(state in WAITING for state in states.values()),
        log_problems=len(verify(store).problems),
        to_a_person=sum(state == EffectState.UNKNOWN for state in states.values()),
        interrupted=sum(state == EffectState.UNKNOWN or epoch > 1 for _, state, epoch in rows),
        refused=receiver.refused().total(),
    )
    store.close()
    return found
