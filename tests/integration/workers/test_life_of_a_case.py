"""Whatever happens to cases, in whatever order: nothing twice, nothing after a stop, nothing unlogged."""

import tempfile
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import col, select

from tests.conftest import empty_sqlite, engine_of
from tools.channels.channel import Capability, MaybeSent, NotSent
from winback.clock import SimulatedClock
from winback.decisions.log import seal
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Case, Contact, Effect, Review
from winback.store.types import CaseState, EffectState, Outcome, ReviewState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, add_account, open_case, sample_drop, world
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.expire import expire_all
from workers.propose import propose_all
from workers.scan import close
from workers.unsubscribe import stop_contact

KINDS = (DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED, DropKind.ALL_QUIET)


class LifeOfCases(RuleBasedStateMachine):
    """Three accounts, each with a case; steps of workers, people and time in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.store = engine_of(empty_sqlite())
        self.stack.callback(self.store.close)
        self.services = self.stack.enter_context(world(self.store, folder))
        self.channel = self.services.channels["email"]
        self.stopped: dict[int, int] = {}

    def teardown(self) -> None:
        self.stack.close()

    @initialize(capability=st.sampled_from(["keyed", "lookup", "blind"]), lost=st.booleans())
    def cases(self, capability: Capability, lost: bool) -> None:
        assert isinstance(self.channel, MemoryChannel)
        self.channel.capability, self.channel.lost = capability, lost
        with self.store.write("test") as session:
            for number, kind in enumerate(KINDS):
                account = add_account(session, f"account-{number}")
                open_case(session, account, sample_drop(account.key, kind))

    @rule()
    def propose(self) -> None:
        propose_all(self.services, AS_OF)

    @rule()
    def act(self) -> None:
        act_all(self.services)

    @rule()
    def expire(self) -> None:
        expire_all(self.services)

    @rule(hours=st.sampled_from([1, 26, 170]))
    def time_passes(self, hours: int) -> None:
        assert isinstance(self.services.clock, SimulatedClock)
        self.services.clock.set(self.services.clock.now() + timedelta(hours=hours))

    @rule(number=st.integers(1, 6), yes=st.booleans())
    def decide(self, number: int, yes: bool) -> None:
        with self.store.read() as session:
            review = session.get(Review, number)
        if review is None:
            return
        try:
            if yes:
                reviews.approve(self.services, number, review.action_hash, "rita")
            else:
                reviews.reject(self.services, number, review.action_hash, "rita", "not_now", "")
        except (ConflictError, InputError):
            assert review.state != ReviewState.PENDING or self._overdue(review)

    def _overdue(self, review: Review) -> bool:
        now: datetime = self.services.clock.now()
        return review.expires_at is not None and review.expires_at <= now

    @rule(number=st.integers(1, 3))
    def unsubscribe(self, number: int) -> None:
        if stop_contact(self.services, number, "reply"):
            assert isinstance(self.channel, MemoryChannel)
            self.stopped[number] = len(self.channel.sent)

    @rule(number=st.integers(1, 3))
    def recover(self, number: int) -> None:
        close(self.services, number, Outcome.RECOVERED, self.services.clock.now(), {})

    @rule(failure=st.sampled_from(["later", "never", "unknown"]))
    def trouble(self, failure: str) -> None:
        assert isinstance(self.channel, MemoryChannel)
        self.channel.failures = [
            {
                "later": NotSent("busy", retry=True),
                "never": NotSent("no such mailbox", retry=False),
                "unknown": MaybeSent("the line dropped"),
            }[failure]
        ]

    @rule()
    def seal_the_log(self) -> None:
        seal(self.store, self.services.clock.now())

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        assert isinstance(self.channel, MemoryChannel)
        keys = [parcel.key for parcel in self.channel.sent]
        assert len(set(keys)) == len(keys)

    @invariant()
    def nothing_is_sent_after_a_stop(self) -> None:
        assert isinstance(self.channel, MemoryChannel)
        with self.store.read() as session:
            addresses = {one.id: one.email for one in session.exec(select(Contact)).all()}
        for contact, before in self.stopped.items():
            later = self.channel.sent[before:]
            assert addresses[contact] not in {parcel.recipient_address for parcel in later}

    @invariant()
    def rows_agree_with_their_cases(self) -> None:
        with self.store.read() as session:
            cases = {one.id: one.state for one in session.exec(select(Case)).all()}
            pending = session.exec(select(Review.case_id).where(Review.state == ReviewState.PENDING)).all()
            waiting = session.exec(
                select(Effect.case_id).where(col(Effect.state).in_((EffectState.PENDING, EffectState.IN_FLIGHT)))
            ).all()
        assert sorted(pending) == sorted(one for one, state in cases.items() if state == CaseState.IN_REVIEW)
        assert sorted(waiting) == sorted(one for one, state in cases.items() if state == CaseState.ACTING)

    @invariant()
    def the_log_holds(self) -> None:
        assert verify(self.store).problems == ()


TestLifeOfCases = LifeOfCases.TestCase
TestLifeOfCases.settings = settings(
    max_examples=25, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck)
)
