"""A person whose data were erased: the log is whole, and says what can no longer be proven."""

import pytest

from tests.integration.decisions.small_log import Cli, change, found, write_case
from winback.decisions.action import drop_hash
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.decisions.verify import verify
from winback.store.models import Case, Contact
from winback.store.store import Store
from winback.testing.world import NOON, add_account, open_case, sample_drop
from winback.usage.drop import drop_to_plain


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
    assert (result.erased, result.problems) == ({"proposal": 1}, ())


@pytest.mark.usefixtures("erased")
def test_the_command_says_how_many(cli: Cli) -> None:
    """On the screen and as JSON."""
    assert (
        "1 proposals of people whose data were erased: what they said can no longer be checked."
        in cli("verify").out
    )
    assert cli("verify", "--json").json["erased"] == {"proposal": 1}


def test_it_is_counted_too_where_rows_are_read_with_care(erased: Store) -> None:
    """Another proposal was altered: that one is named, the erased one is not."""
    change(erased, "UPDATE proposal SET tool = 'other' WHERE id = 2")
    result = verify(erased)
    assert result.erased == {"proposal": 1}
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
    with store.write("test") as session:
        account = add_account(session, "acme")
        open_case(session, account, sample_drop("acme", risk=1e-05, alarm=1e22))
    assert found(store) == set()


def test_the_names_in_a_drop_can_be_taken_out_of_it(store: Store) -> None:
    """The log proves neither the account's key nor the champion's: with other names the hash is the same."""
    drop = drop_to_plain(sample_drop("acme", champion="ann"))
    assert drop_hash(drop) == drop_hash({**drop, "account": "erased-1", "champion": None})
    with store.write("test") as session:
        open_case(session, add_account(session, "acme"), sample_drop('ac"me\\', champion="ann"))
    assert found(store) == set()


def test_a_contact_that_was_erased_and_is_not_is_found(erased: Store) -> None:
    """Whoever brings somebody back past the log."""
    change(erased, "UPDATE contact SET erased_at = NULL WHERE id = 1")
    assert ("altered", "contact 1 was erased, as the log says, and is not") in found(erased)


def test_a_row_that_was_erased_and_is_gone_is_found(erased: Store) -> None:
    """An erased contact keeps its number."""
    with erased.write("test") as session:
        append(session, EntryKind.ERASED, NOON, {"contact": 99, "counts": {}})
    assert found(erased) == {("missing", "contact 99 was erased, as the log says, and its row is gone")}


BARE = "UPDATE decision_entry SET evidence = NULL WHERE position = :place"


@pytest.mark.parametrize("unreadable", [False, True])
def test_evidence_may_go_with_a_person_only(erased: Store, cli: Cli, unreadable: bool) -> None:
    """Removed by erasure where the log says that its contact was erased; missing where it does not."""
    change(erased, BARE, place=1)
    if unreadable:  # all of the part is read with care then
        change(erased, "UPDATE decision_entry SET leaf_hash = NULL WHERE position = 7")
    result = verify(erased)
    assert result.bare == 1
    assert not [one for one in result.problems if "evidence" in one.where]
    assert "1 entries lost their evidence with a person: removed by erasure, not missing." in cli("verify").out
    change(erased, BARE, place=5)
    assert ("missing", "the evidence of entry 5 (denied, case 2, step 2)") in found(erased)


def test_evidence_may_go_with_an_account(log: Store) -> None:
    """That of colleagues too: what was known of the account is in it."""
    erase(log, 2)
    with log.write("test") as session:
        append(session, EntryKind.ERASED, NOON, {"contact": 2, "counts": {}, "account": 1})
    change(log, BARE, place=1)
    assert (verify(log).bare, found(log)) == (1, set())
