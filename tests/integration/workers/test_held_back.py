"""After a no with a code nothing of which the code speaks is proposed or sent within its days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col, func, select

from policies.rejection import REACHES, REJECT_CODES
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Case, Contact, DecisionEntry, Effect, Proposal, Review
from winback.store.types import CaseState, EffectState, Outcome, ReviewState
from winback.testing.world import AS_OF, NOON, add_account, add_contact, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.held_back import holds_of, lift, told
from workers.item import open_item
from workers.past import past_of
from workers.policy_watch import watch_policies
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.undo import undo

RULES = """version: 1
rules:
- {id: t, kind: allow_tools, allow: [
    {tools: [offer_trial_upgrade], drops: [limit_reached], mode: review},
    {tools: [book_call], drops: [all_quiet], mode: review},
    {tools: [send_tutorial], drops: [feature_fell], mode: auto}]}
- {id: after-rejection, kind: cooldown_after, what: [rejected]}
- {id: e, kind: expires, hours: 168}
"""
SECOND = timedelta(seconds=1)
KINDS = (DropKind.LIMIT_REACHED, DropKind.FEATURE_FELL, DropKind.ALL_QUIET)


def set_rules(services: Services, rules: str = RULES) -> None:
    (services.settings.home / "policy.yaml").write_text(rules, encoding="utf-8")


@pytest.fixture
def queued(services: Services) -> Services:
    """Services with one item in the queue: a trial for the one person of an account."""
    set_rules(services)
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    return services


def digest(services: Services, number: int = 1) -> str:
    with services.store.read() as session:
        return open_item(session, number).review.action_hash


def reject(services: Services, code: str, number: int = 1) -> None:
    reviews.reject(services, number, digest(services, number), "rita", code, "")


def asked(
    services: Services, account: int = 1, state: ReviewState = ReviewState.PENDING
) -> list[tuple[int, Proposal]]:
    """Items of that state, and what they are about."""
    with services.store.read() as session:
        rows = session.exec(
            select(Review, Proposal)
            .join(Proposal, col(Review.proposal_id) == Proposal.id)
            .where(Review.account_id == account, Review.state == state)
        ).all()
        return [(review.id or 0, proposal) for review, proposal in rows]


def at(services: Services, ago: timedelta) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + ago)


def new_case(services: Services, kind: DropKind, account: int = 1) -> list[str]:
    """What becomes of another case of the account: the words of its entries."""
    now = services.clock.now()
    with services.store.read() as session:
        over = session.exec(
            select(Case.id).where(Case.account_id == account, Case.state != CaseState.CLOSED)
        ).all()
    for case in over:
        assert close(services, case or 0, Outcome.STILL_QUIET, now, {})
    with services.store.write("test") as session:
        row = session.get_one(Account, account)
        open_case(session, row, sample_drop(row.key, kind), now)
    return [done.kind.value for done in propose_all(services, AS_OF)]


@pytest.mark.parametrize("code", REJECT_CODES)
def test_the_same_is_not_asked_again_while_the_code_holds(queued: Services, code: str) -> None:
    """Not on the last second of its days, another offer at most; a second later again; for good: never."""
    reject(queued, code)
    ((_, same),) = asked(queued, state=ReviewState.REJECTED)
    days, another = REACHES[code].days, REACHES[code].scope == "offer"
    at(queued, timedelta(days=days or 4000))
    assert new_case(queued, DropKind.LIMIT_REACHED) == (["queued"] if another else ["nothing_allowed"])
    assert same.catalogue_id not in [act.catalogue_id for _, act in asked(queued)]
    at(queued, timedelta(days=days or 4000) + SECOND)
    assert new_case(queued, DropKind.LIMIT_REACHED) == (["queued"] if days else ["nothing_allowed"])
    assert [act.catalogue_id for _, act in asked(queued)] == ([same.catalogue_id] if days else [])


@pytest.mark.parametrize(
    ("code", "free"),
    [
        ("not_now", True), ("wrong_words", True), ("wrong_tool", True),
        ("wrong_person", False), ("already_in_touch", False), ("never_contact", False),
    ],
)  # fmt: skip
def test_another_tool_is_free_where_the_code_does_not_speak_of_it(queued: Services, code: str, free: bool) -> None:
    """A tutorial after a trial that was refused."""
    reject(queued, code)
    at(queued, timedelta(days=1))
    assert new_case(queued, DropKind.FEATURE_FELL) == (["allowed"] if free else ["nothing_allowed"])
    assert [done.kind.value for done in act_all(queued)] == (["done"] if free else [])


@pytest.mark.by_hand
def test_what_was_approved_before_is_not_sent_after_a_no(services: Services) -> None:
    """The policy is asked again when it acts: a no that came in between holds an approved act back."""
    set_rules(services)
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.FEATURE_FELL))
    assert [done.kind.value for done in propose_all(services, AS_OF)] == ["allowed"]
    with services.store.write("test") as session:
        one = session.exec(select(Proposal)).one()
        session.add(
            Review(
                case_id=one.case_id, proposal_id=one.id or 0, action_hash=one.action_hash, asked_at=NOON,
                account_id=one.account_id, state=ReviewState.REJECTED, code="never_contact", decided_at=NOON,
            )
        )  # fmt: skip
    act_all(services)
    with services.store.write("test") as session:
        assert session.exec(select(Effect.state)).one() == EffectState.LAPSED


def test_a_no_for_good_is_remembered_beyond_a_year_and_others_are_not(queued: Services) -> None:
    """Whatever else is forgotten after 366 days."""
    for code, kept in (("never_contact", 1), ("wrong_person", 0)):
        reject(queued, code)
        with queued.store.read() as session:
            _, found = past_of(session, session.get_one(Account, 1), NOON + timedelta(days=4000))
        assert len(found) == kept
        if kept:
            assert found[0].code == code
            undo(queued, 1, "rita")


def test_a_no_is_lifted_by_a_person_and_logged(queued: Services) -> None:
    """From then on nothing is held back; the rejection stays, and the log says who lifted it."""
    reject(queued, "never_contact")
    with queued.store.read() as session:
        (hold,) = holds_of(session, NOON + timedelta(days=4000))
        assert (hold.item, hold.account, hold.until, hold.by) == (1, "acme", None, "rita")
        assert holds_of(session, NOON, account="other") == []
    at(queued, timedelta(days=500))
    lift(queued, 1, "olga", "they asked for it")
    with queued.store.read() as session:
        assert holds_of(session, queued.clock.now()) == []
        row = session.get_one(Review, 1)
        assert (row.state, row.code, row.lifted_by) == (ReviewState.REJECTED, "never_contact", "olga")
        (entry,) = session.exec(select(DecisionEntry).where(DecisionEntry.kind == "lifted")).all()
    assert '"by":"olga"' in entry.body
    assert '"reason":"they asked for it"' in entry.body
    assert new_case(queued, DropKind.LIMIT_REACHED) == ["queued"]
    assert verify(queued.store).problems == ()
    with pytest.raises(ConflictError, match="was lifted by olga"):
        lift(queued, 1, "rita", "they asked for it")


def test_what_holds_nothing_is_not_lifted(queued: Services) -> None:
    """An item that waits, and one that there is not."""
    with pytest.raises(ConflictError, match="is pending: it holds nothing back"):
        lift(queued, 1, "olga", "they asked for it")
    with pytest.raises(InputError, match="there is no queue item 9"):
        lift(queued, 9, "olga", "they asked for it")


def test_a_no_that_was_taken_back_holds_nothing_and_was_lifted_by_nobody(queued: Services) -> None:
    """The item waits as if nobody had said it; a second no holds again."""
    reject(queued, "not_now")
    lift(queued, 1, "olga", "they asked for it")
    undo(queued, 1, "rita")
    with queued.store.read() as session:
        assert session.get_one(Review, 1).lifted_by is None
    assert verify(queued.store).problems == ()
    reject(queued, "not_now")
    with queued.store.read() as session:
        (hold,) = holds_of(session, NOON)
        assert hold.until == NOON + timedelta(days=30)
        assert holds_of(session, NOON + timedelta(days=30)) != []
        assert holds_of(session, NOON + timedelta(days=30) + SECOND) == []


@pytest.mark.by_hand
def test_a_lift_in_the_table_alone_is_found(queued: Services) -> None:
    """Whoever wants to write to them after all must say so in the log."""
    reject(queued, "never_contact")
    with queued.store.write("test") as session:
        session.connection().execute(update(Review).values(lifted_at=NOON, lifted_by="mallory"))
    assert [(one.what, one.where) for one in verify(queued.store).problems] == [
        ("altered", "queue item 1: who lifted it is mallory, the log says nobody")
    ]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (RULES, "Held back: this tool for the account, for 90 days."),
        (
            RULES.replace("what: [rejected]}", "what: [rejected], when: {tools: [book_call]}}"),
            "after-rejection goes",
        ),
        (RULES.replace("what: [rejected]}", "what: [rejected], then: review}"), "Nothing is held back"),
        (RULES.replace("what: [rejected]}", "what: [bounce], days: 3}"), "Nothing is held back"),
    ],
)
def test_what_is_said_after_a_no_is_what_the_policy_does(services: Services, rules: str, words: str) -> None:
    """Where no rule waits after a rejection, nobody is told that it does."""
    set_rules(services, rules)
    watch_policies(services)
    assert words in told(services.policy, "wrong_tool")


@dataclass(frozen=True)
class Said:
    """A no, as the test remembers it."""

    at: datetime
    code: str
    act: Proposal

    def speaks_of(self, act: Proposal, at: datetime) -> bool:
        """By the table of docs/policies.md, written down once more."""
        mine = self.act
        same_person = mine.contact_id == act.contact_id
        same_offer = (mine.tool, mine.catalogue_id) == (act.tool, act.catalogue_id)
        days, reach = {
            "not_now": (30, same_person and same_offer),
            "wrong_tool": (90, mine.tool == act.tool),
            "wrong_person": (180, same_person),
            "wrong_words": (14, same_person and same_offer),
            "already_in_touch": (30, True),
            "never_contact": (None, True),
        }[self.code]
        return reach and self.at < at and (days is None or at - self.at <= timedelta(days=days))


TURNS = st.lists(
    st.tuples(
        st.sampled_from((1, 13, 14, 15, 30, 31, 60, 90, 91, 180, 181)),
        st.sampled_from(KINDS),
        st.booleans(),
        st.one_of(st.none(), st.sampled_from(REJECT_CODES)),
    ),
    min_size=2,
    max_size=6,
)
"""Days that pass, what fell, who of two people is there, and what is said of what is asked: yes, or a code."""


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
def test_nothing_in_reach_of_a_no_is_asked_or_sent(
    services: Services, turns: list[tuple[int, DropKind, bool, str | None]]
) -> None:
    """Cases of an account with two people, day after day: nothing that is asked or sent is in reach of a no."""
    set_rules(services)
    with services.store.write("test") as session:
        account = add_account(session, f"acme-{session.exec(select(func.count()).select_from(Account)).one()}")
        other = add_contact(session, account, f"{account.key}-bob").id or 0
        number = account.id or 0
    said: list[Said] = []
    for days, kind, swap, code in turns:
        assert isinstance(services.clock, SimulatedClock)
        services.clock.set(now := services.clock.now() + timedelta(days=days))
        with services.store.write("test") as session:
            for one in session.exec(select(Contact).where(Contact.account_id == number)).all():
                one.left = (one.id == other) is swap
        new_case(services, kind, number)
        for item, act in asked(services, number):
            if code is None:
                reviews.approve(services, item, digest(services, item), "rita")
            else:
                reject(services, code, item)
                said.append(Said(now, code, act))
        act_all(services)
    with services.store.read() as session:
        acts = {one.id: one for one in session.exec(select(Proposal).where(Proposal.account_id == number)).all()}
        items = session.exec(select(Review).where(Review.account_id == number)).all()
        sent = session.exec(
            select(Effect).where(Effect.account_id == number, col(Effect.intent_at).is_not(None))
        ).all()
        done = [(acts[one.proposal_id], one.asked_at) for one in items]
        done += [(acts[one.proposal_id], one.intent_at) for one in sent if one.intent_at]
    assert [(one, act.label, at) for one in said for act, at in done if one.speaks_of(act, at)] == []
