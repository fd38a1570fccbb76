"""Items with a known fault: they look like any other, are counted, and can never act."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError, WinbackError
from winback.settings_console import Console
from winback.store.models import Case, DecisionEntry, Effect, Proposal, Review
from winback.store.queue import Planted
from winback.store.types import ReviewState
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import desk
from workers import review as reviews
from workers.act import act_all
from workers.decide import make_effect
from workers.expire import expire_all
from workers.item import open_item
from workers.planted import FAULTS, expire_planted, plant, top_up
from workers.propose import propose_all
from workers.queue_list import Filters, counts_of, page_of
from workers.services import Services
from workers.undo import undo

RULES = """version: 1
rules:
- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
- {id: e, kind: expires, hours: 168}
"""


@pytest.fixture
def queued(services: Services) -> Services:
    """Services with one item in the queue."""
    (services.settings.home / "policy.yaml").write_text(RULES, encoding="utf-8")
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    return services


def row(services: Services, number: int) -> Planted:
    with services.store.read() as session:
        return session.get_one(Planted, number)


def digest(services: Services, number: int) -> str:
    with services.store.read() as session:
        return open_item(session, number).review.action_hash


def test_a_planted_item_looks_like_any_other(queued: Services) -> None:
    """A card, a hash, a version and a place in the list; its number is nobody else's, before and after."""
    (number,) = plant(queued, 1, "olga")
    with queued.store.read() as session:
        real, planted = open_item(session, 1), open_item(session, number)
        lines = page_of(session, Filters(), NOON).lines
        assert counts_of(session, Filters(), NOON).open == 2
    assert planted.proposal.label == real.proposal.label
    assert planted.proposal.message["body"] != real.proposal.message["body"]
    assert planted.review.action_hash != real.review.action_hash
    assert {one.number: one.planted for one in lines} == {1: None, number: "wrong_name"}
    with queued.store.write("test") as session:
        open_case(session, add_account(session, "beta"), sample_drop("beta", DropKind.LIMIT_REACHED))
    propose_all(queued, AS_OF)
    with queued.store.read() as session:
        assert session.exec(select(Review.id).order_by(Review.id)).all() == [1, 3]  # type: ignore[arg-type]
    assert number == 2


@pytest.mark.parametrize(
    ("said", "caught"),
    [
        (lambda services, number, shown: reviews.approve(services, number, shown, "rita"), False),
        (lambda services, number, shown: reviews.reject(services, number, shown, "rita", "wrong_words", ""), True),
    ],
)
def test_what_is_said_of_it_is_counted_and_nothing_follows(
    queued: Services, said: Callable[..., Any], caught: bool
) -> None:
    """Approved is missed, rejected is caught: one entry in the log, no effect, the case as it was."""
    (number,) = plant(queued, 1, "olga")
    said(queued, number, digest(queued, number))
    with queued.store.read() as session:
        assert session.exec(select(func.count()).select_from(Effect)).one() == 0
        assert session.get_one(Case, 1).version == 2
        body = session.exec(select(DecisionEntry.body).where(DecisionEntry.kind == "planted")).one()
    assert f'"caught":{str(caught).lower()}' in body
    assert act_all(queued) == []
    with pytest.raises(ConflictError, match="was already"):
        said(queued, number, digest(queued, number))
    assert verify(queued.store).problems == ()


def test_whoever_mends_it_has_found_it(queued: Services) -> None:
    """An edit ends it as caught, and says so."""
    (number,) = plant(queued, 1, "olga")
    with pytest.raises(ConflictError, match="planted with a fault, and you found it"):
        reviews.edit(queued, number, digest(queued, number), "rita", {"days": "7"})
    assert row(queued, number).state == ReviewState.EDITED


def test_it_is_snoozed_claimed_handed_escalated_and_taken_back_like_any_other(queued: Services) -> None:
    """Nothing that a reviewer can do tells it from the others."""
    (number,) = plant(queued, 1, "olga")
    shown = digest(queued, number)
    reviews.snooze(queued, number, shown, "rita", NOON + timedelta(hours=1))
    desk.claim_item(queued, number, "rita")
    desk.hand_to(queued, number, shown, "rita", "ravi")
    reviews.escalate(queued, number, shown, "rita")
    reviews.approve(queued, number, shown, "rita")
    undo(queued, number, "rita")
    assert row(queued, number).state == ReviewState.PENDING
    reviews.approve(queued, number, shown, "rita")
    assert isinstance(queued.clock, SimulatedClock)
    queued.clock.set(NOON + timedelta(seconds=20))
    with pytest.raises(ConflictError, match="it has left"):
        undo(queued, number, "rita")


def test_it_expires(queued: Services) -> None:
    """As the policy says of its tool."""
    plant(queued, 1, "olga")
    assert expire_planted(queued) == []
    assert isinstance(queued.clock, SimulatedClock)
    queued.clock.set(NOON + timedelta(hours=168))
    assert (expire_all(queued), expire_planted(queued)) == ([1], [2])
    assert row(queued, 2).state == ReviewState.EXPIRED


def test_a_share_is_planted_of_what_was_asked(queued: Services) -> None:
    """None without a share; with one, up to it and no further; no proposal is copied twice."""
    assert top_up(queued) == []
    with queued.store.write("test") as session:
        for number in range(9):
            key = f"more-{number}"
            open_case(session, add_account(session, key), sample_drop(key, DropKind.LIMIT_REACHED))
    propose_all(queued, AS_OF)
    shared = replace(queued, settings=queued.settings.model_copy(update={"console": Console(planted_share=0.2)}))
    assert len(top_up(shared)) == 2
    assert top_up(shared) == []
    with queued.store.read() as session:
        faults = session.exec(select(Planted.fault).order_by(Planted.id)).all()  # type: ignore[arg-type]
    assert faults == list(FAULTS)[:2]
    assert len(plant(queued, 50, "olga")) == 8


def test_no_effect_can_point_at_it(queued: Services) -> None:
    """Even where the code is made to try: the database refuses an effect without a proposal."""
    (number,) = plant(queued, 1, "olga")
    with queued.store.read() as session:
        item = open_item(session, number)
        assert session.get(Proposal, item.proposal.id or 0) is None
    with pytest.raises(ConflictError, match=r"(?i)foreign key"):
        force(queued, item.proposal)


def force(services: Services, proposal: Proposal) -> None:
    """Make an effect whatever it is for."""
    with services.store.write("test") as session:
        assert make_effect(session, proposal, "memory", NOON, due_at=NOON, new=True) is not None
        session.flush()


DOINGS = st.lists(
    st.sampled_from(["approve", "again", "reject", "edit", "snooze", "claim", "hand", "escalate", "undo", "act"]),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(doings=DOINGS)
def test_whatever_is_done_with_it_nothing_acts(queued: Services, doings: list[str]) -> None:
    """Any order of all that people and workers can do: no effect is ever made for a planted item."""
    with queued.store.write("test") as session:
        for one in session.exec(select(Planted)).all():
            session.delete(one)
    (number,) = plant(queued, 1, "olga")
    shown = digest(queued, number)
    what: dict[str, Callable[[], object]] = {
        "approve": lambda: reviews.approve(queued, number, shown, "rita"),
        "again": lambda: reviews.approve(queued, number, shown, "ravi"),
        "reject": lambda: reviews.reject(queued, number, shown, "rita", "not_now", ""),
        "edit": lambda: reviews.edit(queued, number, shown, "rita", {"days": "7"}),
        "snooze": lambda: reviews.snooze(queued, number, shown, "rita", NOON + timedelta(hours=1)),
        "claim": lambda: desk.claim_item(queued, number, "ravi"),
        "hand": lambda: desk.hand_to(queued, number, shown, "rita", "ravi"),
        "escalate": lambda: reviews.escalate(queued, number, shown, "rita"),
        "undo": lambda: undo(queued, number, "rita"),
        "act": lambda: act_all(queued),
    }
    for one in doings:
        try:
            what[one]()
        except WinbackError:
            continue
    with queued.store.read() as session:
        assert session.exec(select(func.count()).select_from(Effect)).one() == 0
        assert session.get_one(Review, 1).state == ReviewState.PENDING
