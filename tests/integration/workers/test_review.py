"""What a person says: bound to what was shown, decided once."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from policies.verdict import Decision
from winback.clock import SimulatedClock
from winback.decisions.verify import verify
from winback.errors import ConflictError, InputError, WinbackError
from winback.store.models import Case, Effect, Proposal, Review
from winback.store.types import CaseState, EffectState, Outcome, ReviewState
from winback.testing.channel import MemoryChannel
from winback.testing.world import AS_OF, NOON, add_account, entries, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import review as reviews
from workers.act import act_all
from workers.expire import expire_all
from workers.propose import propose_all
from workers.scan import close
from workers.services import Services


@pytest.fixture
def queued(services: Services) -> Services:
    """Services with one item in the queue: a trial upgrade."""
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.LIMIT_REACHED))
    rules(services)
    propose_all(services, AS_OF)
    return services


def rules(services: Services, more: str = "", tool: str = "offer_trial_upgrade") -> None:
    text = (
        f"version: 1\nrules:\n- {{id: t, kind: allow_tools, allow: [{{tools: [{tool}], mode: review}}]}}\n"
        "- {id: e, kind: expires, hours: 168}\n"
    )
    (services.settings.home / "policy.yaml").write_text(text + more, encoding="utf-8")


def item(services: Services, number: int = 1) -> Review:
    with services.store.read() as session:
        return session.get_one(Review, number)


def later(services: Services, **delta: float) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + timedelta(**delta))


def sent(services: Services) -> int:
    assert isinstance(services.channels["email"], MemoryChannel)
    return len(services.channels["email"].sent)


@pytest.mark.parametrize(
    "start",
    ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-14:00"],
)
def test_an_edit_to_a_moment_that_no_zone_has(services: Services, start: str) -> None:
    """The ends of time cannot be turned into the host's zone: one line says so, and nothing changes."""
    with services.store.write("test") as session:
        open_case(session, add_account(session), sample_drop("acme", DropKind.CHAMPION_LEFT))
    rules(services, tool="book_call")
    propose_all(services, AS_OF)
    with pytest.raises(InputError):
        reviews.edit(services, 1, item(services).action_hash, "rita", {"start": start})
    assert item(services).state == ReviewState.PENDING


def test_what_was_approved_is_what_is_sent(queued: Services) -> None:
    """The stored message goes out, word for word."""
    reviews.approve(queued, 1, item(queued).action_hash, "rita")
    assert [one.kind.value for one in act_all(queued)] == ["done"]
    assert isinstance(queued.channels["email"], MemoryChannel)
    with queued.store.read() as session:
        proposal = session.get_one(Proposal, 1)
    assert queued.channels["email"].sent[0].message.body == proposal.message["body"]
    assert entries(queued.store, 1) == ["case_opened", "queued", "approved", "intent", "done"]
    assert verify(queued.store).problems == ()


@pytest.mark.parametrize("shown", ["0" * 64, "0" * 8, "", "short"])
def test_another_hash_than_the_one_shown_approves_nothing(queued: Services, shown: str) -> None:
    """Approval is bound to what was on the screen."""
    with pytest.raises(ConflictError, match="that you were shown"):
        reviews.approve(queued, 1, shown, "rita")
    assert item(queued).state == ReviewState.PENDING


def test_seven_digits_of_the_right_hash_are_too_few(queued: Services) -> None:
    """A prefix must be long enough to mean one proposal."""
    with pytest.raises(ConflictError):
        reviews.approve(queued, 1, item(queued).action_hash[:7], "rita")
    reviews.approve(queued, 1, item(queued).action_hash[:8], "rita")


@pytest.mark.parametrize("second", ["approve", "reject", "edit", "snooze"])
def test_a_second_decision_is_refused(queued: Services, second: str) -> None:
    """Whoever comes second is told who was first; nothing changes."""
    digest = item(queued).action_hash
    reviews.reject(queued, 1, digest, "rita", "not_now", "call them first")
    calls: dict[str, Callable[[], object]] = {
        "approve": lambda: reviews.approve(queued, 1, digest, "ravi"),
        "reject": lambda: reviews.reject(queued, 1, digest, "ravi", "not_now", ""),
        "edit": lambda: reviews.edit(queued, 1, digest, "ravi", {"days": "7"}),
        "snooze": lambda: reviews.snooze(queued, 1, digest, "ravi", NOON + timedelta(days=1)),
    }
    with pytest.raises(ConflictError, match="already rejected by rita"):
        calls[second]()
    assert entries(queued.store, 1) == ["case_opened", "queued", "rejected"]


def test_a_rejected_proposal_is_not_made_again_by_itself(queued: Services) -> None:
    """A person said no: the case is watched and nothing is proposed."""
    reviews.reject(queued, 1, item(queued).action_hash, "rita", "wrong_tool", "")
    later(queued, days=20)
    assert propose_all(queued, AS_OF) == []


def test_an_unknown_reject_code_is_refused(queued: Services) -> None:
    """Codes are a closed set."""
    with pytest.raises(InputError, match="use one of not_now"):
        reviews.reject(queued, 1, item(queued).action_hash, "rita", "because", "")


def test_approval_satisfies_review_never_deny(queued: Services) -> None:
    """What the policy denies at the moment of acting lapses, approved or not."""
    reviews.approve(queued, 1, item(queued).action_hash, "rita")
    rules(queued, "- {id: k, kind: kill_switch, engaged: true, reason: audit}\n")
    assert [one.kind.value for one in act_all(queued)] == ["lapsed"]
    assert sent(queued) == 0


def test_a_recovery_withdraws_what_waits(queued: Services) -> None:
    """An approval that comes after the recovery is refused, visibly."""
    close(queued, 1, Outcome.RECOVERED, NOON, {})
    assert item(queued).state == ReviewState.LAPSED
    with pytest.raises(ConflictError, match="already lapsed"):
        reviews.approve(queued, 1, item(queued).action_hash, "rita")


def test_an_approved_effect_lapses_when_the_account_recovers_first(queued: Services) -> None:
    """Recovery after approval and before the act: nothing is sent."""
    reviews.approve(queued, 1, item(queued).action_hash, "rita")
    close(queued, 1, Outcome.RECOVERED, NOON, {})
    assert act_all(queued) == []
    with queued.store.read() as session:
        assert session.exec(select(Effect.state)).all() == [EffectState.LAPSED]


def test_time_expires_and_never_approves(queued: Services) -> None:
    """After its hours an item is expired, and nothing was sent."""
    assert expire_all(queued) == []
    later(queued, hours=168)
    with pytest.raises(ConflictError, match="expired"):
        reviews.approve(queued, 1, item(queued).action_hash, "rita")
    assert expire_all(queued) == [1]
    assert item(queued).state == ReviewState.EXPIRED
    assert act_all(queued) == []
    assert sent(queued) == 0


def test_snooze_ends_before_the_item_expires(queued: Services) -> None:
    """Snoozing is no way to let an item expire."""
    digest = item(queued).action_hash
    with pytest.raises(InputError, match="before it expires"):
        reviews.snooze(queued, 1, digest, "rita", NOON + timedelta(days=8))
    with pytest.raises(InputError, match="after now"):
        reviews.snooze(queued, 1, digest, "rita", NOON)
    reviews.snooze(queued, 1, digest, "rita", NOON + timedelta(days=1))
    assert item(queued).snoozed_until == NOON + timedelta(days=1)


def test_an_edit_is_a_new_proposal_with_a_parent(queued: Services) -> None:
    """The old item is edited, the new one waits under another hash and is judged anew."""
    old = item(queued)
    decided = reviews.edit(queued, 1, old.action_hash, "rita", {"days": other_days(queued)})
    assert decided.decision is Decision.REVIEW
    assert item(queued).state == ReviewState.EDITED
    new = item(queued, 2)
    assert new.action_hash != old.action_hash
    with queued.store.read() as session:
        assert session.get_one(Proposal, 2).parent_hash == old.action_hash
    with pytest.raises(ConflictError):
        reviews.approve(queued, 1, old.action_hash, "rita")
    reviews.approve(queued, 2, new.action_hash, "rita")
    act_all(queued)
    assert sent(queued) == 1
    assert verify(queued.store).problems == ()


def test_an_edit_that_policy_denies_leaves_the_item(queued: Services) -> None:
    """Written down, and the item is as it was."""
    rules(queued, "- {id: v, kind: value_limit, single: 0}\n")
    decided = reviews.edit(queued, 1, item(queued).action_hash, "rita", {"days": other_days(queued)})
    assert decided.decision is Decision.DENY
    assert item(queued).state == ReviewState.PENDING
    assert entries(queued.store, 1)[-1] == "denied"


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"plan": "business"}, "may not be edited"), ({"days": "9999"}, "days"), ({"days": "x"}, "days")],
)
def test_an_edit_stays_inside_its_bounds(queued: Services, changes: dict[str, str], message: str) -> None:
    """Only editable fields, only values of the catalogue."""
    with pytest.raises(InputError, match=message):
        reviews.edit(queued, 1, item(queued).action_hash, "rita", changes)
    assert item(queued).state == ReviewState.PENDING


def test_an_edit_that_changes_nothing_is_refused(queued: Services) -> None:
    """The same hash is the same proposal."""
    with queued.store.read() as session:
        days = session.get_one(Proposal, 1).arguments["days"]
    with pytest.raises(InputError, match="changes nothing"):
        reviews.edit(queued, 1, item(queued).action_hash, "rita", {"days": str(days)})


def test_two_who_race_and_one_wins(queued: Services) -> None:
    """Approve against reject against expiry against recovery, at once: exactly one happens."""
    digest = item(queued).action_hash
    barrier = threading.Barrier(4)
    won: list[str] = []

    def contender(name: str, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            if act() is not False:
                won.append(name)
        except WinbackError:
            return

    threads = [
        threading.Thread(target=contender, args=pair)
        for pair in (
            ("approve", lambda: reviews.approve(queued, 1, digest, "rita")),
            ("reject", lambda: reviews.reject(queued, 1, digest, "ravi", "not_now", "")),
            ("edit", lambda: reviews.edit(queued, 1, digest, "ruth", {"days": other_days(queued)})),
            ("snooze", lambda: reviews.approve(queued, 1, digest, "raj")),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    with queued.store.read() as session:
        assert session.get_one(Case, 1).state in (CaseState.ACTING, CaseState.WATCHING, CaseState.IN_REVIEW)
    assert verify(queued.store).problems == ()


def test_no_such_item(queued: Services) -> None:
    """A wrong number is one line."""
    with pytest.raises(InputError, match="no queue item 99"):
        reviews.approve(queued, 99, "0" * 64, "rita")


def other_days(services: Services) -> str:
    """Another number of days that the catalogue has for the proposed trial."""
    with services.store.read() as session:
        proposal = session.get_one(Proposal, 1)
    trial = services.catalogue.trial(proposal.catalogue_id)
    assert trial is not None
    return str(next(days for days in trial.days if days != proposal.arguments["days"]))
