"""Which customer at Stripe an account is."""

import csv
from collections.abc import Iterable
from pathlib import Path

import stripe

from prompts.message import clean
from tools.channels.channel import NotSent
from tools.connectors.stripe_client import before_act

METADATA = "winback_account"
COLUMNS = ("account", "customer")
PREFIX = "cus_"
PAGE = 100
MOST = 20_000


class Customers:
    """By the account's own key if that is a customer id, by a file if there is one, else by metadata."""

    def __init__(self, client: stripe.StripeClient, file: Path | None) -> None:
        self._client = client
        self._file = file
        self._seen: dict[str, str] = {}

    def find(self, account: str) -> str:
        """A customer id.

        Raises:
            NotSent: none or several have this account, or Stripe or the file cannot be asked.
        """
        if account.startswith(PREFIX):
            return account
        if self._file is not None:
            return _only(
                account, (customer for one, customer in read_file(self._file) if one == account), self._file
            )
        if (customer := self._seen.get(account)) and self._is_still(customer, account):
            return customer
        return self._by_metadata(account)

    def _is_still(self, customer: str, account: str) -> bool:
        """Metadata may have moved since it was seen."""
        with before_act():
            found = self._client.v1.customers.retrieve(customer).to_dict()
        return not found.get("deleted") and (found.get("metadata") or {}).get(METADATA) == account

    def _by_metadata(self, account: str) -> str:
        """Read the list: search may be up to an hour behind, and is not offered in every country."""
        found: dict[str, list[str]] = {}
        with before_act():
            listed = self._client.v1.customers.list({"limit": PAGE}).auto_paging_iter()
            for number, customer in enumerate(listed, start=1):
                if number > MOST:
                    raise NotSent(
                        f"Stripe has more than {MOST:,} customers: name them in entitlements.stripe.customers",
                        retry=False,
                    )
                named = (customer.to_dict().get("metadata") or {}).get(METADATA)
                if named:
                    found.setdefault(named, []).append(customer.id)
        self._seen = {one: customers[0] for one, customers in found.items() if len(customers) == 1}
        return _only(account, found.get(account, ()), f"metadata {METADATA}")


def read_file(path: Path) -> list[tuple[str, str]]:
    """Account and customer of every row.

    Raises:
        NotSent: the file cannot be read; it may be mended.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise NotSent(f"{path}: the first line must name the columns {', '.join(COLUMNS)}", retry=True)
            return [((row["account"] or "").strip(), (row["customer"] or "").strip()) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NotSent(f"{path}: {reason}", retry=True) from None


def _only(account: str, customers: Iterable[str], where: str | Path) -> str:
    found = set(customers)
    shown = clean(account, 80)
    if not found:
        raise NotSent(f"account {shown!r} has no customer at Stripe by {where}", retry=False)
    if len(found) > 1:
        raise NotSent(f"account {shown!r} has {len(found)} customers at Stripe by {where}", retry=False)
    customer = found.pop()
    if not customer.startswith(PREFIX):
        raise NotSent(f"{clean(customer, 40)!r} by {where} is not a customer id of Stripe", retry=False)
    return customer
