"""What a worker is offered and what it takes of it: it passes over what others have in hand."""

import pytest
from sqlmodel import col, select

from winback.store.among import among
from winback.store.models import Account, Effect
from winback.store.store import Store
from winback.testing.world import AS_OF, add_account, open_case
from workers.act import act_all
from workers.claim import Claim, claim_all
from workers.due import due_effects, together
from workers.propose import propose_all
from workers.services import Services

DUE = 12


@pytest.fixture
def due(services: Services) -> Services:
    """Some effects are due, and a group has room for a third of them."""
    with services.store.write("test") as session:
        for number in range(DUE):
            open_case(session, add_account(session, f"account-{number}"))
    propose_all(services, AS_OF)
    services.pace.note(1, services.settings.worker.lease_seconds / 8)
    assert services.pace.most() == DUE // 3
    return services


def taken(services: Services) -> tuple[list[int], int]:
    found, through = claim_all(services, together(services, due_effects(services)))
    return [one.effect.id or 0 for one in found if isinstance(one, Claim)], through


def test_a_group_is_the_oldest_of_what_is_due(due: Services) -> None:
    """And the next one those after them."""
    first, through = taken(due)
    assert (len(first), through) == (DUE // 3, DUE // 3)
    second, _ = taken(due)
    assert max(first) < min(second)


def test_what_another_has_taken_since_is_passed_over(due: Services) -> None:
    """A whole group all the same, though the list was read before."""
    offered = together(due, due_effects(due))
    first, _ = taken(due)
    found, through = claim_all(due, offered)
    assert [one.effect.id for one in found if isinstance(one, Claim)] == [one.id for one in offered[4:8]]
    assert (len(first), through) == (4, 8)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_what_another_has_in_hand_is_passed_over(due: Services) -> None:
    """Nobody waits for a row that another worker has locked."""
    offered = together(due, due_effects(due))
    with due.store.write("test") as session:
        locked = [one.id for one in offered[:3]]
        session.exec(select(Effect).where(col(Effect.id).in_(locked)).with_for_update()).all()
        found, through = claim_all(due, offered)
    assert [one.effect.id for one in found if isinstance(one, Claim)] == [one.id for one in offered[3:7]]
    assert through == 7


def test_all_that_is_due_is_acted_on_in_groups(due: Services) -> None:
    """One group after the other, to the end."""
    done: list[tuple[int, int]] = []
    assert len(act_all(due, progress=lambda at, of: done.append((at, of)))) == DUE
    assert done[-1] == (DUE, DUE)
    assert due_effects(due) == []


def test_rows_are_found_by_many_numbers(store: Store) -> None:
    """By all of them, by none, and by some that are not there."""
    with store.write("test") as session:
        numbers = [add_account(session, f"account-{one}").id or 0 for one in range(5)]
    with store.read() as session:

        def found(wanted: list[int]) -> list[str]:
            query = select(Account.key).where(among(Account.id, wanted)).order_by(Account.key)
            return list(session.exec(query).all())

        assert found(numbers[1:3]) == ["account-1", "account-2"]
        assert found([]) == []
        assert found([numbers[0], 2**40]) == ["account-0"]
        named = select(Account.key).where(among(Account.id, "wanted"))
        assert session.exec(named, params={"wanted": numbers[4:]}).all() == ["account-4"]  # type: ignore[call-overload]
