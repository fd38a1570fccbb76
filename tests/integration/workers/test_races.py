"""Two who are at one item in the same moment, each with connections of their own: one wins, the other is told."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from tests.judge import agrees
from winback import failpoint
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError
from winback.store.models import Case, Contact, Effect, Proposal, Review
from winback.store.store import Store
from winback.store.types import EMAIL, CaseState, EffectState, Outcome, ReviewState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, PERMISSIVE, add_account, entries, open_case, sample_drop, world
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.expire import expire_all
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.unsubscribe import stop_contact

ROUNDS = 4
TRIALS = PERMISSIVE.replace("      {tools: [send_tutorial], mode: auto},\n", "")
"""Whatever is proposed waits for a person."""
MEET_SECONDS = 0.05
"""So long the first waits for the other to have judged too; whoever is kept waiting costs a round as much."""
HEAD_START_SECONDS = 0.01
HELD_BACK = ["intent", "not_sent", "lapsed"]
FIRST_CHANGES = ("UPDATE review", "UPDATE effect", "INSERT INTO effect")


@dataclass
class Ring:
    """Two workers over one database and one channel, and the case that they are at in this round."""

    workers: Sequence[Services]
    channel: MemoryChannel
    case: int = 0
    rounds: int = 0
    points: list[str] = field(default_factory=list)
    judged: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))

    def meet(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Before its first change each waits for the other: if nothing keeps them apart, both change."""
        if statement.startswith(FIRST_CHANGES):
            with suppress(threading.BrokenBarrierError):
                self.judged.wait(MEET_SECONDS)

    def next_round(self, kind: DropKind = DropKind.LIMIT_REACHED, *, beside: bool = False) -> None:
        """A new account with a case, for which something is proposed; `beside` it another one."""
        self.rounds += 1
        with self.workers[0].store.write("test") as session:
            for name in ("other", "account")[not beside :]:
                key = f"{name}-{self.rounds}"
                self.case = open_case(session, add_account(session, key), sample_drop(key, kind))
        propose_all(self.workers[0], AS_OF)
        self.channel.sent.clear()

    def at_once(self, *contenders: Callable[[], object]) -> list[object]:
        """What each got, or the ConflictError that told it. The first has a head start in every other round."""
        begin, self.judged = threading.Barrier(len(contenders)), threading.Barrier(len(contenders))
        self.points.clear()

        def run(number: int, one: Callable[[], object]) -> object:
            begin.wait(30)
            time.sleep(HEAD_START_SECONDS * (number * self.rounds % 2))
            try:
                return one()
            except ConflictError as told:
                return told

        with ThreadPoolExecutor(len(contenders)) as pool:
            return [one.result(60) for one in [pool.submit(run, *one) for one in enumerate(contenders)]]

    def review(self) -> Review:
        """The newest in the queue."""
        with self.workers[0].store.read() as session:
            return session.exec(select(Review).order_by(col(Review.id).desc()).limit(1)).one()

    def approval(self, worker: int, by: str) -> Callable[[], object]:
        """A click of somebody who was shown what waits now."""
        one = self.review()
        return partial(reviews.approve, self.workers[worker], one.id or 0, one.action_hash, by)

    def acted(self) -> int:
        """How often the customer of this round got something, after both workers have acted as well."""
        self.at_once(*(partial(act_all, one) for one in self.workers))
        keys = [parcel.key for parcel in self.channel.sent if parcel.case_id == self.case]
        assert len(keys) == len(set(keys))
        return len(keys)

    def told(self) -> list[str]:
        """What the log has of this round's case."""
        return entries(self.workers[0].store, self.case)

    def state(self, of: Any) -> list[str]:
        """The states of this round's reviews or effects."""
        with self.workers[0].store.read() as session:
            return list(session.exec(select(of.state).where(of.case_id == self.case).order_by(of.id)).all())


@pytest.fixture
def ring(database_url: str, tmp_path: Path) -> Iterator[Ring]:
    """Whoever won in whichever round: the log is whole and a judge from outside passes it."""
    # Blind: a second send of the same would be seen.
    channel = MemoryChannel(capability="blind")
    with ExitStack() as stack:
        found = Ring([_worker(stack, database_url, tmp_path, number, channel) for number in range(2)], channel)
        for one in found.workers:
            event.listen(one.store.engine, "before_cursor_execute", found.meet)
        stack.callback(failpoint.hear, None)
        failpoint.hear(found.points.append)
        yield found
        assert verify(found.workers[0].store).problems == ()
        agrees(found.workers[0], tmp_path / "trace.jsonl")


def _worker(stack: ExitStack, url: str, folder: Path, number: int, channel: MemoryChannel) -> Services:
    """As in a process of its own: its own connections, its own view of the policy."""
    store = Store(url, busy_seconds=30)
    stack.callback(store.close)
    services = stack.enter_context(world(store, folder, TRIALS))
    return replace(services, owner=f"worker-{number}/0/1/1.00", channels={EMAIL: channel})


def one_of(results: Sequence[object]) -> tuple[int, str]:
    """Which of two won, and what the other was told."""
    (loser,) = (number for number, one in enumerate(results) if isinstance(one, ConflictError))
    return 1 - loser, str(results[loser])


def test_two_approve(ring: Ring) -> None:
    """One approval, one message; the other learns who was first."""
    for _ in range(ROUNDS):
        ring.next_round()
        one, people = ring.review(), ("rita", "ravi")
        winner, told = one_of(ring.at_once(*(ring.approval(number, who) for number, who in enumerate(people))))
        assert f"queue item {one.id} was already approved by {people[winner]}" in told
        assert ring.review().decided_by == people[winner]
        assert ring.acted() == 1
        assert ring.told() == ["case_opened", "queued", "approved", "intent", "done"]


def test_approve_against_expire(ring: Ring) -> None:
    """A click in the last second, and a worker that looks in the next: time wins nothing that was approved."""
    late = replace(ring.workers[1], clock=SimulatedClock(NOON + timedelta(hours=168)))
    for _ in range(ROUNDS):
        ring.next_round()
        one = ring.review()
        approved, expired = ring.at_once(
            ring.approval(0, "rita"),
            partial(expire_all, late),
        )
        if isinstance(approved, ConflictError):
            assert f"queue item {one.id} was already expired" in str(approved)
            assert expired == [one.id]
            assert ring.acted() == 0
            assert ring.told() == ["case_opened", "queued", "expired"]
        else:
            assert expired == []
            assert ring.acted() == 1
            assert ring.told() == ["case_opened", "queued", "approved", "intent", "done"]


def test_approve_against_recover(ring: Ring) -> None:
    """Usage is back while somebody approves and a worker acts on it: after the end of the case nothing goes."""
    for _ in range(ROUNDS):
        ring.next_round()
        one = ring.review()
        approved, recovered = ring.at_once(
            partial(_then_act, ring.workers[0], ring.approval(0, "rita")),
            partial(close, ring.workers[1], ring.case, Outcome.RECOVERED, NOON, {}),
        )
        if isinstance(approved, ConflictError):
            assert f"queue item {one.id} was already lapsed" in str(approved)
            assert (recovered, ring.state(Review)) == (True, [ReviewState.LAPSED])
            assert "approved" not in ring.told()
        if not recovered:
            # It was being carried out: the next look closes it.
            assert ring.state(Effect) == [EffectState.DONE]
            assert close(ring.workers[1], ring.case, Outcome.RECOVERED, NOON, {})
        told = ring.told()
        assert told[-1] == "closed"
        assert ring.acted() == told.count("intent") == told.count("done")
        assert ring.told() == told


def _then_act(services: Services, approve: Callable[[], object]) -> object:
    due = approve()
    act_all(services)
    return due


def test_edit_against_approve(ring: Ring) -> None:
    """Either the old one goes, or its child waits under another hash: never both."""
    for _ in range(ROUNDS):
        ring.next_round()
        one, days = ring.review(), _other_days(ring)
        edited_or, approved_or = ring.at_once(
            partial(reviews.edit, ring.workers[0], one.id or 0, one.action_hash, "ruth", {"days": days}),
            ring.approval(1, "rita"),
        )
        winner, told = one_of([edited_or, approved_or])
        if winner:
            assert f"queue item {one.id} was already approved by rita" in told
            assert (ring.acted(), ring.state(Review)) == (1, [ReviewState.APPROVED])
        else:
            assert f"queue item {one.id} was already edited by ruth" in told
            assert (ring.acted(), ring.state(Review)) == (0, [ReviewState.EDITED, ReviewState.PENDING])
            assert ring.review().action_hash != one.action_hash
            reviews.reject(
                ring.workers[0], ring.review().id or 0, ring.review().action_hash, "rita", "not_now", ""
            )


def _other_days(ring: Ring) -> str:
    with ring.workers[0].store.read() as session:
        proposal = session.get_one(Proposal, ring.review().proposal_id)
    trial = ring.workers[0].catalogue.trial(proposal.catalogue_id)
    assert trial is not None
    return str(next(days for days in trial.days if days != proposal.arguments["days"]))


@pytest.mark.parametrize("capability", ["keyed", "blind"])
def test_unsubscribe_against_send(ring: Ring, capability: Any) -> None:
    """Once the stop is committed nothing goes; what was intended before it goes before it, or is held back.

    Over a blind channel it is intended alone, over another one together with an act for somebody else.
    """
    ring.channel.capability = capability
    (ring.workers[0].settings.home / "policy.yaml").write_text(PERMISSIVE, encoding="utf-8")
    for _ in range(ROUNDS):
        ring.next_round(DropKind.FEATURE_FELL, beside=capability == "keyed")
        with ring.workers[0].store.read() as session:
            contact = session.exec(select(Effect.contact_id).where(Effect.case_id == ring.case)).one()
        _, stopped = ring.at_once(
            partial(act_all, ring.workers[0]),
            partial(stop_contact, ring.workers[1], contact, "page"),
        )
        assert stopped is True
        order, sent = [*ring.points], ring.acted()
        told = ring.told()
        assert sent == told.count("done")
        if sent:
            # The points tell in which order the two committed.
            intent = next(
                at for at, one in enumerate(order) if one in ("claim.before_commit", "claim_all.before_commit")
            )
            assert intent < order.index("unsubscribe.after_commit")
            assert told == ["case_opened", "allowed", "intent", "done"]
        else:
            # It was withdrawn, or it was intended first and held back: nobody sends to whom is just saying stop.
            assert told[2:] in (["unsubscribed"], ["intent", "not_sent", "unsubscribed"], HELD_BACK)
            assert ring.state(Effect) == [EffectState.LAPSED]
        with ring.workers[0].store.read() as session:
            assert session.get_one(Contact, contact).unsubscribed_at == NOON
            assert session.get_one(Case, ring.case).state == CaseState.WATCHING
