"""The list of accounts and one account: found, paged, and shown harmlessly."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from tests.conftest import sqlite_world
from tests.integration.console.evidence.sample import NASTY, company, harmless, take_in
from tests.integration.held_person import Who
from winback.console.evidence.account import account_list, account_view
from winback.errors import InputError
from winback.store.models import Account, Contact
from winback.testing.world import AS_OF, NOON, add_account, add_contact, open_case
from workers.act import act_all
from workers.privacy.erase import erase
from workers.propose import propose_all
from workers.services import Services
from workers.unsubscribe import stop_contact


def keys(services: Services, search: str = "", limit: int = 50) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = account_list(services, search=search, after=after, limit=limit)
        found += [one.key for one in page.rows]
        if page.next is None:
            return found
        after = page.next


def test_pages_put_together_are_all_accounts(services: Services) -> None:
    """Also while others come: a page begins behind the last account shown."""
    with services.store.write("test") as session:
        for name in ("delta", "alpha", "echo", "bravo", "charlie"):
            add_account(session, name)
    assert keys(services, limit=2) == ["alpha", "bravo", "charlie", "delta", "echo"]
    first = account_list(services, limit=2)
    with services.store.write("test") as session:
        add_account(session, "aaa")
    assert [one.key for one in account_list(services, after=first.next, limit=2).rows] == ["charlie", "delta"]
    with pytest.raises(InputError, match="no page of this list"):
        account_list(services, after="nonsense")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ALPH", ["alpha"]),
        ("bravo-ANN@example.com", ["bravo"]),
        ("%", []),
        ("_", []),
        ("x" * 9999, []),
        (" ", None),
    ],
)
def test_accounts_are_found(services: Services, search: str, found: list[str] | None) -> None:
    """By part of the key or name in any case, by a person's address; wildcards are characters."""
    with services.store.write("test") as session:
        add_account(session, "alpha")
        add_account(session, "bravo")
    assert keys(services, search) == (["alpha", "bravo"] if found is None else found)


def test_an_account_is_found_by_the_name_it_has_now(services: Services) -> None:
    """In whatever alphabet, by parts of key and name in any order, and no longer by the name it had."""
    with services.store.write("test") as session:
        account = add_account(session, "alpha")
        account.name = "ÄRZTEHAUS Überlingen"
        session.flush()
    assert keys(services, "ärztehaus") == keys(services, "überl ALPHA") == ["alpha"]
    with services.store.write("test") as session:
        session.get_one(Account, account.id).name = "Bravo"
        session.flush()
    assert (keys(services, "ärztehaus"), keys(services, "bravo")) == ([], ["alpha"])


def test_a_search_among_very_many_accounts_reads_an_index_alone(tmp_path: Path) -> None:
    """Rows are read for those that were found: a hundred thousand accounts lie in hundreds of megabytes."""
    asked: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        asked.append(given[2:4])

    with sqlite_world(tmp_path) as services:
        event.listen(services.store.engine, "before_cursor_execute", note)
        account_list(services, search="alpha bravo")
        statement, values = next(one for one in asked if "LIKE" in one[0])
        with services.store.read() as session:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "USING COVERING INDEX accounts_sought" in str(plan)


def test_a_row_says_how_an_account_stands(services: Services) -> None:
    """Its open case, when it was contacted last, and that nobody there may be written to any more."""
    with services.store.write("test") as session:
        account = add_account(session)
        add_contact(session, account, "acme-bob")
        open_case(session, account)
    propose_all(services, AS_OF)
    act_all(services)
    row = account_list(services).rows[0]
    assert (row.case, row.case_state, row.last_contact) == (1, "watching", NOON)
    assert (row.contacts, row.reachable, row.never_contact) == (2, 2, False)
    for contact in (1, 2):
        stop_contact(services, contact, "reply")
    row = account_list(services).rows[0]
    assert (row.reachable, row.never_contact) == (0, True)
    assert row.weeks == (0,) * 12


def test_an_account_shows_its_people_and_what_they_allowed(services: Services) -> None:
    """Consent with channel and purpose, and nobody of another account."""
    with services.store.write("test") as session:
        open_case(session, add_account(session))
        add_account(session, "other")
    found = account_view(services, 1)
    assert found is not None
    assert [one.key for one in found.people] == ["acme-ann"]
    consent = found.people[0].consents[0]
    assert (consent.channel, consent.purpose, consent.state) == ("email", "retention", "granted")
    assert (found.cases, found.usage is not None, found.thread.happened[-1].kind) == ((1,), True, "case_opened")
    assert account_view(services, 99) is None


def test_an_erased_person_is_a_number(held: Services, who: Who) -> None:
    """Their key, name and address are gone."""
    erase(held, who.email, reason="letter", account_too=False, tell=lambda _step: None)
    with held.store.read() as session:
        number = session.exec(select(Account.id).where(Account.key == "acme")).one()
    found = account_view(held, number or 0)
    assert found is not None
    assert any(one.erased_at is not None for one in found.people)
    assert not any(said in repr(found) for said in who.strings)


@pytest.mark.parametrize("name", NASTY)
def test_hostile_names_are_text(services: Services, name: str) -> None:
    """Whatever an import holds."""
    hostile = name.replace("\x00", "")[:190]
    with services.store.write("test") as session:
        account = add_account(session)
        account.key = account.name = account.owner_name = hostile
        session.exec(select(Contact)).one().name = hostile
        account.tags = [name]
        session.flush()
    found = account_view(services, 1)
    assert found is not None
    for said in (found.row.key, found.row.name, found.row.owner, *found.tags, found.people[0].name):
        harmless(said.replace("<", "&lt;"))
        assert len(said) <= 200
    assert len(keys(services, name)) <= 1


def test_the_sample_company_has_its_weeks(services: Services, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fifty rows with their sparklines."""
    take_in(services, tmp_path_factory.mktemp("files"))
    rows = account_list(services).rows
    assert len(rows) == 50
    assert sum(any(one.weeks) for one in rows) > 40
    assert len(keys(services)) == len(company().accounts)
