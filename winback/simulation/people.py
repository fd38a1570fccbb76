"""The accounts and contacts of the sample company, without their usage."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from winback.simulation import names
from winback.simulation.plan import PLANS, PRICES

Consent = Literal["granted", "refused", "unknown"]
Language = Literal["en", "hi"]

SEATS = (0.16, 0.22, 0.20, 0.14, 0.10, 0.08, 0.06, 0.04)
"""Share of accounts with 1, 2, ... 8 contacts."""

ZONES = {
    "Asia/Kolkata": 0.38,
    "Europe/Berlin": 0.24,
    "America/New_York": 0.22,
    "Europe/London": 0.09,
    "Asia/Singapore": 0.07,
}
REGIONS = {
    "Asia/Kolkata": "IN",
    "Europe/Berlin": "DE",
    "America/New_York": "US",
    "Europe/London": "GB",
    "Asia/Singapore": "SG",
}
HINDI_IN_INDIA = 0.45

CONSENTS: dict[tuple[Consent, str], float] = {
    ("granted", "sign-up form"): 0.68,
    ("granted", "contract"): 0.16,
    ("unknown", ""): 0.08,
    ("refused", "sign-up form"): 0.05,
    ("refused", "unsubscribed by link"): 0.03,
}

BOUGHT = {2: (0.70, 0.20, 0.10), 4: (0.30, 0.45, 0.25), 8: (0.05, 0.35, 0.60)}
"""Share of accounts of up to so many contacts that buy each of `PLANS`."""

SEAT_PRICE = 0.2
"""What each contact beyond the first adds, as a share of the plan's price."""

KEY_ACCOUNT = 400


@dataclass(frozen=True, slots=True)
class Contact:
    """`consent_date` is None where consent is unknown."""

    key: str
    account: str
    name: str
    email: str
    role: str
    language: Language
    zone: str
    channels: tuple[str, ...]
    consent: Consent
    consent_source: str
    consent_date: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """`value_per_month` is in the operator's currency."""

    key: str
    name: str
    plan: str
    value_per_month: int
    owner_name: str
    owner_email: str
    zone: str
    region: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Firm:
    """An account before its usage has shown whether `bought`, a place in `PLANS`, has room for it."""

    key: str
    name: str
    zone: str
    owner: str
    annual: bool
    bought: int
    contacts: tuple[Contact, ...]

    def on_plan(self, place: int) -> Account:
        """What it pays: the plan's price and more for each contact after the first, a tenth less by the year."""
        full = PRICES[place] * (1 + SEAT_PRICE * (len(self.contacts) - 1))
        value = round(full * 0.9 if self.annual else full)
        tags = ("annual" if self.annual else "monthly", *(("key-account",) if value >= KEY_ACCOUNT else ()))
        return Account(
            key=self.key,
            name=self.name,
            plan=PLANS[place],
            value_per_month=value,
            owner_name=self.owner,
            owner_email=f"{names.local_part(self.owner)}@{names.DOMAINS[0]}",
            zone=self.zone,
            region=REGIONS[self.zone],
            tags=tags,
        )


def make_firms(rng: np.random.Generator, accounts: int, start: date) -> tuple[Firm, ...]:
    """Draw `accounts` firms whose contacts all said yes, no or nothing before `start`."""
    pairs = [(word, trade) for word in names.FIRST_WORDS for trade in names.TRADES]
    order = rng.permutation(len(pairs))
    firms = []
    for number in range(accounts):
        word, trade = pairs[order[number % len(pairs)]]
        firms.append(_firm(rng, f"{word} {trade}", number + 1, start))
    return tuple(firms)


def _firm(rng: np.random.Generator, name: str, number: int, start: date) -> Firm:
    key = f"{name.lower().replace(' ', '-')}-{number:03d}"
    zone = str(rng.choice(list(ZONES), p=list(ZONES.values())))
    contacts = _contacts(rng, key, number, zone, start)
    plans = next(shares for most, shares in BOUGHT.items() if len(contacts) <= most)
    return Firm(
        key=key,
        name=name,
        zone=zone,
        owner=str(rng.choice(names.OWNERS)),
        annual=bool(rng.random() < 0.4),
        bought=int(rng.choice(len(PLANS), p=plans)),
        contacts=contacts,
    )


def _contacts(rng: np.random.Generator, account: str, number: int, zone: str, start: date) -> tuple[Contact, ...]:
    seats = int(rng.choice(len(SEATS), p=SEATS)) + 1
    english = rng.choice(len(names.ENGLISH), seats, replace=False)
    hindi = rng.choice(len(names.HINDI), seats, replace=False)
    domain = names.DOMAINS[number % len(names.DOMAINS)]
    contacts = []
    for seat in range(seats):
        in_hindi = zone == "Asia/Kolkata" and bool(rng.random() < HINDI_IN_INDIA)
        name = names.ENGLISH[english[seat]]
        local, shown = names.HINDI[hindi[seat]] if in_hindi else (names.local_part(name), name)
        consent, source = list(CONSENTS)[rng.choice(len(CONSENTS), p=list(CONSENTS.values()))]
        said = start - timedelta(days=int(rng.integers(20, 700)))
        contacts.append(
            Contact(
                key=f"{account}.{seat + 1}",
                account=account,
                name=shown,
                email=f"{local}.{number:03d}@{domain}",
                role=str(rng.choice(names.ROLES)),
                language="hi" if in_hindi else "en",
                zone=zone,
                channels=("email",),
                consent=consent,
                consent_source=source,
                consent_date=None if consent == "unknown" else said,
            )
        )
    return tuple(contacts)
