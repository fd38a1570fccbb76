"""An item between several people: what changed since it was shown, who has it, and taking back."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Case, Contact, Effect, Review
from winback.store.types import CaseState, EffectState, Outcome, ReviewState
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import desk
from workers import review as reviews
from workers.act import act_all
from workers.ended import ended_items
from workers.expire import expire_all
from workers.item import Item, open_item
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services
from workers.shown import ChangedError
from workers.undo import undo
from workers.unsubscribe import stop_contact

RULES = """version: 1
rules:
- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
- {id: e, kind: expires, hours: 168}
"""
TWO = RULES + "- {id: two, kind: risk_review, first_contact: false, four_eyes_above_value: 1}\n"
GRACE = timedelta(seconds=20)


@pytest.fixture
def rules() -> str:
    """One approval is enough, where a test does not say otherwise."""
    return RULES


@pytest.fixture
def queued(services: Services, rules: str) -> Services:
    """Services with one item in the queue."""
    (services.settings.home / "policy.yaml").write_text(rules, encoding="utf-8")
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    return services


def card(services: Services, number: int = 1) -> Item:
    with services.store.read() as session:
        return open_item(session, number)


def later(services: Services, **delta: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(services.clock.now() + timedelta(**delta))


def whole(services: Services) -> None:
    assert verify(services.store).problems == ()


def approve(services: Services, by: str = "rita", **more: object) -> None:
    reviews.approve(services, 1, card(services).review.action_hash, by, **more)  # type: ignore[arg-type]


def test_what_was_changed_since_it_was_shown_is_told(queued: Services) -> None:
    """A snooze and a handing over after the card was read: the approval is refused and both are named."""
    seen = card(queued)
    digest = seen.review.action_hash
    until = NOON + timedelta(hours=1)
    reviews.snooze(queued, 1, digest, "ravi", until, version=seen.version)
    desk.hand_to(queued, 1, digest, "ravi", "ruth", version=card(queued).version)
    with pytest.raises(ChangedError, match="assignee: None was shown, now ruth") as told:
        reviews.approve(queued, 1, digest, "rita", version=seen.version)
    assert [(one.field, one.was, one.now, one.by) for one in told.value.differences] == [
        ("snoozed_until", None, until.isoformat(), "ravi"),
        ("assignee", None, "ruth", "ravi"),
    ]
    assert card(queued).review.state == ReviewState.PENDING
    reviews.approve(queued, 1, digest, "rita", version=card(queued).version)
    whole(queued)


def test_facts_that_changed_since_are_told(queued: Services) -> None:
    """The person left, and goes by another address: neither names them in the difference."""
    seen = card(queued)
    with queued.store.write("test") as session:
        contact = session.get_one(Contact, 1)
        contact.left, contact.email = True, "elsewhere@example.com"
    for act in (
        lambda: reviews.approve(queued, 1, seen.review.action_hash, "rita", version=seen.version),
        lambda: reviews.reject(queued, 1, seen.review.action_hash, "rita", "not_now", "", version=seen.version),
        lambda: reviews.snooze(queued, 1, seen.review.action_hash, "rita", NOON + GRACE, version=seen.version),
        lambda: reviews.escalate(queued, 1, seen.review.action_hash, "rita", version=seen.version),
        lambda: reviews.edit(queued, 1, seen.review.action_hash, "rita", {"days": "7"}, version=seen.version),
        lambda: desk.hand_to(queued, 1, seen.review.action_hash, "rita", "ravi", version=seen.version),
    ):
        with pytest.raises(ChangedError) as told:
            act()
        found = {one.field: (one.was, one.now) for one in told.value.differences}
        assert found.keys() == {"left", "recipient"}
        assert found["left"] == (False, True)
        assert "elsewhere" not in str(told.value)


def test_a_version_of_nowhere_is_another(queued: Services) -> None:
    """Whatever a screen sends: it is compared and nothing more."""
    for version in ("", "1", "0.0", "x.y", "99999999999999999999.1", "1." + "0" * 8):
        with pytest.raises(ChangedError):
            approve(queued, version=version)


def test_who_comes_second_is_told_what_is_now(queued: Services) -> None:
    """The state that was shown and the one it has, and who brought it there."""
    approve(queued)
    with pytest.raises(ChangedError) as told:
        approve(queued, "ravi")
    (found,) = told.value.differences
    assert (found.field, found.was, found.now, found.by) == ("state", "pending", "approved", "rita")


@pytest.mark.parametrize("rules", [TWO])
def test_a_first_approval_is_a_change(queued: Services) -> None:
    """Whoever saw an item nobody had approved is told that somebody has."""
    seen = card(queued).version
    approve(queued)
    with pytest.raises(ChangedError, match="first_approved_by: None was shown, now rita"):
        approve(queued, "ravi", version=seen)


def test_a_claim_keeps_others_out_and_lapses(queued: Services) -> None:
    """Nobody else decides it for so many minutes; after them anybody may."""
    desk.claim_item(queued, 1, "rita", 5)
    with pytest.raises(ConflictError, match="in the hands of rita until 10:05"):
        approve(queued, "ravi")
    with pytest.raises(ConflictError, match="in the hands of rita"):
        desk.claim_item(queued, 1, "ravi")
    later(queued, minutes=5)
    assert card(queued).holder(queued.clock.now()) is None
    approve(queued, "ravi")


def test_a_claim_is_prolonged_released_and_taken_over(queued: Services) -> None:
    """The holder may prolong it and let go; somebody else may take it, but only by saying so."""
    desk.claim_item(queued, 1, "rita", 5)
    later(queued, minutes=4)
    desk.claim_item(queued, 1, "Rita", 5)
    desk.release(queued, 1, "ravi")
    assert card(queued).holder(queued.clock.now()) == "Rita"
    desk.claim_item(queued, 1, "ravi", take_over=True)
    assert card(queued).holder(queued.clock.now()) == "ravi"
    desk.release(queued, 1, "ravi")
    assert card(queued).holder(queued.clock.now()) is None


def test_deciding_lets_go_and_counts_the_time(queued: Services) -> None:
    """From the claim to the decision, prolonged or not."""
    desk.claim_item(queued, 1, "rita", 5)
    later(queued, minutes=4)
    desk.claim_item(queued, 1, "rita", 5)
    later(queued, minutes=1)
    approve(queued)
    row = card(queued).review
    assert (row.claimed_by, row.claimed_until, row.took_seconds) == (None, None, 300)
    with pytest.raises(ConflictError, match="approved by now"):
        desk.claim_item(queued, 1, "ravi")


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
def test_a_claim_has_bounds(queued: Services, minutes: int) -> None:
    """Not for ever, nor for no time."""
    with pytest.raises(InputError, match="minutes"):
        desk.claim_item(queued, 1, "rita", minutes)


def test_an_approval_rests_and_can_be_taken_back(queued: Services) -> None:
    """Within the grace nothing leaves; taken back, the item waits as before, and may be approved again."""
    end = card(queued).review.expires_at
    approve(queued, grace=GRACE)
    assert act_all(queued) == []
    undo(queued, 1, "rita")
    later(queued, seconds=20)
    assert act_all(queued) == []
    row = card(queued).review
    assert (row.state, row.expires_at, row.decided_by) == (ReviewState.PENDING, end, None)
    whole(queued)
    approve(queued, "ravi", grace=GRACE)
    later(queued, seconds=20)
    assert [one.kind.value for one in act_all(queued)] == ["done"]
    told = ["case_opened", "queued", "approved", "undone", "approved", "intent", "done"]
    assert entries(queued.store, 1) == told
    whole(queued)


def test_what_has_left_is_not_taken_back(queued: Services) -> None:
    """Sent, or in a worker's hands: a conflict that says so."""
    approve(queued)
    with queued.store.write("test") as session:
        session.get_one(Effect, 1).state = EffectState.IN_FLIGHT
    with pytest.raises(ConflictError, match="it has left"):
        undo(queued, 1, "rita")
    with queued.store.write("test") as session:
        session.get_one(Effect, 1).state = EffectState.PENDING
    act_all(queued)
    with pytest.raises(ConflictError, match="it has left"):
        undo(queued, 1, "rita")
    whole(queued)


def test_a_rejection_is_taken_back(queued: Services) -> None:
    """The item waits again, without code and note; a second undo finds nothing."""
    reviews.reject(queued, 1, card(queued).review.action_hash, "rita", "wrong_tool", "they want a call")
    undo(queued, 1, "ravi")
    row = card(queued).review
    assert (row.state, row.code, row.note) == (ReviewState.PENDING, None, "")
    with queued.store.read() as session:
        assert session.get_one(Case, 1).state == CaseState.IN_REVIEW
    with pytest.raises(ConflictError, match="nothing to take back"):
        undo(queued, 1, "rita")
    whole(queued)
    close(queued, 1, Outcome.RECOVERED, NOON, {})
    assert card(queued).review.state == ReviewState.LAPSED
    whole(queued)


def test_a_rejection_whose_case_went_on_stays(queued: Services) -> None:
    """The case was closed meanwhile: nothing waits in it any more."""
    reviews.reject(queued, 1, card(queued).review.action_hash, "rita", "wrong_tool", "")
    close(queued, 1, Outcome.RECOVERED, NOON, {})
    with pytest.raises(ConflictError, match="its case went on"):
        undo(queued, 1, "rita")


@pytest.mark.parametrize("rules", [TWO])
def test_of_two_approvals_the_last_is_taken_back_and_then_the_first(queued: Services) -> None:
    """After the first undo one approval still stands, after the second none."""
    approve(queued)
    approve(queued, "ravi", grace=GRACE)
    undo(queued, 1, "ravi")
    assert card(queued).review.first_approved_by == "rita"
    whole(queued)
    undo(queued, 1, "rita")
    assert card(queued).review.first_approved_by is None
    whole(queued)
    approve(queued, "ruth")
    approve(queued, "raj")
    assert [one.kind.value for one in act_all(queued)] == ["done"]
    with queued.store.read() as session:
        effect = session.exec(select(Effect)).one()
    assert (effect.first_approved_by, effect.approved_by) == ("ruth", "raj")
    whole(queued)


def test_an_item_is_handed_to_a_colleague(queued: Services) -> None:
    """It is theirs in the list, the log says who gave it to whom, and once is enough."""
    digest = card(queued).review.action_hash
    desk.claim_item(queued, 1, "rita")
    desk.hand_to(queued, 1, digest, "rita", " Ravi  Iyer ")
    row = card(queued).review
    assert (row.assignee, row.claimed_by) == ("Ravi Iyer", None)
    with pytest.raises(ConflictError, match="Ravi Iyer's already"):
        desk.hand_to(queued, 1, digest, "rita", "ravi iyer")
    with pytest.raises(InputError, match="101 characters"):
        desk.hand_to(queued, 1, digest, "rita", "x" * 101)
    assert entries(queued.store, 1)[-1] == "handed"
    whole(queued)


def test_a_person_escalates(queued: Services) -> None:
    """It goes first, once, and its end is as the policy has it."""
    before = card(queued).review.priority
    reviews.escalate(queued, 1, card(queued).review.action_hash, "rita")
    row = card(queued).review
    assert (row.escalated_at, row.priority > before + 60) == (NOON, True)
    with pytest.raises(ConflictError, match="escalated already"):
        reviews.escalate(queued, 1, row.action_hash, "ravi")
    assert entries(queued.store, 1)[-1] == "escalated"
    whole(queued)


def reason(services: Services) -> str:
    with services.store.read() as session:
        (found,) = ended_items(session, limit=1)
    assert found.account == "acme"
    return found.reason


def test_an_item_that_ended_says_why(queued: Services) -> None:
    """Nothing just disappears."""
    later(queued, hours=168)
    expire_all(queued)
    assert reason(queued) == "expired"


@pytest.mark.parametrize(("outcome", "word"), [(Outcome.RECOVERED, "came_back"), (Outcome.LAPSED, "case_closed")])
def test_a_closed_case_is_a_reason(queued: Services, outcome: Outcome, word: str) -> None:
    """The account came back, or the case ended otherwise."""
    close(queued, 1, outcome, NOON, {})
    assert reason(queued) == word


def test_an_unsubscribe_is_a_reason(queued: Services) -> None:
    """The person said stop."""
    stop_contact(queued, 1, "page")
    assert reason(queued) == "unsubscribed"


def test_an_edited_item_names_its_child(queued: Services) -> None:
    """Superseded by the item that the edit made."""
    item = card(queued)
    trial = queued.catalogue.trial(item.proposal.catalogue_id)
    assert trial is not None
    days = next(days for days in trial.days if days != item.proposal.arguments["days"])
    reviews.edit(queued, 1, item.review.action_hash, "rita", {"days": str(days)})
    with queued.store.read() as session:
        (found,) = ended_items(session)
    assert (found.reason, found.why) == ("superseded", "rita put an edited one in its place, item 2")
    with queued.store.read() as session:
        states = session.exec(select(Review.state).order_by(col(Review.id))).all()
    assert states == [ReviewState.EDITED, ReviewState.PENDING]
