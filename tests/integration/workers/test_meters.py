"""What reviewers did and how the queue fares, in numbers."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from winback.clock import SimulatedClock
from winback.store.models import Review
from winback.testing.world import AS_OF, NOON, add_account, open_case, sample_drop
from winback.usage.drop import DropKind
from workers import desk
from workers import review as reviews
from workers.expire import expire_all
from workers.item import open_item
from workers.meters import Meter, Meters, meters_of
from workers.planted import plant
from workers.privacy.erase import erase
from workers.propose import propose_all
from workers.services import Services
from workers.undo import undo
from workers.unsubscribe import stop_contact

RULES = """version: 1
rules:
- {id: t, kind: allow_tools, allow: [{tools: [offer_trial_upgrade], mode: review}]}
- {id: e, kind: expires, hours: 168}
"""
TWO = RULES + "- {id: two, kind: risk_review, first_contact: false, four_eyes_above_value: 1}\n"
BEFORE = NOON - timedelta(days=1)


def queue(services: Services, *keys: str, rules: str = RULES) -> None:
    """One item for each account."""
    (services.settings.home / "policy.yaml").write_text(rules, encoding="utf-8")
    with services.store.write("test") as session:
        for key in keys:
            open_case(session, add_account(session, key), sample_drop(key, DropKind.LIMIT_REACHED))
    propose_all(services, AS_OF)


def later(services: Services, **delta: float) -> datetime:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(services.clock.now() + timedelta(**delta))
    return services.clock.now()


def digest(services: Services, number: int) -> str:
    with services.store.read() as session:
        return open_item(session, number).review.action_hash


def approve(services: Services, number: int, by: str) -> None:
    reviews.approve(services, number, digest(services, number), by)


def reject(services: Services, number: int, by: str) -> None:
    reviews.reject(services, number, digest(services, number), by, "not_now", "")


def meters(services: Services, *, since: datetime = BEFORE, faults: bool = False, of: str | None = None) -> Meters:
    with services.store.read() as session:
        return meters_of(session, since, services.clock.now(), faults=faults, of=of)


def of(services: Services, person: str, *, faults: bool = False) -> Meter:
    (found,) = meters(services, of=person, faults=faults).people
    return found


def test_what_each_person_decided(services: Services) -> None:
    """Numbers by kind, the share approved, and the time from the claim; who did most comes first."""
    queue(services, "a", "b", "c", "d", "e")
    for number, seconds in ((1, 10), (2, 30)):
        desk.claim_item(services, number, "rita")
        later(services, seconds=seconds)
        approve(services, number, "rita")
    later(services, seconds=1)
    reject(services, 3, "RITA ")
    reject(services, 4, "ravi")
    found = meters(services)
    assert [(one.person, one.decided) for one in found.people] == [("RITA", 3), ("ravi", 1)]
    rita = found.people[0]
    assert (rita.approved, rita.rejected, rita.edited, rita.timed, rita.seconds) == (2, 1, 0, 2, 20.0)
    assert rita.share_approved == pytest.approx(2 / 3)
    assert of(services, "ravi").share_approved == 0
    assert meters(services, of="ruth").people == ()
    undo(services, 4, "ravi")
    assert meters(services, of="ravi").people == ()


def test_words_that_an_edit_changed(services: Services) -> None:
    """Days of the trial are an argument, and stand in the message too; an edit by nobody's words tells nothing."""
    queue(services, "a")
    reviews.edit(services, 1, digest(services, 1), "rita", {"days": "30"})
    changed = of(services, "rita").words_changed
    assert of(services, "rita").edited == 1
    assert changed is not None
    assert 2 <= changed <= 6
    erase(services, "a-ann@example.com")
    assert of(services, "rita").words_changed is None


def test_who_approved_first_decided_too(services: Services) -> None:
    """Where two must approve each has decided once, the queue once; the first is counted where it was given."""
    queue(services, "a", rules=TWO)
    approve(services, 1, "rita")
    at = later(services, hours=1)
    approve(services, 1, "ravi")
    assert (of(services, "rita").approved, of(services, "ravi").approved) == (1, 1)
    assert meters(services).queue.decided == 1
    assert [one.person for one in meters(services, since=at - timedelta(minutes=1)).people] == ["ravi"]


def test_faults_are_for_operators(services: Services) -> None:
    """Planted items are decisions like any other; only an operator reads how many were found."""
    queue(services, "a", "b", "c")
    first, second, _ = plant(services, 3, "olga")
    approve(services, first, "rita")
    reject(services, second, "rita")
    plain, told = of(services, "rita"), of(services, "rita", faults=True)
    assert (plain.decided, plain.approved, plain.caught, plain.missed) == (2, 1, None, None)
    assert (told.decided, told.caught, told.missed) == (2, 1, 1)
    health = meters(services).queue
    assert (health.arrived, health.decided, health.waiting) == (6, 2, 4)


def test_how_the_queue_fares(services: Services) -> None:
    """What came, ended and waits, and how old that is, by nearest rank."""
    queue(services, "a", "b", "c")
    later(services, hours=100)
    queue(services, "d", "e")
    stop_contact(services, 4, "asked")
    approve(services, 3, "rita")
    fare = meters(services, since=NOON - timedelta(seconds=1)).queue
    assert (fare.arrived, fare.decided, fare.expired, fare.withdrawn, fare.waiting) == (5, 1, 0, 1, 3)
    assert (fare.age_p50, fare.age_p95) == (360_000, 360_000)
    middle = later(services, hours=68)
    assert expire_all(services) == [1, 2]
    later(services, hours=1)
    fare = meters(services, since=middle - timedelta(seconds=1)).queue
    assert (fare.arrived, fare.decided, fare.expired, fare.withdrawn, fare.waiting) == (0, 0, 2, 0, 1)
    assert (fare.age_p50, fare.age_p95) == (69 * 3600, 69 * 3600)
    with services.store.read() as session:
        then = meters_of(session, NOON, NOON + timedelta(hours=50)).queue
    assert (then.waiting, then.age_p50) == (3, 50 * 3600)


def test_an_empty_queue_has_no_ages(services: Services) -> None:
    """Nothing to tell is no zero."""
    found = meters(services)
    assert (found.people, found.queue.waiting, found.queue.age_p50) == ((), 0, None)
    with services.store.read() as session:
        assert session.exec(select(Review)).all() == []
