"""Where the policy wants two people, one is not enough, nor the same one twice."""

import pytest

from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError
from winback.store.models import Effect, Review
from winback.store.types import ReviewState
from winback.testing.world import AS_OF, add_account, entries, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.propose import propose_all
from workers.services import Services

RULES = """version: 1
rules:
- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
- {id: two, kind: risk_review, first_contact: false, four_eyes_above_value: 1}
"""
ONE = RULES.replace(", four_eyes_above_value: 1", "")


def write(services: Services, text: str) -> None:
    (services.settings.home / "policy.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def queued(services: Services) -> Services:
    write(services, RULES)
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    return services


def item(services: Services, number: int = 1) -> Review:
    with services.store.read() as session:
        return session.get_one(Review, number)


def test_two_people_approve_and_it_is_done(queued: Services) -> None:
    """The first approval changes nothing outside, the second lets it go; both names are kept."""
    digest = item(queued).action_hash
    assert reviews.approve(queued, 1, digest, "rita") is None
    assert act_all(queued) == []
    assert reviews.approve(queued, 1, digest, "ravi") is not None
    assert [one.kind.value for one in act_all(queued)] == ["done"]
    with queued.store.read() as session:
        effect = session.get_one(Effect, 1)
    assert (effect.first_approved_by, effect.approved_by) == ("rita", "ravi")
    assert entries(queued.store, 1) == ["case_opened", "queued", "first_approved", "approved", "intent", "done"]
    assert verify(queued.store).problems == ()


def test_the_same_person_twice_is_one(queued: Services) -> None:
    """The second try is refused with a reason; the item waits on."""
    digest = item(queued).action_hash
    reviews.approve(queued, 1, digest, "rita")
    with pytest.raises(ConflictError, match="another person must approve"):
        reviews.approve(queued, 1, digest, "rita")
    assert item(queued).state == ReviewState.PENDING


def test_a_second_person_may_say_no(queued: Services) -> None:
    """One approval binds nobody."""
    digest = item(queued).action_hash
    reviews.approve(queued, 1, digest, "rita")
    reviews.reject(queued, 1, digest, "ravi", "not_now", "")
    assert act_all(queued) == []
    assert item(queued).state == ReviewState.REJECTED


def test_one_approval_given_under_a_laxer_policy_is_not_enough_under_a_stricter(queued: Services) -> None:
    """The rule that came into force meanwhile is asked at the moment of acting: it goes back to the queue."""
    write(queued, ONE)
    with queued.store.write("test") as session:
        open_case(session, add_account(session, "bolt"), sample_drop("bolt", DropKind.LIMIT_REACHED))
    propose_all(queued, AS_OF)
    reviews.approve(queued, 2, item(queued, 2).action_hash, "rita")
    write(queued, RULES)
    assert [one.kind.value for one in act_all(queued)] == ["queued"]
    assert item(queued, 3).verdict["people"] == 2


@pytest.mark.parametrize("second", ["Rita", " rita ", "\uff32\uff29\uff34\uff21"])
def test_one_name_written_in_two_ways_is_one_person(queued: Services, second: str) -> None:
    """Case, spaces and width make nobody a second person."""
    digest = item(queued).action_hash
    reviews.approve(queued, 1, digest, "rita")
    with pytest.raises(ConflictError, match="another person must approve"):
        reviews.approve(queued, 1, digest, second)


def test_nobody_cannot_approve(queued: Services) -> None:
    """A blank name is refused."""
    with pytest.raises(InputError, match="nobody is named"):
        reviews.approve(queued, 1, item(queued).action_hash, "  ")


def test_whoever_edits_answers_for_what_is_then_allowed(services: Services) -> None:
    """An edit that the policy allows at once carries its author as the one who approved."""
    write(
        services,
        ONE.replace("mode: review", "mode: auto")
        + '- {id: n, kind: expr, expression: "int(action.arguments.days) < 20", then: review, reason: long}\n',
    )
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)
    reviews.edit(services, 1, item(services).action_hash, "rita", {"days": "30"})
    with services.store.read() as session:
        assert session.get_one(Effect, 1).approved_by == "rita"
