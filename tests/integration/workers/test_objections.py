"""Objections that wait for a person's answer."""

from datetime import timedelta

import pytest
from sqlmodel import select

from winback.clock import SimulatedClock
from winback.store.models import Effect
from winback.store.types import InteractionKind
from winback.testing.world import AS_OF, NOON, add_account, open_case
from workers.act import act_all
from workers.answer import contest
from workers.objections import unanswered
from workers.propose import propose_all
from workers.record import Party, record
from workers.services import Services


@pytest.fixture
def objected(services: Services) -> Services:
    """Two accounts got a message, and both object, one after the other."""
    with services.store.write("test") as session:
        for key in ("a", "b"):
            open_case(session, add_account(session, key))
    propose_all(services, AS_OF)
    act_all(services)
    with services.store.read() as session:
        keys = session.exec(select(Effect.key).order_by(Effect.account_id)).all()  # type: ignore[arg-type]
    for hours, key in enumerate(keys, start=1):
        at(services, hours=hours)
        contest(services, key, "That was a holiday.")
    return services


def at(services: Services, **later: int) -> None:
    assert isinstance(services.clock, SimulatedClock)
    services.clock.set(NOON + timedelta(**later))


def waiting(services: Services) -> list[str]:
    with services.store.read() as session:
        return [one.key for one in unanswered(session, services.clock.now())]


def test_the_newest_comes_first_and_after_a_month_none(objected: Services) -> None:
    """What nobody answered in 30 days is seen in the account's thread alone."""
    assert waiting(objected) == ["b", "a"]
    at(objected, days=30, hours=1)
    assert waiting(objected) == ["b", "a"]
    at(objected, days=30, hours=2)
    assert waiting(objected) == ["b"]
    at(objected, days=31)
    assert waiting(objected) == []


@pytest.mark.parametrize("contact", [1, None])
def test_a_persons_own_word_after_it_answers_it(objected: Services, contact: int | None) -> None:
    """To them or to the account; an earlier one does not, nor what they themselves wrote."""
    at(objected, days=1)
    record(objected, Party(1, contact), InteractionKind.MESSAGE, NOON, "rita")
    record(objected, Party(1, 1), InteractionKind.REPLY, NOON + timedelta(hours=3), "rita")
    assert waiting(objected) == ["b", "a"]
    record(objected, Party(1, contact), InteractionKind.MESSAGE, NOON + timedelta(hours=3), "rita")
    assert waiting(objected) == ["b"]
