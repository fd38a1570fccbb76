"""One person, wherever they are kept: who is meant by an address or a key, and everything about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, select

from winback.store.models import Account, Contact
from winback.store.people import contacts_like
from winback.store.suppression import Suppressed
from winback.usage.forget import Person, keys_like
from winback.usage.side_files import Trace, Words
from workers.services import Services


@dataclass(frozen=True, slots=True)
class Named:
    """A contact who is meant. Without `contact_id`, only usage knows them, without `account_id` their account."""

    account: str
    key: str
    account_id: int | None = None
    contact_id: int | None = None
    account_name: str = ""
    name: str = ""
    email: str | None = None

    @property
    def person(self) -> Person:
        return self.account, self.key


def find_people(services: Services, who: str) -> tuple[Named, ...]:
    """Contacts with this key or address, all others with the same address, and whom only usage knows so."""
    with services.store.read() as session:
        contacts = {one.id: one for one in contacts_like(session, who)}
        addresses = {one.email for one in contacts.values() if one.email}
        contacts |= {one.id: one for email in addresses for one in contacts_like(session, email)}
        known = [_named(session.get_one(Account, one.account_id), one) for one in contacts.values()]
        seen = {one.person for one in known}
        unseen = sorted(keys_like(services.warehouse, {who, *addresses}) - seen)
        accounts = {key: _account(session, key) for key, _ in unseen}
        only_used = [_only_used(session, accounts[account], account, key) for account, key in unseen]
    return tuple(sorted({*known, *(one for one in only_used if one)}, key=lambda one: one.person))


def words_of(people: Iterable[Named], who: str = "") -> Words:
    """Everything that these people go by."""
    found = {word for one in people for word in (one.key, one.email, one.name) if word}
    return Words(tuple(sorted(found | ({who} if who else set()))))


def trace_of(services: Services, people: Sequence[Named], who: str, gone: Iterable[str] = ()) -> Trace:
    """How to know these people in refused rows; `gone` are accounts that were the person."""
    with services.store.read() as session:
        every = frozenset(session.exec(select(Account.key)).all())
    accounts = frozenset(one.account for one in people)
    words = words_of(people, who).words
    chosen = frozenset(gone)
    return Trace(
        addresses=Words(tuple(word for word in words if "@" in word)),
        names=Words((*words, *(one.account_name for one in people if one.account in chosen and one.account_name))),
        accounts=accounts,
        elsewhere=every - accounts,
        columns=frozenset({"account", services.settings.usage.columns.account.strip().casefold()}),
        gone=chosen,
    )


def was_erased(suppressed: Suppressed, who: str) -> bool:
    """Whether somebody who went by this address or key was erased before."""
    return suppressed.address(who) or suppressed.account(who) or suppressed.key_alone(who)


def _named(account: Account, contact: Contact) -> Named:
    return Named(
        account=account.key,
        key=contact.key,
        account_id=account.id,
        contact_id=contact.id,
        account_name=account.name,
        name=contact.name,
        email=contact.email,
    )


def _account(session: Session, key: str) -> Account | None:
    return session.exec(select(Account).where(Account.key == key)).first()


def _only_used(session: Session, account: Account | None, account_key: str, key: str) -> Named | None:
    """Somebody of usage whom no people file told of; one that a people file knows goes by another address."""
    if account is None:
        return Named(account=account_key, key=key)
    contact = session.exec(select(Contact).where(Contact.account_id == account.id, Contact.key == key)).first()
    if contact is not None:
        return _named(account, contact)
    return Named(account=account_key, key=key, account_id=account.id, account_name=account.name)
