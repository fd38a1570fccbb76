"""Writing accounts and contacts down: what the file says replaces what was known, what it leaves out stays."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, func, or_, select

from winback.store.listed import relist
from winback.store.models import Account, Consent, Contact
from winback.store.suppression import Suppressed, load_suppressed
from winback.usage.people import People
from winback.usage.person import AccountRecord, ContactRecord


@dataclass(frozen=True)
class PeopleStored:
    """What an import of people changed; `erased` people and accounts of the file were left out."""

    accounts_new: int = 0
    accounts_changed: int = 0
    contacts_new: int = 0
    contacts_changed: int = 0
    consents_changed: int = 0
    erased: int = 0


def store_people(session: Session, people: People) -> PeopleStored:
    """Insert and update, in the caller's transaction, which holds the lock `suppression.LOCK`.

    Who unsubscribed stays unsubscribed: an address counts, under whatever key or account it comes back.
    Who was erased is left out, by address or by key.
    """
    suppressed = load_suppressed(session)
    records = [one for one in people.accounts if not suppressed.account(one.key)]
    accounts, accounts_new, accounts_changed = _store_accounts(session, records)
    told_of = {one.account for one in people.contacts}
    erased = sum(suppressed.account(one.key) and one.key not in told_of for one in people.accounts)
    contacts_new = contacts_changed = consents_changed = 0
    known = _contacts(session)
    stopped = {
        one.email.lower(): one.unsubscribed_at for one in known.values() if one.email and one.unsubscribed_at
    }
    for record in people.contacts:
        account_id = accounts.get(record.account, 0)
        contact = known.get((account_id, record.key))
        if _is_erased(suppressed, record, contact):
            erased += 1
            continue
        if contact is None:
            contact = Contact(account_id=account_id, key=record.key, salt=secrets.token_hex(32))
            session.add(contact)
            _set(contact, _contact_values(record))
            session.flush()
            contacts_new += 1
        else:
            contacts_changed += _set(contact, _contact_values(record))
        consents_changed += _store_consents(session, contact, record)
        if contact.email and contact.email.lower() in stopped:
            session.flush()
            unsubscribe(session, contact, stopped[contact.email.lower()])
    session.flush()
    return PeopleStored(accounts_new, accounts_changed, contacts_new, contacts_changed, consents_changed, erased)


def _is_erased(suppressed: Suppressed, record: ContactRecord, known: Contact | None) -> bool:
    """Erased by address, by key, with their account, or a key that stands for somebody erased."""
    if known is not None and known.erased_at is not None:
        return True
    return bool(suppressed) and (
        suppressed.account(record.account)
        or suppressed.contact(record.account, record.key)
        or bool(record.email and suppressed.address(record.email))
    )


def _store_accounts(session: Session, records: Sequence[AccountRecord]) -> tuple[dict[str, int], int, int]:
    known = {one.key: one for one in session.exec(select(Account)).all()}
    new = changed = 0
    for record in records:
        account = known.get(record.key)
        if account is None:
            account = known[record.key] = Account(key=record.key)
            session.add(account)
            new += 1
            _set(account, _account_values(record))
        else:
            mended = _set(account, _account_values(record))
            changed += mended
            if mended:
                session.flush()
                relist(session, account)
    session.flush()
    return {key: one.id or 0 for key, one in known.items()}, new, changed


def _contacts(session: Session) -> dict[tuple[int, str], Contact]:
    return {(one.account_id, one.key): one for one in session.exec(select(Contact)).all()}


def _account_values(record: AccountRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "plan": record.plan,
        "value_per_month": record.value_per_month,
        "owner_name": record.owner_name,
        "owner_email": record.owner_email,
        "zone": record.zone,
        "region": record.region,
        "tags": list(record.tags) or None,
    }


def _contact_values(record: ContactRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "email": record.email,
        "language": record.language,
        "zone": record.zone,
        "left": record.left,
    }


def _set(row: SQLModel, values: dict[str, Any]) -> bool:
    """Set what is said and differs; True if anything did."""
    changed = {name: value for name, value in values.items() if value is not None and getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _store_consents(session: Session, contact: Contact, record: ContactRecord) -> int:
    changed = 0
    for said in record.consents:
        at = said.at.isoformat() if said.at else None
        row = session.get(Consent, (contact.id, said.channel, said.purpose))
        if row is None:
            session.add(
                Consent(
                    contact_id=contact.id or 0,
                    channel=said.channel,
                    purpose=said.purpose,
                    state=said.state,
                    source=said.source,
                    at=at,
                )
            )
            changed += 1
        elif said.state != "unknown":
            changed += _set(row, {"state": said.state, "source": said.source, "at": at})
    return changed


def describe(people: People, stored: PeopleStored) -> dict[str, Any]:
    """An import of people for the decision log: counts only, since file names can hold names."""
    return {"what": "people", "rows": len(people.contacts), "bad": people.bad.count, **asdict(stored)}


def unsubscribe(session: Session, contact: Contact, at: datetime) -> bool:
    """Stop all contact with a person; False when they had stopped it before."""
    if contact.unsubscribed_at is not None:
        return False
    contact.unsubscribed_at = at
    for consent in session.exec(select(Consent).where(col(Consent.contact_id) == contact.id)).all():
        consent.state, consent.source, consent.at = "refused", "unsubscribed", at.date().isoformat()
    session.flush()
    return True


def contacts_like(session: Session, who: str) -> list[Contact]:
    """Contacts with this key or address, addresses in any case; not those who were erased."""
    found = select(Contact).where(
        col(Contact.erased_at).is_(None),
        or_(Contact.key == who, Contact.email == who, func.lower(Contact.email) == who.lower()),
    )
    contacts = {one.id: one for one in session.exec(found).all()}
    if not who.isascii() and "@" in who:
        # SQLite lowers ASCII only.
        others = select(Contact).where(col(Contact.erased_at).is_(None), col(Contact.email).is_not(None))
        for one in session.exec(others):
            if one.email and one.email.lower() == who.lower():
                contacts[one.id] = one
    return [contacts[key] for key in sorted(contacts, key=lambda one: one or 0)]
