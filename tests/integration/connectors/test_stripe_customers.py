"""Which customer an account is: never guessed, never the wrong one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.connectors.conftest import Server
from tools.channels.channel import NotSent
from tools.connectors import stripe_customers
from tools.connectors.stripe_customers import Customers


@pytest.fixture
def customers(taught: Server) -> Iterator[Customers]:
    connector = taught.connector()
    yield connector._customers
    connector.close()


def refused(customers: Customers, account: str) -> NotSent:
    with pytest.raises(NotSent) as caught:
        customers.find(account)
    return caught.value


def test_a_customer_id_is_its_own_account(customers: Customers) -> None:
    """Where accounts are called as at Stripe, nothing is looked up."""
    assert customers.find("cus_123") == "cus_123"


def test_metadata_names_the_account(taught: Server, customers: Customers) -> None:
    """Also beyond the first hundred customers."""
    for _ in range(101):
        taught.customer()
    last = taught.customer("meta-1")
    assert customers.find("meta-1") == last
    assert "no customer at Stripe by metadata winback_account" in str(refused(customers, "meta-2"))


def test_two_customers_with_one_account_are_refused(taught: Server, customers: Customers) -> None:
    """Nobody draws lots about who gets a trial."""
    taught.customer("twice")
    taught.customer("twice")
    error = refused(customers, "twice")
    assert "has 2 customers" in error.reason
    assert not error.retry


def test_metadata_that_moved_is_followed(taught: Server, customers: Customers) -> None:
    """What was seen is asked about again: another customer, or one that is gone, gets nothing."""
    first = taught.customer("moves")
    assert customers.find("moves") == first
    taught.post(f"/v1/customers/{first}", **{"metadata[winback_account]": "other"})
    second = taught.customer("moves")
    assert customers.find("moves") == second


def test_what_was_seen_costs_one_question(taught: Server, customers: Customers) -> None:
    """The list is read once per process, not once per trial."""
    found = taught.customer("seen")
    customers.find("seen")
    before = len(taught.configure())
    assert customers.find("seen") == found
    assert taught.configure()[before:] == [f"GET /v1/customers/{found}"]


def test_too_many_to_list_are_refused(
    taught: Server, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that would outlast the lease is not read to its end: it says what to do instead."""
    for _ in range(3):
        taught.customer()
    monkeypatch.setattr(stripe_customers, "MOST", 2)
    assert "name them in entitlements.stripe.customers" in str(refused(customers, "meta-9"))


def test_the_file_names_the_account(taught: Server, tmp_path: Path) -> None:
    """With a file, only the file counts, as it stands now."""
    path = tmp_path / "customers.csv"
    path.write_text(
        "\ufeffname,account,customer\nAcme,acct-1,cus_1\nB,acct-2,cus_2\nB,acct-2,cus_2\nC,acct-3,price_3\n",
        encoding="utf-8",
    )
    connector = taught.connector(customers=path)
    customers = connector._customers
    assert (customers.find("acct-1"), customers.find("acct-2")) == ("cus_1", "cus_2")
    assert "'price_3'" in refused(customers, "acct-3").reason
    assert not refused(customers, "acct-4").retry
    path.write_text("account,customer\nacct-1,cus_1\nacct-1,cus_9\n")
    assert "has 2 customers" in refused(customers, "acct-1").reason
    connector.close()


@pytest.mark.parametrize(
    "text", ["", "account;customer\n", 'account,customer\n"acct-1', "account,customer\n\xff\n"]
)
def test_a_spoilt_file_can_be_mended(taught: Server, tmp_path: Path, text: str) -> None:
    """Nothing is sent, and it is tried again later."""
    path = tmp_path / "customers.csv"
    path.write_bytes(text.encode("latin-1"))
    connector = taught.connector(customers=path)
    assert refused(connector._customers, "acct-1").retry
    path.unlink()
    assert "No such file" in refused(connector._customers, "acct-1").reason
    connector.close()
