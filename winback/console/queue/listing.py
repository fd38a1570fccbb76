"""The list as values: what a page of it shows, for the browser and for programs alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from winback.console.evidence.phrase import shown
from winback.console.rights import Person, Right
from winback.store.models import Account, Contact, Review
from winback.store.queue import Planted, Shown
from workers.item import same_person
from workers.queue_list import After as PlaceInList
from workers.queue_list import Counts, Filters, Line, page_of
from workers.services import Services
from workers.shown import facts_of, version_of


@dataclass(frozen=True)
class QueueLine:
    """One item of the list. `hash` and `version` are what an approval of it carries.

    `bulk`: it may be approved with others of its `tool` and `template`. `holder` has it in hand until
    `held_until`. `planted` is the fault of an item that was planted: operators alone are told.
    """

    item: int
    hash: str
    version: str
    case: int
    account: str
    what: str
    tool: str
    template: str
    value: float
    stake: float
    plan: str | None
    region: str | None
    owner: str
    asked_at: datetime
    expires_at: datetime | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    first_approved_by: str | None
    assignee: str | None
    holder: str | None
    held_until: datetime | None
    bulk: bool
    planted: str | None


@dataclass(frozen=True)
class QueuePage:
    """A page of the list. `next` names the following one; None on the last.

    `open` is everything that can be decided now, `shown` what the filters leave: at least so many with `more`.
    """

    items: tuple[QueueLine, ...]
    next: str | None
    open: int
    shown: int
    more: bool


def queue_page(
    services: Services, person: Person, filters: Filters, counts: Counts, session: Session, *, after: str | None,
    limit: int,
) -> QueuePage:  # fmt: skip
    """Read a page of the list, as this person may see it."""
    now = services.clock.now()
    place = PlaceInList.read(after) if after else None
    page = page_of(session, filters, now, after=place, limit=limit)
    people = _people(session, page.lines)
    return QueuePage(
        items=tuple(_line(one, people, person, now) for one in page.lines),
        next=str(page.following) if page.following else None,
        open=counts.open,
        shown=counts.shown,
        more=counts.more,
    )


def _people(session: Session, lines: Sequence[Line]) -> Mapping[int, Contact]:
    wanted = {one.proposal.contact_id for one in lines}
    return {one.id or 0: one for one in session.exec(select(Contact).where(col(Contact.id).in_(wanted))).all()}


def _line(line: Line, people: Mapping[int, Contact], person: Person, now: datetime) -> QueueLine:
    row, proposal = line.row, line.proposal
    held = row.claimed_by is not None and row.claimed_until is not None and row.claimed_until > now
    return QueueLine(
        item=line.number,
        hash=line.action_hash,
        version=_version(row, line.account, people[proposal.contact_id]),
        case=line.case_id,
        account=shown(line.account.name or line.account.key),
        what=shown(proposal.label, 300),
        tool=row.tool,
        template=row.template,
        value=proposal.value,
        stake=row.stake,
        plan=row.plan and shown(row.plan),
        region=row.region and shown(row.region),
        owner=shown(row.owner or ""),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        snoozed_until=row.snoozed_until,
        escalated_at=row.escalated_at,
        first_approved_by=line.first_approved_by and shown(line.first_approved_by),
        assignee=row.assignee and shown(row.assignee),
        holder=shown(row.claimed_by) if held and row.claimed_by else None,
        held_until=row.claimed_until if held else None,
        bulk=proposal.value <= 0 and row.verdict["people"] <= 1 and _free(row, held, person),
        planted=line.planted if person.may(Right.OPERATE) else None,
    )


def _version(row: Review | Planted, account: Account, contact: Contact) -> str:
    """A planted item is never changed by what would change another's version."""
    return version_of(row if isinstance(row, Review) else Shown(), facts_of(account, contact))


def _free(row: Review | Planted, held: bool, person: Person) -> bool:
    return not held or row.claimed_by is None or same_person(row.claimed_by, person.login)
