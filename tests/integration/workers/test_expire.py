"""Queue items that wait too long: dropped, escalated or proposed again; never approved."""

from datetime import timedelta

import pytest
from sqlmodel import select

from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError
from winback.store.models import Case, Proposal, Review
from winback.store.types import CaseState, ReviewState
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.expire import expire_all
from workers.propose import propose_all
from workers.services import Services

RULES = """version: 1
rules:
- {{id: t, kind: allow_tools, allow: [{{tools: [send_tutorial], mode: review}}]}}
- {{id: e, kind: expires, hours: 48, {then}}}
"""


def start(services: Services, then: str) -> None:
    (services.settings.home / "policy.yaml").write_text(RULES.format(then=then), encoding="utf-8")
    with services.store.write("test") as session:
        open_case(session, add_account(session))
    propose_all(services, AS_OF)


def later(services: Services, hours: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + timedelta(hours=hours))


def item(services: Services, number: int = 1) -> Review:
    with services.store.read() as session:
        return session.get_one(Review, number)


def case(services: Services) -> Case:
    with services.store.read() as session:
        return session.get_one(Case, 1)


def test_dropped(services: Services) -> None:
    """The case is watched on, and no agent looks again by itself."""
    start(services, "then: drop")
    later(services, 48)
    assert expire_all(services) == [1]
    assert item(services).state == ReviewState.EXPIRED
    assert (case(services).state, case(services).next_at) == (CaseState.WATCHING, None)


def test_proposed_again(services: Services) -> None:
    """An agent looks at once, and what it proposes is a new item."""
    start(services, "then: propose_again")
    later(services, 49)
    assert expire_all(services) == [1]
    propose_all(services, AS_OF)
    assert item(services, 2).state == ReviewState.PENDING
    assert entries(services.store, 1) == ["case_opened", "queued", "expired", "queued"]
    assert verify(services.store).problems == ()


def test_escalated_and_then_dropped(services: Services) -> None:
    """It waits on, marked, for the time the rule gives; undecided then, it is dropped."""
    start(services, "then: escalate, escalated_hours: 24")
    later(services, 50)
    assert expire_all(services) == [1]
    assert item(services).state == ReviewState.PENDING
    assert item(services).escalated_at == NOON + timedelta(hours=50)
    assert expire_all(services) == []
    later(services, 74)
    assert expire_all(services) == [1]
    assert item(services).state == ReviewState.EXPIRED
    assert entries(services.store, 1) == ["case_opened", "queued", "escalated", "expired"]
    assert verify(services.store).problems == ()


EACH = """version: 1
rules:
- id: t
  kind: allow_tools
  allow:
  - {tools: [send_tutorial], mode: review, drops: [feature_fell]}
  - {tools: [offer_trial_upgrade], mode: review, drops: [limit_reached]}
  - {tools: [book_call], mode: review, drops: [all_quiet]}
- id: e
  kind: expires
  hours: 48
  tools: {offer_trial_upgrade: {hours: 24, then: escalate}, book_call: {then: propose_again}}
  escalated_hours: 200
"""


def test_each_tool_ends_in_its_own_way(services: Services) -> None:
    """One is dropped, one escalated, one proposed again, under one rule."""
    (services.settings.home / "policy.yaml").write_text(EACH, encoding="utf-8")
    with services.store.write() as session:
        for number, kind in enumerate((DropKind.FEATURE_FELL, DropKind.LIMIT_REACHED, DropKind.ALL_QUIET)):
            account = add_account(session, f"account-{number}")
            open_case(session, account, sample_drop(account.key, kind))
    propose_all(services, AS_OF)
    with services.store.read() as session:
        found = session.exec(select(Proposal.tool, Review.id).where(Review.proposal_id == Proposal.id)).all()
    number_of = {tool: number or 0 for tool, number in found}
    assert sorted(number_of) == ["book_call", "offer_trial_upgrade", "send_tutorial"]
    later(services, 24)
    assert expire_all(services) == [number_of["offer_trial_upgrade"]]
    later(services, 48)
    assert sorted(expire_all(services)) == sorted([number_of["send_tutorial"], number_of["book_call"]])
    trial, tutorial, call = (
        item(services, number_of[tool]) for tool in ("offer_trial_upgrade", "send_tutorial", "book_call")
    )
    assert (trial.state, trial.escalated_at) == (ReviewState.PENDING, NOON + timedelta(hours=24))
    assert (tutorial.state, call.state) == (ReviewState.EXPIRED, ReviewState.EXPIRED)
    with services.store.read() as session:
        assert session.get_one(Case, tutorial.case_id).next_at is None
        assert session.get_one(Case, call.case_id).next_at == NOON + timedelta(hours=48)


def test_an_escalated_item_can_be_approved(services: Services) -> None:
    """Within the time it was given, its approval counts and the act is done."""
    start(services, "then: escalate, escalated_hours: 24")
    later(services, 50)
    expire_all(services)
    later(services, 60)
    reviews.approve(services, 1, item(services).action_hash, "rita")
    assert [one.kind.value for one in act_all(services)] == ["done"]


def test_between_its_end_and_the_sweep_nothing_can_be_approved(services: Services) -> None:
    """Overdue is overdue, whether or not a worker has marked it."""
    start(services, "then: drop")
    later(services, 48)
    with pytest.raises(ConflictError, match="expired"):
        reviews.approve(services, 1, item(services).action_hash, "rita")


def test_two_rules_agree_between_queue_and_act(services: Services) -> None:
    """No escalation outlives the first rule that denies what is older: what can be approved is done."""
    start(services, "then: escalate")
    path = services.settings.home / "policy.yaml"
    path.write_text(path.read_text() + "- {id: f, kind: expires, hours: 72}\n", encoding="utf-8")
    later(services, 50)
    expire_all(services)
    assert item(services).expires_at == NOON + timedelta(hours=72)
    later(services, 71)
    reviews.approve(services, 1, item(services).action_hash, "rita")
    assert [one.kind.value for one in act_all(services)] == ["done"]


def test_a_rule_that_came_later_holds_for_what_waits(services: Services) -> None:
    """The wait is reckoned from the moment of asking, by the policy in force."""
    start(services, "then: drop")
    path = services.settings.home / "policy.yaml"
    path.write_text(path.read_text().replace("hours: 48", "hours: 5"), encoding="utf-8")
    later(services, 6)
    assert expire_all(services) == [1]


def test_what_expired_before_is_not_put_back_at_once(services: Services) -> None:
    """Once it is proposed anew; left to expire again, it waits as long as other refused acts do."""
    start(services, "then: propose_again")
    for hours in (49, 98):
        later(services, hours)
        expire_all(services)
        propose_all(services, AS_OF)
    assert entries(services.store, 1) == ["case_opened", "queued", "expired", "queued", "expired"]
    assert case(services).next_at == NOON + timedelta(hours=98) + services.again
