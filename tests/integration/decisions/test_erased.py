"""A person whose data were erased: the log is whole, and says what can no longer be proven."""

import pytest

from tests.integration.decisions.small_log import STATES, Cli, change, found, write_case
from winback.decisions.action import drop_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance, append
from winback.decisions.verify import verify
from winback.store.models import Case, Contact
from winback.store.store import Store
from winback.testing.world import NOON


def erase(store: Store, contact_id: int) -> None:
    """What is left of a contact: its number."""
    with store.write("test") as session:
        contact = session.get_one(Contact, contact_id)
        contact.salt, contact.erased_at = "", NOON
        session.flush()
    change(store, "UPDATE proposal SET message = '{}', arguments = '{}' WHERE contact_id = :id", id=contact_id)


def say_so(store: Store, contact_id: int) -> None:
    with store.write("test") as session:
        append(session, EntryKind.ERASED, NOON, {"contact": contact_id, "counts": {"proposals": 1}})


@pytest.fixture
def erased(log: Store) -> Store:
    """The first of two contacts, as the log says."""
    erase(log, 1)
    say_so(log, 1)
    return log


def test_what_was_erased_is_counted_and_no_problem(erased: Store) -> None:
    """Their proposal no longer has its hash; nobody altered it."""
    result = verify(erased)
    assert (result.erased, result.problems) == (1, ())


@pytest.mark.usefixtures("erased")
def test_the_command_says_how_many(cli: Cli) -> None:
    """On the screen and as JSON."""
    assert "1 proposals to people whose data were erased" in cli("verify").out
    assert cli("verify", "--json").json["erased"] == 1


def test_it_is_counted_too_where_rows_are_read_with_care(erased: Store) -> None:
    """Another proposal was altered: that one is named, the erased one is not."""
    change(erased, "UPDATE proposal SET tool = 'other' WHERE id = 2")
    result = verify(erased)
    assert result.erased == 1
    assert [(one.what, one.where) for one in result.problems] == [("altered", "proposal 2 of case 2")]


def test_erased_past_the_log_is_found(log: Store) -> None:
    """Whoever marks a contact as erased to hide a changed proposal is told of."""
    erase(log, 1)
    assert found(log) == {("missing", "contact 1 is erased, and the log does not say so")}


def test_a_salt_that_is_merely_gone_is_found(log: Store) -> None:
    """Only an erasure may take it."""
    change(log, "UPDATE contact SET salt = '' WHERE id = 1")
    assert found(log) == {("altered", "proposal 1 of case 1")}


def test_the_champion_can_be_taken_out_of_a_drop(store: Store) -> None:
    """The log holds the hash of the drop without it; any other change is found."""
    write_case(store, "acme")
    with store.write("test") as session:
        case = session.get_one(Case, 1)
        case.drop = {**case.drop, "champion": "ann"}
        session.flush()
    assert found(store) == set()
    with store.write("test") as session:
        case = session.get_one(Case, 1)
        case.drop = {**case.drop, "champion": None, "risk": 0.1}
        session.flush()
    assert found(store) == {("altered", "the drop of case 1")}


def test_numbers_that_can_be_written_in_two_ways_are_no_problem(store: Store) -> None:
    """The canonical form writes 1e-05 where another encoder writes 0.00001; the row is looked at with care."""
    write_case(store, "acme")
    with store.write("test") as session:
        body = {"contact": 1, "counts": {}, "drop_hash": _drop_with(session.get_one(Case, 1), 1e-05)}
        session.flush()
        advance(session, 1, EntryKind.ERASED, NOON, body, allowed=STATES)
    assert found(store) == set()


def _drop_with(case: Case, risk: float) -> str:
    case.drop = {**case.drop, "risk": risk, "alarm": 1e22}
    return drop_hash(case.drop)
