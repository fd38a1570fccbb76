"""Accounts: the list, searched and paged, and one account with its people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from winback.console.evidence import cursor
from winback.console.evidence.phrase import shown
from winback.console.evidence.thread import Thread, thread_of
from winback.console.evidence.usage import Usage, usage_of, weeks_of
from winback.store.answers import Preference
from winback.store.models import Account, Case, Consent, Contact, Effect
from winback.store.types import CaseState
from winback.usage.drop import drop_from_plain
from workers.counting import CONTACTED
from workers.freshness import default_day
from workers.services import Services

PAGE = 50
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Row:
    """An account in a list. `reachable` of `contacts` people may still be written to; with none, never contact."""

    number: int
    key: str
    name: str
    plan: str
    value_per_month: float | None
    owner: str
    case: int | None
    case_state: CaseState | None
    last_contact: datetime | None
    contacts: int
    reachable: int
    weeks: tuple[int, ...]

    @property
    def never_contact(self) -> bool:
        """Nobody there may ever be written to again."""
        return self.contacts > 0 and self.reachable == 0


@dataclass(frozen=True)
class Accounts:
    """A page of them; `next` names the following one, None on the last."""

    rows: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True)
class Allowed:
    """What a person said of one channel, where and when."""

    channel: str
    purpose: str
    state: str
    source: str
    at: str


@dataclass(frozen=True)
class Person:
    """A contact with what they allowed and what they want. An erased one is a number."""

    number: int
    key: str
    name: str
    address: str
    language: str
    zone: str
    left: bool
    unsubscribed_at: datetime | None
    erased_at: datetime | None
    consents: tuple[Allowed, ...]
    topics_refused: tuple[str, ...]
    days_between: int | None
    level: str | None


@dataclass(frozen=True)
class AccountView:
    """One account: its row, people, cases (newest first), the newest drop's usage, and a page of its thread."""

    row: Row
    zone: str
    region: str
    tags: tuple[str, ...]
    people: tuple[Person, ...]
    cases: tuple[int, ...]
    usage: Usage | None
    thread: Thread


def account_list(services: Services, *, search: str = "", after: str | None = None, limit: int = PAGE) -> Accounts:
    """Accounts by their keys. `search` are parts of key and name, or the address of one of its people.

    Raises:
        InputError: `after` is no page of this list.
    """
    query = select(col(Account.id)).order_by(col(Account.key)).limit(limit + 1)
    if after is not None:
        query = query.where(col(Account.key) > cursor.read(after, str)[0])
    if wanted := search.strip()[:LONGEST_SEARCH]:
        query = query.where(_like(wanted))
    with services.store.read() as session:
        # Their numbers come from an index that holds all that is searched: the rows themselves are longer.
        found = session.exec(
            select(Account).where(col(Account.id).in_(session.exec(query).all())).order_by(col(Account.key))
        ).all()
        rows = _rows(session, services, found[:limit])
    more = cursor.written((found[limit - 1].key,)) if len(found) > limit else None
    return Accounts(rows, more)


def _like(wanted: str) -> Any:
    """Wildcards in it are characters like others."""
    parts = and_(*(col(Account.sought).contains(one, autoescape=True) for one in wanted.lower().split()))
    if "@" not in wanted:
        return parts
    whose = select(Contact.account_id).where(func.lower(col(Contact.email)) == wanted.lower())
    return or_(parts, col(Account.id).in_(whose))


def _rows(session: Session, services: Services, accounts: Sequence[Account]) -> tuple[Row, ...]:
    numbers = [one.id or 0 for one in accounts]
    cases = _open_cases(session, numbers)
    contacted = _last_contacts(session, numbers)
    people = _people_counted(session, numbers)
    day = default_day(services.warehouse, services.settings, services.clock.now())
    weeks = weeks_of(services.warehouse, [one.key for one in accounts], day)
    return tuple(
        Row(
            number=one.id or 0,
            key=shown(one.key),
            name=shown(one.name),
            plan=shown(one.plan or ""),
            value_per_month=one.value_per_month,
            owner=shown(one.owner_name or ""),
            case=cases.get(one.id or 0, (None, None))[0],
            case_state=cases.get(one.id or 0, (None, None))[1],
            last_contact=contacted.get(one.id or 0),
            contacts=people.get(one.id or 0, (0, 0))[0],
            reachable=people.get(one.id or 0, (0, 0))[1],
            weeks=weeks[one.key],
        )
        for one in accounts
    )


def _open_cases(session: Session, accounts: Sequence[int]) -> Mapping[int, tuple[int | None, CaseState | None]]:
    query = select(Case.account_id, Case.id, Case.state).where(
        col(Case.account_id).in_(accounts), Case.state != CaseState.CLOSED
    )
    return {account: (number, CaseState(state)) for account, number, state in session.exec(query).all()}


def _last_contacts(session: Session, accounts: Sequence[int]) -> Mapping[int, datetime]:
    """What reached them, or may have. All their acts are read: those of that state are most of all there are."""
    latest = func.max(col(Effect.intent_at)).filter(col(Effect.state).in_(CONTACTED))
    query = select(Effect.account_id, latest).where(col(Effect.account_id).in_(accounts))
    rows = session.exec(query.group_by(col(Effect.account_id))).all()
    return {account: at for account, at in rows if at is not None}


def _people_counted(session: Session, accounts: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    open_to = and_(col(Contact.unsubscribed_at).is_(None), col(Contact.left).is_(False))
    query = select(Contact.account_id, func.count(), func.count().filter(open_to))
    query = query.where(col(Contact.account_id).in_(accounts), col(Contact.erased_at).is_(None))
    rows = session.exec(query.group_by(col(Contact.account_id))).all()
    return {account: (everybody, reachable) for account, everybody, reachable in rows}


def account_view(services: Services, account_id: int, *, after: str | None = None) -> AccountView | None:
    """One account; `after` is a page of its thread. None: there is no such account.

    Raises:
        InputError: `after` is no page of its thread.
    """
    with services.store.read() as session:
        account = session.get(Account, account_id)
        if account is None:
            return None
        cases = session.exec(
            select(Case).where(Case.account_id == account_id).order_by(col(Case.id).desc()).limit(PAGE)
        ).all()
        return AccountView(
            row=_rows(session, services, [account])[0],
            zone=shown(account.zone or ""),
            region=shown(account.region or ""),
            tags=tuple(shown(one) for one in account.tags),
            people=_people(session, account_id),
            cases=tuple(one.id or 0 for one in cases),
            usage=usage_of(services, drop_from_plain(cases[0].drop)) if cases else None,
            thread=thread_of(session, account_id, after=after),
        )


def _people(session: Session, account_id: int) -> tuple[Person, ...]:
    contacts = session.exec(
        select(Contact).where(Contact.account_id == account_id).order_by(col(Contact.id)).limit(PAGE)
    ).all()
    numbers = [one.id for one in contacts]
    consents: dict[int, list[Allowed]] = {}
    for one in session.exec(select(Consent).where(col(Consent.contact_id).in_(numbers))).all():
        said = Allowed(shown(one.channel), shown(one.purpose), one.state, shown(one.source or ""), one.at or "")
        consents.setdefault(one.contact_id, []).append(said)
    wishes = {
        one.contact_id: one
        for one in session.exec(select(Preference).where(col(Preference.contact_id).in_(numbers))).all()
    }
    return tuple(_person(one, consents.get(one.id or 0, []), wishes.get(one.id or 0)) for one in contacts)


def _person(one: Contact, consents: Sequence[Allowed], wishes: Preference | None) -> Person:
    return Person(
        number=one.id or 0,
        key=shown(one.key),
        name=shown(one.name),
        address=shown(one.email or ""),
        language=shown(one.language),
        zone=shown(one.zone or ""),
        left=one.left,
        unsubscribed_at=one.unsubscribed_at,
        erased_at=one.erased_at,
        consents=tuple(sorted(consents, key=lambda said: (said.channel, said.purpose))),
        topics_refused=tuple(wishes.topics) if wishes else (),
        days_between=wishes.days_between if wishes else None,
        level=wishes.level if wishes else None,
    )
