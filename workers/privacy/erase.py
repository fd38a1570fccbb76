"""Erasing a person: from the database, from usage, from refused rows, from the outbox; the log stays whole.

Each step may be done again, and the rows that say what to look for go last: an erasure that was broken
off is finished by asking for it again.
"""

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from tools.calendars.event import resource_name
from tools.channels.files import FilesChannel
from winback.errors import ConflictError, InputError
from winback.store.models import Contact, Effect
from winback.store.suppression import LOCK, Suppressed, draw_key, load_suppressed, suppress
from winback.store.types import EffectState
from winback.store.wipe import wipe
from winback.usage.forget import Change, forget, shared_accounts, usage_of
from winback.usage.side_files import remove_rows, rows_about
from workers.privacy.about import About
from workers.privacy.answers import counts_of
from workers.privacy.blank import blank
from workers.privacy.person_data import Named, find_people, trace_of, was_erased, words_of
from workers.scan import account_of
from workers.services import Services
from workers.unsubscribe import stop_contact, withdraw_waiting

Tell = Callable[[str], None]
AGAIN = "try again in a moment ('winback run --once' finishes what a killed worker left)"


@dataclass(frozen=True, slots=True)
class Survey:
    """What is held about the people who are meant, by the names of docs/privacy.md.

    `alike` are accounts (by key) that look like the person themselves, `alone` those in which nobody
    else is; with `account_too` both are erased too.
    """

    people: tuple[Named, ...]
    counts: Mapping[str, int]
    alike: tuple[str, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was done. `again`: they had been erased before. Not `wiped`: the database was in use, ask again."""

    contacts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()
    again: bool = False
    wiped: bool = True


@dataclass(frozen=True, slots=True)
class _Job:
    services: Services
    people: tuple[Named, ...]
    who: str
    reason: str
    accounts: Mapping[str, str]
    """Old key to new one, of accounts that go too."""

    @property
    def contacts(self) -> list[int]:
        return [one.contact_id or 0 for one in self.people]


def survey(services: Services, who: str) -> Survey:
    """What would be erased; changes nothing.

    Raises:
        InputError: nobody goes by this, and nobody did.
    """
    people = find_people(services, who)
    with services.store.read() as session:
        if not people and not was_erased(load_suppressed(session), who):
            raise InputError(
                "nobody has this address or key", where=repr(who), fix="check it in your people or usage file"
            )
        counts = {"contacts": len(people), **_rows(session, people, who)}
        shared = shared_accounts(services.warehouse, [one.person for one in people])
        alone = tuple(
            sorted(
                {one.account for one in people if one.account not in shared and _is_alone(session, one, people)}
            )
        )
    alike = tuple(sorted({one.account for one in people if _looks_like(one, alone)}))
    counts["usage rows"] = usage_of(services.warehouse, [one.person for one in people]) if people else 0
    trace = trace_of(services, people, who)
    counts["refused rows"] = sum(1 for _ in rows_about(services.warehouse.bad_folder, trace))
    return Survey(people, counts, alike, alone)


def erase(
    services: Services,
    who: str,
    *,
    reason: str = "",
    account_too: bool = False,
    tell: Tell = lambda _step: None,
) -> Erasure:
    """Erase everybody who goes by this address or key. `tell` hears the name of each step before it is done.

    Raises:
        InputError: nobody goes by this, and nobody did.
        ConflictError: an effect to them is being carried out; nothing but the unsubscribe was done.
        SetupError: the database or a folder cannot be written to.
    """
    found = survey(services, who)
    if not found.people:
        return Erasure(again=True, wiped=wipe(services.store))
    people = _with_rows(services, found.people)
    chosen = {*found.alike, *found.alone} if account_too else set()
    renamed = {one.account: f"erased-{one.account_id}" for one in people if one.account in chosen}
    job = _Job(services, people, who, reason, renamed)
    counts: dict[str, int] = {}
    for step in (_stop, _suppress, _clear_outbox, _clear_usage, _clear_database):
        tell(step.__name__.strip("_").replace("_", " "))
        counts |= step(job)
    tell("wipe")
    return Erasure(len(people), counts, tuple(renamed), wiped=wipe(services.store))


def _rows(session: Session, people: tuple[Named, ...], who: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in people:
        about = About(session, one, words_of(people, who))
        total["consents"] += len(about.consents())
        total["interactions"] += sum(theirs for _, theirs in about.interactions())
        total["proposals"] += len(about.proposals())
        total["effects"] += len(about.effects())
        total["reviews"] += sum(theirs for _, theirs in about.reviews())
        total["evidence"] += sum(1 for _ in about.judged())
    contacts = [one.contact_id for one in people if one.contact_id is not None]
    return {**dict(total), **counts_of(session, contacts)}


def _is_alone(session: Session, one: Named, people: tuple[Named, ...]) -> bool:
    erased = [other.contact_id for other in people if other.contact_id is not None]
    left = select(Contact.id).where(
        Contact.account_id == (one.account_id or 0),
        col(Contact.erased_at).is_(None),
        col(Contact.id).not_in(erased),
    )
    return session.exec(left).first() is None


def _looks_like(one: Named, alone: tuple[str, ...]) -> bool:
    """Whether its key or name is the person's key or address, or its name theirs and nobody else is there."""
    own = {word.casefold() for word in (one.key, one.email) if word}
    if own & {one.account.casefold(), one.account_name.casefold()}:
        return True
    return one.account in alone and bool(one.name) and one.name.casefold() == one.account_name.casefold()


def _with_rows(services: Services, people: tuple[Named, ...]) -> tuple[Named, ...]:
    """Whom only usage knows gets a row, which says what to look for until all is done."""
    if all(one.contact_id is not None for one in people):
        return people
    with services.store.write("erase_rows") as session:
        services.store.lock(session, LOCK)
        rows = []
        for one in people:
            if one.contact_id is not None:
                rows.append(one)
                continue
            account = account_of(session, one.account)
            contact = Contact(account_id=account.id or 0, key=one.key, salt=secrets.token_hex(32))
            session.add(contact)
            session.flush()
            rows.append(
                Named(one.account, one.key, account.id, contact.id, account.name, contact.name, contact.email)
            )
    return tuple(rows)


def _stop(job: _Job) -> dict[str, int]:
    """Nothing more goes out to them, and what waits is withdrawn."""
    for contact in job.contacts:
        stop_contact(job.services, contact, job.reason or "erasure")
    with job.services.store.write("withdraw") as session:
        for contact in job.contacts:
            withdraw_waiting(session, job.services, contact)
        flying = select(Effect.id).where(
            col(Effect.contact_id).in_(job.contacts), Effect.state == EffectState.IN_FLIGHT
        )
        if session.exec(flying).first() is not None:
            raise ConflictError("a message to them is being sent at this moment", fix=AGAIN)
    return {}


def _suppress(job: _Job) -> dict[str, int]:
    """From here on an import leaves them out."""
    store, now = job.services.store, job.services.clock.now()
    with store.write("suppress") as session:
        store.lock(session, LOCK)
        known = draw_key(session)
        suppress(session, _digests(job, known), now)
    return {}


def _digests(job: _Job, known: Suppressed) -> set[str]:
    digests = {known.contact_digest(*one.person) for one in job.people}
    digests |= {
        known.address_digest(word) for one in job.people for word in (one.email, one.key) if word and "@" in word
    }
    # An account that goes too loses its key, and with it the pair: who asks again by key alone must be known.
    digests |= {known.key_digest(one.key) for one in job.people}
    return digests | {known.account_digest(key) for key in job.accounts}


def _clear_outbox(job: _Job) -> dict[str, int]:
    """The folders of their messages, what a killed run left half-written, and calls in the calendar's folder."""
    folder = job.services.settings.outbox_folder
    with job.services.store.read() as session:
        theirs = select(Effect.key, Effect.payload).where(col(Effect.contact_id).in_(job.contacts))
        rows = session.exec(theirs).all()
    calls = {resource_name(payload["uid"]) for _, payload in rows if "uid" in payload}
    files = [path for one in calls if (path := job.services.settings.calendar_folder / one).is_file()]
    for path in files:
        path.unlink()
    keys = [key for key, _ in rows]
    counts = {"calls in the calendar folder": len(files)}
    if not folder.is_dir():
        return {"messages in the outbox": 0, **counts}
    FilesChannel(folder).probe()
    found = [path for key in keys for path in folder.glob(f"*-{key[:12]}")]
    for path in found:
        shutil.rmtree(path)
    return {"messages in the outbox": len(found), **counts}


def _clear_usage(job: _Job) -> dict[str, int]:
    warehouse = job.services.warehouse
    if not warehouse.folder.is_dir():
        return {"usage rows": 0, "refused rows": 0}
    with warehouse.lock():
        warehouse.sweep()
        change = Change(frozenset(one.person for one in job.people), job.accounts)
        rows = forget(warehouse, change)
        trace = trace_of(job.services, job.people, job.who, job.accounts)
        refused = remove_rows(warehouse.bad_folder, trace)
    return {"usage rows": rows, "refused rows": refused}


def _clear_database(job: _Job) -> dict[str, int]:
    """All rows in one transaction, with an entry for each contact."""
    words = words_of(job.people, job.who)
    return blank(job.services, job.people, words, job.accounts, job.reason)
