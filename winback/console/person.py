"""What an operator does for one of the customer's people: wishes, a stop, all that is held, and its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from sqlmodel import Session, col, select

from prompts.message import clean
from winback.console.evidence.phrase import shown
from winback.errors import InputError
from winback.store.models import Account, Consent, Contact
from workers.prefer import LONGEST_SOURCE, Wishes, prefer_for, wishes_of
from workers.privacy.document import document
from workers.privacy.erase import Erasure, Survey, erase, survey
from workers.privacy.export import sections
from workers.services import Services
from workers.unsubscribe import people_named, stop_contact

CHUNK = 64 * 1024


@dataclass(frozen=True)
class PersonWishes:
    """One person: what they go by, the wishes that can be changed, and each consent with where it came from."""

    number: int
    account: int
    account_name: str
    key: str
    name: str
    address: str
    erased: bool
    wishes: Wishes
    consents: tuple[tuple[str, str, str, str, str], ...]


def person_wishes(services: Services, account: int, number: int) -> PersonWishes | None:
    """One person of an account; None: there is no such person there."""
    with services.store.read() as session:
        contact = session.get(Contact, number)
        if contact is None or contact.account_id != account:
            return None
        where = session.get_one(Account, account)
        consents = session.exec(
            select(Consent)
            .where(Consent.contact_id == number)
            .order_by(col(Consent.channel), col(Consent.purpose))
        ).all()
        return PersonWishes(
            number=number,
            account=account,
            account_name=shown(where.name or where.key),
            key=shown(contact.key),
            name=shown(contact.name),
            address=shown(contact.email or ""),
            erased=contact.erased_at is not None,
            wishes=wishes_of(session, services, contact),
            consents=tuple(
                (shown(one.channel), shown(one.purpose), one.state, shown(one.source or ""), one.at or "")
                for one in consents
            ),
        )


def change_wishes(services: Services, number: int, wishes: Wishes, by: str, source: str, reason: str) -> None:
    """What somebody said elsewhere than on their page, with where they said it and why it is changed.

    Raises:
        InputError: nothing says where or why; there is no such person; a value is none of those offered.
        ConflictError: they have said stop.
    """
    prefer_for(services, number, wishes, by, f"{_said('source', source, 80)}: {_said('reason', reason, 110)}")


def stop_person(services: Services, number: int, source: str) -> int:
    """Never write to a person again, nor to anybody with the same address; returns how many that newly stopped.

    Raises:
        InputError: nothing says where they said so, or there is no such person.
    """
    said = _said("source", source, LONGEST_SOURCE)
    with services.store.read() as session:
        contact = session.get(Contact, number)
        if contact is None or contact.erased_at is not None:
            raise InputError(f"there is no contact {number}", fix="look at the account again")
        address = contact.email
    same = people_named(services.store, address) if address else ()
    return sum(stop_contact(services, one, said) for one in sorted({number, *same}))


def stop_account(services: Services, number: int, source: str) -> int:
    """The same for everybody at an account; raises the same."""
    with services.store.read() as session:
        query = select(col(Contact.id)).where(Contact.account_id == number, col(Contact.erased_at).is_(None))
        people = session.exec(query).all()
    if not people:
        raise InputError("nobody is known there", where=f"account {number}", fix="look at the account again")
    return sum(stop_person(services, one or 0, source) for one in people)


def whom(services: Services, contact: int | None, who: str) -> str:
    """The address or key of a contact, or what was typed.

    Raises:
        InputError: there is no such contact, or nothing was typed.
    """
    if contact is None:
        return _said("who", who, 320)
    with services.store.read() as session:
        row = session.get(Contact, contact)
        if row is None or row.erased_at is not None:
            raise InputError(f"there is no contact {contact}", fix="look at the account again")
        return row.email or row.key


def held(services: Services, who: str) -> Survey:
    """What is held about everybody who goes by this; raises InputError for nobody."""
    return survey(services, who)


def erase_person(services: Services, who: str, typed: str, reason: str, *, account_too: bool) -> Erasure:
    """Erase everybody who goes by this, once it was typed by hand.

    Raises:
        InputError: what was typed is something else, or nobody goes by it.
        ConflictError: a message to them is being sent.
    """
    if typed.strip() != shown(who):
        raise InputError("is not who is to be erased; nothing was changed", where="typed", fix="type it as shown")
    return erase(services, who, reason=reason.strip()[:1000], account_too=account_too)


def export_person(services: Services, who: str) -> Iterator[bytes]:
    """All that is held, as one JSON document; it is complete before the first byte leaves.

    Raises:
        InputError: nobody goes by this, and nobody did.
    """
    file = TemporaryFile("w+b")  # noqa: SIM115  closed by who reads it
    head = {"about": who, "made_at": services.clock.now().isoformat()}
    try:
        with services.store.read() as session:
            _write(session, services, who, head, file)
    except BaseException:
        file.close()
        raise
    return _read(file)


def _write(session: Session, services: Services, who: str, head: dict[str, str], file: IO[bytes]) -> None:
    for piece in document(head, sections(services, session, who)):
        file.write(piece.encode())


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _said(where: str, words: str, most: int) -> str:
    found = clean(words, most).strip()
    if not found:
        raise InputError("is empty", where=where, fix="say it in a few words")
    return found
