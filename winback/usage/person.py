"""Accounts and contacts as a people file tells of them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

ConsentState = Literal["granted", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A customer; without a name, it goes by its key. `value_per_month` is in the company's currency.

    `region` is an ISO 3166-1 or 3166-2 code: IN, DE-BY.
    """

    key: str
    name: str
    plan: str | None = None
    value_per_month: float | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    zone: str | None = None
    tags: tuple[str, ...] = ()
    region: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What a contact said about one channel. `source` is where they said so."""

    channel: str
    purpose: str
    state: ConsentState
    source: str | None
    at: date | None


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A person at `account`; `name` may be empty. `language` is a BCP 47 tag. `left`: no longer there."""

    key: str
    account: str
    name: str
    email: str | None
    language: str
    zone: str | None
    consents: tuple[ConsentRecord, ...]
    left: bool = False
    role: str | None = None
