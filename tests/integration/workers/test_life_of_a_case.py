"""Whatever happens to cases, in any order, whoever dies: nothing twice, nothing after a stop, nothing unlogged."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from agents.brief import Brief
from agents.choice import Outcome as Chosen
from tests.conftest import empty_postgres, empty_sqlite, engine_of, lacking
from tests.judge import agrees
from tools.channels.channel import Capability, MaybeSent, NotSent
from tools.tool import Option
from winback import failpoint
from winback.clock import SimulatedClock
from winback.decisions.kind import EntryKind
from winback.decisions.log import seal
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Case, Contact, Effect, Proposal, Review
from winback.store.types import (
    CALENDAR,
    EMAIL,
    ENTITLEMENT,
    GRANT,
    MESSAGE,
    TAKE_BACK,
    CaseState,
    EffectState,
    Outcome,
    ReviewState,
)
from winback.testing.channel import MemoryChannel
from winback.testing.selector import ScriptedSelector, first_option
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop, world
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.acted import acted
from workers.answer import answer_offer
from workers.booking import cancel, choose, slots
from workers.claim import Earlier
from workers.expire import expire_all
from workers.link import Links
from workers.owner import this_owner
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.settle import ask_receiver, send_again, settle
from workers.undo import undo
from workers.unsubscribe import stop_contact

pytestmark = pytest.mark.long

TOOLS = {
    DropKind.FEATURE_FELL: "send_tutorial",
    DropKind.LIMIT_REACHED: "offer_trial_upgrade",
    DropKind.ALL_QUIET: "book_call",
}


WRITING = (
    "propose", "approve", "reject", "claim", "claim_all", "done", "not_sent", "ask_later", "unknown", "expire",
    "unsubscribe", "close", "answer_offer", "choose", "cancel_call", "seal", "undo", "edit", "snooze", "escalate",
    "settle", "send_again",
)  # fmt: skip
POINTS = [
    *("send.before", "send.after"),
    *(f"{name}.{side}" for name in WRITING for side in ("before_commit", "after_commit")),
]
# A death while something is under way is the worst one: every other dies there.
DEADLY = st.sampled_from(["send.before", "send.after", "done.before_commit"]) | st.sampled_from(POINTS)


Click = Literal["accepted", "declined", "earlier", "later", "cancel"]
ANSWERS: list[Click] = ["accepted", "accepted", "declined", "earlier", "later", "cancel"]


class Died(BaseException):
    """A process ended here, as by SIGKILL: nothing of ours catches it."""


def _fitting(brief: Brief, options: Sequence[Option]) -> Chosen:
    """Another tool for each kind of case: a tutorial, a trial, a call."""
    wanted = TOOLS[brief.kind]
    return first_option(brief, [one for one in options if one.tool == wanted] or options)


class LifeOfCases(RuleBasedStateMachine):
    """Five accounts, each with a case; steps of workers, people and time in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.store = engine_of(self.empty())
        self.stack.callback(self.store.close)
        self.channels = {one: MemoryChannel(name=one) for one in (EMAIL, ENTITLEMENT, CALENDAR)}
        self.clock = SimulatedClock(NOON)
        self.stopped: dict[int, int] = {}
        self.dies_at, self.passages, self.proven, self.workers = "", 0, False, 0
        self.services = self._start()

    def empty(self) -> str:
        """The database of one life."""
        return empty_sqlite()

    def _start(self) -> Services:
        """A worker in a process of its own. When it has died, that is proven of one on this machine only."""
        self.workers += 1
        machine = this_owner().rpartition("/")[0] if self.proven else "elsewhere/0/1"
        return replace(
            self.stack.enter_context(world(self.store, self.folder)),
            clock=self.clock,
            channels=self.channels,
            selector=ScriptedSelector(answer=_fitting),
            links=Links("https://hello.example.com", "s" * 40),
            owner=f"{machine}/{self.workers}.00",
        )

    @contextmanager
    def alive(self) -> Iterator[None]:
        """A step, in which the worker may die: then another one goes on from what the database has."""
        failpoint.hear(self._pass)
        try:
            yield
        except Died:
            self.services = self._start()
        finally:
            failpoint.hear(None)

    def _pass(self, point: str) -> None:
        if point == self.dies_at:
            self.passages -= 1
            if self.passages == 0:
                self.dies_at = ""
                raise Died(point)

    def teardown(self) -> None:
        self.stack.close()

    @initialize(
        capability=st.sampled_from(["keyed", "lookup", "blind"]),
        lost=st.booleans(),
        proven=st.booleans(),
        dies_at=DEADLY,
        passages=st.integers(1, 5),
        first=st.sampled_from(ANSWERS),
    )
    def cases(
        self, capability: Capability, lost: bool, proven: bool, dies_at: str, passages: int, first: Click
    ) -> None:
        """Three were approved, sent and answered by one, or somebody died over it; two are new."""
        for channel in self.channels.values():
            channel.capability, channel.lost = capability, lost
        self.proven, self.dies_at, self.passages = proven, dies_at, passages
        self.services = self._start()
        self._open("sent", list(TOOLS))
        self.work("propose")
        for number in range(1, 1 + len(TOOLS)):
            self.decide(number, yes=True)
        self.work("act")
        self.click(first, looks=True)
        self._open("new", [DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED])

    def _open(self, name: str, kinds: Sequence[DropKind]) -> None:
        with self.store.write("test") as session:
            for number, kind in enumerate(kinds):
                account = add_account(session, f"{name}-{number}")
                open_case(session, account, sample_drop(account.key, kind))

    @rule(point=DEADLY, passages=st.integers(1, 2))
    def somebody_will_die(self, point: str, passages: int) -> None:
        self.dies_at, self.passages = point, passages

    @rule(step=st.sampled_from(["propose", "act", "act", "expire", "seal"]))
    def work(self, step: str) -> None:
        with self.alive():
            match step:
                case "propose":
                    propose_all(self.services, AS_OF)
                case "act":
                    act_all(self.services)
                case "expire":
                    expire_all(self.services)
                case _:
                    seal(self.store, self.clock.now())

    @rule(hours=st.sampled_from([1, 26, 340]), looks=st.booleans())
    def time_passes(self, hours: int, looks: bool) -> None:
        """`looks`: and a worker looks what is due."""
        self.clock.set(self.clock.now() + timedelta(hours=hours))
        if looks:
            self.work("act")

    @rule(number=st.integers(1, 6), yes=st.booleans())
    def decide(self, number: int, yes: bool) -> None:
        with self.store.read() as session:
            review = session.get(Review, number)
        if review is None:
            return
        try:
            with self.alive():
                if yes:
                    reviews.approve(self.services, number, review.action_hash, "rita")
                else:
                    reviews.reject(self.services, number, review.action_hash, "rita", "not_now", "")
        except (ConflictError, InputError):
            assert review.state != ReviewState.PENDING or self._overdue(review)

    @rule(number=st.integers(1, 6), deed=st.sampled_from(["undo", "undo", "edit", "snooze", "escalate"]))
    def at_the_desk(self, number: int, deed: str) -> None:
        """What else a reviewer does; refused where it is too late, or there is nothing to do it to."""
        with self.store.read() as session:
            review = session.get(Review, number)
            proposal = session.get_one(Proposal, review.proposal_id) if review else None
        if review is None or proposal is None:
            return
        here, seen = self.services, review.action_hash
        with suppress(ConflictError, InputError), self.alive():
            match deed:
                case "undo":
                    undo(here, number, "rita")
                case "edit":
                    trial = here.catalogue.trial(proposal.catalogue_id)
                    others = [one for one in trial.days if one != proposal.arguments["days"]] if trial else []
                    changes = {"days": str(others[0])} if others else {"slots.opening": "Hello again."}
                    reviews.edit(here, number, seen, "rita", changes)
                case "snooze":
                    reviews.snooze(here, number, seen, "rita", self.clock.now() + timedelta(hours=20))
                case _:
                    reviews.escalate(here, number, seen, "rita")

    @rule(number=st.integers(1, 12), deed=st.sampled_from(["settle", "again", "ask"]))
    def look_into(self, number: int, deed: str) -> None:
        """A person finds out what became of an act, and says what is so; or lets it be tried again."""
        with self.store.read() as session:
            effect = session.get(Effect, number)
        if effect is None:
            return
        with suppress(ConflictError, InputError), self.alive():
            match deed:
                case "settle":
                    came = any(one.key == effect.key for way in self.channels.values() for one in way.sent)
                    settle(self.services, number, sent=came, by="rita")
                case "again":
                    send_again(self.services, number, "rita")
                case _:
                    ask_receiver(self.services, number, "rita")

    def _overdue(self, review: Review) -> bool:
        now: datetime = self.clock.now()
        return review.expires_at is not None and review.expires_at <= now

    @rule(number=st.integers(1, 5))
    def unsubscribe(self, number: int) -> None:
        with self.alive():
            stop_contact(self.services, number, "reply")
        with self.store.read() as session:
            if session.get_one(Contact, number).unsubscribed_at is not None:
                self.stopped.setdefault(number, len(self.channels[EMAIL].sent))

    @rule(number=st.integers(1, 5))
    def recover(self, number: int) -> None:
        with self.alive():
            close(self.services, number, Outcome.RECOVERED, self.clock.now(), {})

    @rule(what=st.sampled_from(ANSWERS), looks=st.booleans())
    def click(self, what: Click, looks: bool) -> None:
        """`looks`: and a worker looks what is due."""
        match what:
            case "accepted" | "declined":
                self._click("offer_trial_upgrade", lambda key: answer_offer(self.services, key, what))
            case "cancel":
                self._click("book_call", lambda key: cancel(self.services, key))
            case _:
                nth = ("earlier", "later").index(what)
                self._click(
                    "book_call", lambda key: choose(self.services, key, slots(self.services, key).free[nth])
                )

        if looks:
            self.work("act")

    def _click(self, tool: str, answer: Callable[[str], object]) -> None:
        """A customer on a page that a message links to; pages refuse what comes twice, or too late."""
        with self.store.read() as session:
            query = select(Effect.key).where(Effect.part == MESSAGE, Effect.tool == tool)
            key = session.exec(query.order_by(col(Effect.id))).first()
        if key is not None:
            with suppress(ConflictError, InputError), self.alive():
                answer(key)

    @rule(
        failure=st.sampled_from(["later", "never", "unknown"]),
        medium=st.sampled_from([EMAIL, ENTITLEMENT, CALENDAR]),
    )
    def trouble(self, failure: str, medium: str) -> None:
        self.channels[medium].failures = [
            {
                "later": NotSent("busy", retry=True),
                "never": NotSent("no such mailbox", retry=False),
                "unknown": MaybeSent("the line dropped"),
            }[failure]
        ]

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        keys = [parcel.key for channel in self.channels.values() for parcel in channel.sent]
        assert len(set(keys)) == len(keys)

    @invariant()
    def nothing_is_sent_after_a_stop(self) -> None:
        with self.store.read() as session:
            addresses = {one.id: one.email for one in session.exec(select(Contact)).all()}
        for contact, before in self.stopped.items():
            later = self.channels[EMAIL].sent[before:]
            assert addresses[contact] not in {parcel.recipient_address for parcel in later}

    @invariant()
    def what_is_given_is_taken_back_once_and_in_time(self) -> None:
        """A taking back alone: only where nobody knows whether it was given."""
        given: dict[str, list[str]] = {}
        for parcel in self.channels[ENTITLEMENT].sent:
            given.setdefault(parcel.account, []).append(parcel.part)
        with self.store.read() as session:
            rows = session.exec(select(Account.key, Effect.state).join(Account).where(Effect.part == GRANT)).all()
            early = select(Effect.id).where(Effect.part == TAKE_BACK, col(Effect.intent_at) < Effect.due_at)
            assert session.exec(early).all() == []
        doubtful = {account for account, state in rows if state == EffectState.UNKNOWN}
        for account, parts in given.items():
            assert parts in ([GRANT], [GRANT, TAKE_BACK]) or (account in doubtful and parts == [TAKE_BACK])

    @invariant()
    def rows_agree_with_their_cases(self) -> None:
        with self.store.read() as session:
            cases = {one.id: one.state for one in session.exec(select(Case)).all()}
            pending = session.exec(select(Review.case_id).where(Review.state == ReviewState.PENDING)).all()
            waiting = session.exec(
                select(Effect.case_id)
                .where(col(Effect.state).in_((EffectState.PENDING, EffectState.IN_FLIGHT)))
                .where(Effect.part == MESSAGE)
            ).all()
        assert sorted(pending) == sorted(one for one, state in cases.items() if state == CaseState.IN_REVIEW)
        assert sorted(waiting) == sorted(one for one, state in cases.items() if state == CaseState.ACTING)

    @invariant()
    def a_judge_from_outside_passes_it(self) -> None:
        agrees(self.services, self.services.settings.home / "trace.jsonl")

    @invariant()
    def the_log_holds(self) -> None:
        assert verify(self.store).problems == ()


TestLifeOfCases = LifeOfCases.TestCase
TestLifeOfCases.settings = settings(
    max_examples=15, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_same_on_postgres(postgres_url: str | None) -> None:
    """The same life where rows have locks of their own; fewer, since each is emptied and asked over a socket."""
    if postgres_url is None:
        lacking("no PostgreSQL answers at WINBACK_TEST_POSTGRES or 127.0.0.1:5432")
    url = str(postgres_url)

    class OnPostgres(LifeOfCases):
        def empty(self) -> str:
            return empty_postgres(url)

    few = settings(max_examples=4, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(OnPostgres, settings=few)


class Fault(NamedTuple):
    """A step done wrongly, in place of the one that stands at `place`."""

    place: str
    wrong: Callable[..., object]


FAULTS = {
    "after a crash it is sent again": Fault("workers.claim._ask", lambda *_: Earlier()),
    "what arrived is not written down": Fault(
        "workers.act.log_done", lambda _steps, effect, *_: acted(effect, EntryKind.DONE)
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """A machine that finds nothing proves nothing."""
    monkeypatch.setattr(fault.place, fault.wrong)
    enough = settings(
        max_examples=300, stateful_step_count=2, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate], report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises(AssertionError):
        run_state_machine_as_test(LifeOfCases, settings=enough)
