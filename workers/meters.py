"""What reviewers did and how the queue fares, in numbers, over a while.

A planted item is an item like any other in all of these, so that no number gives it away; how many faults
somebody found is for operators.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from math import ceil
from statistics import fmean, median
from typing import Any

from sqlalchemy import or_, union_all
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from winback.store.models import Proposal, Review
from winback.store.queue import Planted
from winback.store.types import ReviewState
from workers.item import person
from workers.planted import caught
from workers.reworded import words_changed

SAID = (ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.EDITED)
Kind = type[Review] | type[Planted]


@dataclass(frozen=True)
class Meter:
    """What one person decided. None where there is nothing to tell by.

    `approved` holds the first approvals of two as well. `seconds` is the median time from the claim to the
    decision, over the `timed` of them that were claimed; `words_changed` the mean over the edits, as
    `workers.reworded.words_changed`. `caught` and `missed` are planted faults; None: not for this reader.
    """

    person: str
    decided: int
    approved: int
    rejected: int
    edited: int
    timed: int
    seconds: float | None
    words_changed: float | None
    caught: int | None
    missed: int | None

    @property
    def share_approved(self) -> float | None:
        """Of what they decided."""
        return self.approved / self.decided if self.decided else None

    def to_plain(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self) | {"share_approved": self.share_approved}


@dataclass(frozen=True)
class Health:
    """The queue over a while. `waiting` are those at its end, whose ages in seconds the percentiles are.

    `withdrawn`: the account came back, unsubscribed or was erased. What two people must approve is decided
    once, by the second.
    """

    arrived: int
    decided: int
    expired: int
    withdrawn: int
    waiting: int
    age_p50: float | None
    age_p95: float | None

    def to_plain(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


@dataclass(frozen=True)
class Meters:
    """After `since`, until `until`. People are in the order of what they decided, most first."""

    since: datetime
    until: datetime
    people: tuple[Meter, ...]
    queue: Health

    def to_plain(self) -> dict[str, Any]:
        """For a program."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "people": [one.to_plain() for one in self.people],
            "queue": self.queue.to_plain(),
        }


def meters_of(
    session: Session, since: datetime, until: datetime, *, of: str | None = None, faults: bool = False
) -> Meters:
    """The numbers of a while; `of` one person only. `faults`: how many planted ones they found, for operators."""
    people = [_meter(name, did, faults=faults) for name, did in _by_person(session, since, until).items()]
    wanted = None if of is None else _key(of)
    kept = [one for one in people if wanted is None or _key(one.person) == wanted]
    kept.sort(key=lambda one: (-one.decided, one.person))
    return Meters(since, until, tuple(kept), _health(session, since, until))


@dataclass(frozen=True, slots=True)
class _Did:
    """One decision: `caught` None where nothing was planted, `words` None where nobody edited or can tell."""

    by: str
    state: str
    at: datetime
    took: float | None
    caught: bool | None
    words: int | None = None


def _key(name: str) -> str:
    return person(name).casefold()


def _by_person(session: Session, since: datetime, until: datetime) -> dict[str, list[_Did]]:
    """Decisions by the name that their maker last went by."""
    found: dict[str, list[_Did]] = {}
    for one in (
        *_decided(session, since, until),
        *_first(session, since, until),
    ):
        found.setdefault(_key(one.by), []).append(one)
    return {max(did, key=lambda one: one.at).by: did for did in found.values()}


def _decided(session: Session, since: datetime, until: datetime) -> Iterable[_Did]:
    changed = _words_changed(session, since, until)
    for number, by, state, at, took in session.exec(_said(Review, since, until)).all():
        yield _Did(by, state, at, took, None, changed.get(number))
    for _, by, state, at, took in session.exec(_said(Planted, since, until)).all():
        yield _Did(by, state, at, took, caught(state))


def _said(kind: Kind, since: datetime, until: datetime) -> Any:
    columns: tuple[Any, ...] = (kind.id, kind.decided_by, kind.state, kind.decided_at, kind.took_seconds)
    return sql_select(*columns).where(
        col(kind.state).in_(SAID),
        col(kind.decided_by).is_not(None),
        col(kind.decided_at) > since,
        col(kind.decided_at) <= until,
    )


def _first(session: Session, since: datetime, until: datetime) -> Iterable[_Did]:
    """Approvals of which another was needed: when they were given stands among the changes of the item."""
    rows = session.exec(
        select(Review.first_approved_by, Review.changes).where(
            col(Review.first_approved_by).is_not(None),
            or_(col(Review.decided_at).is_(None), col(Review.decided_at) > since),
        )
    ).all()
    for by, changes in rows:
        given = [one["at"] for one in changes if one["field"] == "first_approved_by" and one["now"] is not None]
        if by is not None and given and since < (at := datetime.fromisoformat(given[-1])) <= until:
            yield _Did(by, ReviewState.APPROVED, at, None, None)


def _words_changed(session: Session, since: datetime, until: datetime) -> dict[int, int]:
    """By the number of the item that was edited; words that were erased are told of no more."""
    edited = session.exec(
        select(Review.id, Proposal)
        .join(Proposal, col(Review.proposal_id) == Proposal.id)
        .where(Review.state == ReviewState.EDITED, col(Review.decided_at) > since, col(Review.decided_at) <= until)
    ).all()
    cases = {proposal.case_id for _, proposal in edited}
    children = session.exec(
        select(Proposal).where(col(Proposal.case_id).in_(cases), col(Proposal.parent_hash).is_not(None))
    ).all()
    by_parent = {(one.case_id, one.parent_hash): one for one in children}
    found = {}
    for number, proposal in edited:
        child = by_parent.get((proposal.case_id, proposal.action_hash))
        if child is not None and proposal.message.get("body") and child.message.get("body"):
            found[number or 0] = words_changed(proposal, child)
    return found


def _meter(name: str, did: list[_Did], *, faults: bool) -> Meter:
    states = [one.state for one in did]
    times = [one.took for one in did if one.took is not None]
    words = [one.words for one in did if one.words is not None]
    of_faults = [one.caught for one in did if one.caught is not None]
    return Meter(
        person=name,
        decided=len(did),
        approved=states.count(ReviewState.APPROVED),
        rejected=states.count(ReviewState.REJECTED),
        edited=states.count(ReviewState.EDITED),
        timed=len(times),
        seconds=median(times) if times else None,
        words_changed=fmean(words) if words else None,
        caught=of_faults.count(True) if faults else None,
        missed=of_faults.count(False) if faults else None,
    )


def _health(session: Session, since: datetime, until: datetime) -> Health:
    ended: dict[str, int] = {}
    for kind in (Review, Planted):
        for state, number in session.exec(_ended(kind, since, until)).all():
            ended[state] = ended.get(state, 0) + number
    arrived = sum(session.exec(_arrived(kind, since, until)).scalar_one() for kind in (Review, Planted))
    asked = union_all(*(_waiting(kind, until) for kind in (Review, Planted))).subquery()
    how_many: Any = sql_select(func.count()).select_from(asked)
    waiting = session.exec(how_many).scalar_one()

    def age(share: float) -> float | None:
        """By nearest rank."""
        if not waiting:
            return None
        youngest_first: Any = sql_select(asked.c.asked_at).order_by(asked.c.asked_at.desc())
        at = session.exec(youngest_first.offset(ceil(share * waiting) - 1).limit(1)).scalar_one()
        return float((until - at).total_seconds())

    return Health(
        arrived=arrived,
        decided=sum(ended.get(state, 0) for state in SAID),
        expired=ended.get(ReviewState.EXPIRED, 0),
        withdrawn=ended.get(ReviewState.LAPSED, 0),
        waiting=waiting,
        age_p50=age(0.5),
        age_p95=age(0.95),
    )


def _ended(kind: Kind, since: datetime, until: datetime) -> Any:
    of_then = sql_select(col(kind.state), func.count()).where(
        col(kind.decided_at) > since, col(kind.decided_at) <= until
    )
    return of_then.group_by(col(kind.state))


def _arrived(kind: Kind, since: datetime, until: datetime) -> Any:
    return sql_select(func.count()).where(col(kind.asked_at) > since, col(kind.asked_at) <= until)


def _waiting(kind: Kind, until: datetime) -> Any:
    """Those that waited at that moment, as far as nobody took back what was said of them since."""
    return sql_select(col(kind.asked_at)).where(
        col(kind.asked_at) <= until,
        or_(col(kind.state) == ReviewState.PENDING, col(kind.decided_at) > until),
    )
