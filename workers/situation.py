"""Whom to write to, and what a tool may look at to say what it could offer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, exists, or_
from sqlmodel import Session, col, select

from tools.reason import zone_where
from tools.tool import Busy, Person, Situation, Tried
from winback.settings import Company
from winback.store.answers import Booking, Preference
from winback.store.models import Account, Case, Consent, Contact, Effect, Proposal, Review
from winback.store.types import EMAIL, IN_APP, MESSAGE, EffectState, ReviewState, UtcDateTime
from winback.usage.drop import Drop, DropKind, drop_from_plain
from winback.usage.warehouse import Warehouse
from workers.facts import Subject
from workers.past import Past, past_of
from workers.services import Services

ActiveDays = Mapping[tuple[str, str], int]
LANGUAGES = ("en", "hi")
LOOK_BACK = timedelta(days=56)
PURPOSE = "retention"
Agreed = Mapping[int, Collection[str]]
"""By contact, the media over which they agreed to hear from us."""

# Made once: putting a statement together takes SQLAlchemy longer than running it, and every case needs these.
AGREED = (
    select(Consent.contact_id, Consent.channel)
    .join(Contact)
    .where(Contact.account_id == bindparam("account"), col(Consent.channel).in_((EMAIL, IN_APP)))
    .where(Consent.state == "granted", Consent.purpose == PURPOSE)
)
REACHABLE = (
    select(Contact)
    .where(Contact.account_id == bindparam("account"), col(Contact.left).is_(False))
    .where(
        or_(
            col(Contact.email).is_not(None),
            col(Contact.id).in_(
                select(Consent.contact_id).where(
                    Consent.channel == IN_APP, Consent.state == "granted", Consent.purpose == PURPOSE
                )
            ),
        )
    )
    .order_by(col(Contact.id))
)
BUSY = (
    select(Proposal.busy_host, Proposal.busy_from, Proposal.busy_until)
    .where(col(Proposal.busy_until) > bindparam("now", type_=UtcDateTime), Proposal.case_id != bindparam("case"))
    .where(
        # By their case, which both tables are indexed by: a hundred thousand may wait.
        or_(
            exists().where(
                col(Review.case_id) == col(Proposal.case_id),
                col(Review.proposal_id) == col(Proposal.id),
                col(Review.state) == ReviewState.PENDING,
            ),
            exists().where(
                col(Effect.case_id) == col(Proposal.case_id),
                col(Effect.proposal_id) == col(Proposal.id),
                col(Effect.state).not_in((EffectState.LAPSED, EffectState.FAILED)),
                col(Effect.part) == MESSAGE,
                ~exists().where(col(Booking.effect_id) == col(Effect.id)),
            ),
        )
    )
)

# What was chosen on a page, by the customer of another case.
BOOKED = (
    select(Booking.host, Booking.starts_at, Booking.ends_at)
    .where(col(Booking.ends_at) > bindparam("now", type_=UtcDateTime), col(Booking.cancelled_at).is_(None))
    # Bookings that lie ahead are few, acts are many: it is asked of each, not of all acts of other cases.
    .where(~exists().where(col(Effect.id) == col(Booking.effect_id), col(Effect.case_id) == bindparam("case")))
)


@dataclass(frozen=True)
class Setting:
    """A case with all that its next proposal is made from. `situation` is None when nobody can be reached."""

    case_id: int
    subject: Subject
    situation: Situation | None
    past: Past = ((), ())


def active_days(warehouse: Warehouse, as_of: date) -> ActiveDays:
    """Active days of every contact in the eight weeks up to `as_of`, by (account, contact)."""
    if warehouse.is_empty():
        return {}
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"SELECT account, contact, count(DISTINCT day) FROM ({warehouse.view(connection)}) "  # noqa: S608  ours
            "WHERE contact IS NOT NULL AND count > 0 AND day > ? AND day <= ? GROUP BY ALL",
            [as_of - LOOK_BACK, as_of],
        ).fetchall()
    return {(account, contact): days for account, contact, days in rows}


def setting_of(session: Session, services: Services, case: Case, active: ActiveDays, now: datetime) -> Setting:
    """Read a case's surroundings."""
    account = session.get_one(Account, case.account_id)
    drop = drop_from_plain(case.drop)
    agreed = _agreed(session, account)
    contact = _choose_contact(session, services, account, drop, active, agreed)
    past = past_of(session, account, now)
    situation = None
    if contact is not None:
        had = frozenset(one.catalogue_id for one in past[0] if one.catalogue_id)
        busy = busy_times(session, case, now)
        bare = situation_of(services, account, contact, drop, now, had=had, busy=busy)
        situation = _with_wishes(session, services, bare, contact, past, agreed)
    return Setting(
        case_id=case.id or 0,
        subject=Subject(account=account, contact=contact, drop=drop),
        situation=situation,
        past=past,
    )


def busy_times(session: Session, case: Case, now: datetime) -> tuple[Busy, ...]:
    """Time of hosts that other cases took, or may still: open reviews, effects not lapsed, bookings."""
    given = {"now": now, "case": case.id}
    rows = (*session.exec(BUSY, params=given).all(), *session.exec(BOOKED, params=given).all())
    return tuple(Busy(host, start, end) for host, start, end in rows if host and start and end)


def knowing(
    session: Session,
    services: Services,
    situation: Situation,
    account: Account,
    contact: Contact,
    past: Past | None = None,
) -> Situation:
    """The same with what the database knows beside it: what they want and agreed to, and what was tried.

    `past` saves reading it again.
    """
    past = past or past_of(session, account, situation.now)
    return _with_wishes(session, services, situation, contact, past, _agreed(session, account))


def _with_wishes(
    session: Session, services: Services, situation: Situation, contact: Contact, past: Past, agreed: Agreed
) -> Situation:
    said = session.get(Preference, contact.id)
    person = replace(
        situation.person,
        media=media_to(services, contact, agreed),
        level=said.level if said else None,  # type: ignore[arg-type]  # checked where it was set
        stopped=contact.unsubscribed_at is not None,
    )
    tried = tuple(Tried(one.at, one.tool, one.channel) for one in past[0])
    return replace(situation, person=person, tried=tried, unwanted=frozenset(said.topics if said else ()))


def media_to(services: Services, contact: Contact, agreed: Agreed) -> tuple[str, ...]:
    """Over what this contact may be reached, mail first: configured, agreed to, and with somewhere to go.

    Only from a page can somebody stop what comes in the product: without pages nothing goes there.
    """
    theirs = agreed.get(contact.id or 0, ())
    there = {EMAIL: bool(contact.email), IN_APP: services.links is not None}
    return tuple(one for one in there if one in theirs and one in services.channels and there[one])


def _agreed(session: Session, account: Account) -> Agreed:
    found: dict[int, set[str]] = {}
    for contact, channel in session.exec(AGREED, params={"account": account.id}).all():
        found.setdefault(contact, set()).add(channel)
    return found


def situation_of(
    services: Services,
    account: Account,
    contact: Contact,
    drop: Drop,
    now: datetime,
    *,
    had: frozenset[str] = frozenset(),
    busy: tuple[Busy, ...] = (),
) -> Situation:
    """What the tools see of one account and one contact."""
    company = services.settings.company
    return Situation(
        drop=drop,
        plan=account.plan,
        person=_person(contact, account, company),
        owner_name=account.owner_name or company.name,
        owner_address=account.owner_email or company.sender,
        company=company,
        catalogue=services.catalogue,
        now=now,
        had=had,
        busy=busy,
        pages=services.links is not None,
        ways=frozenset(services.channels),
        account=account.name or account.key,
        value_per_month=account.value_per_month,
        owner_known=bool(account.owner_email),
    )


def _person(contact: Contact, account: Account, company: Company) -> Person:
    base = contact.language.split("-")[0].lower()
    return Person(
        id=contact.id or 0,
        name=contact.name,
        address=contact.email or "",
        language=base if base in LANGUAGES else LANGUAGES[0],
        zone=zone_where(contact.zone, account.zone, company).key,
    )


def _choose_contact(
    session: Session, services: Services, account: Account, drop: Drop, active: ActiveDays, agreed: Agreed
) -> Contact | None:
    """Who is there and may be written to, the most active first; the champion who left is not written to."""
    found = session.exec(REACHABLE, params={"account": account.id}).all()
    contacts = [one for one in found if one.email or media_to(services, one, agreed)]
    gone = drop.champion if drop.kind is DropKind.CHAMPION_LEFT else None

    def rank(one: Contact) -> tuple[bool, bool, int, int]:
        may = bool(media_to(services, one, agreed)) and one.unsubscribed_at is None
        return (one.key == gone, not may, -active.get((account.key, one.key), 0), one.id or 0)

    return min((one for one in contacts if one.key != gone), key=rank, default=None)
