"""What a person can do with a queue item. Each is one transaction; of two who race exactly one wins."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from policies.facts import AgentFacts
from policies.verdict import Decision
from winback.canonical import commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.models import Account, Case, Contact, Proposal, Review
from winback.store.types import CaseState, ReviewState
from winback.usage.drop import drop_from_plain
from workers.compose import agent_of, compose, make_proposal, option_of, words_problems
from workers.decide import Decided, judge, make_effect, settle
from workers.expire import end_of
from workers.facts import Subject
from workers.policy_watch import watch_policies
from workers.services import Services
from workers.situation import Setting, knowing, situation_of

SHORTEST_HASH = 8
IN_REVIEW = (CaseState.IN_REVIEW,)
REJECT_CODES = ("not_now", "wrong_tool", "wrong_person", "wrong_words", "already_in_touch", "never_contact")


@dataclass(frozen=True)
class Item:
    """A queue item as a person sees it."""

    review: Review
    proposal: Proposal
    case: Case
    account: Account
    contact: Contact


def open_item(session: Session, review_id: int, *, lock: bool = False) -> Item:
    """One queue item with all that hangs on it; `lock` keeps others from deciding it meanwhile.

    Raises:
        InputError: there is no such item.
    """
    review = session.get(Review, review_id, with_for_update=lock, populate_existing=True)
    if review is None:
        raise InputError(f"there is no queue item {review_id}", fix="see 'winback queue list'")
    proposal = session.get_one(Proposal, review.proposal_id)
    return Item(
        review,
        proposal,
        session.get_one(Case, review.case_id),
        session.get_one(Account, proposal.account_id),
        session.get_one(Contact, proposal.contact_id),
    )


def approve(services: Services, review_id: int, shown_hash: str, by: str) -> datetime | None:
    """Approve exactly what was shown; returns when it is due. The policy is asked again when it acts.

    None: another person must approve it too.

    Raises:
        ConflictError: as `_undecided`, or this person has approved it before and another must.
    """
    now, by = services.clock.now(), person(by)
    watch_policies(services)
    with services.store.write("approve") as session:
        item = _undecided(session, services, review_id, shown_hash, now)
        first = item.review.first_approved_by
        if item.review.verdict["people"] > 1 and (first is None or same_person(first, by)):
            _approve_first(session, item, by, now)
            return None
        _decide(session, item.review, ReviewState.APPROVED, by, now)
        effect = make_effect(
            session, item.proposal, services.way(item.proposal.medium).name, item.review.asked_at,
            due_at=now, approved_by=(first, by) if first else (by,),
        )  # fmt: skip
        advance(
            session, item.review.case_id, EntryKind.APPROVED, now,
            _body(item, by, effect=effect.key if effect else None),
            allowed=IN_REVIEW, state=CaseState.ACTING if effect else CaseState.WATCHING,
        )  # fmt: skip
        return effect.due_at if effect else now


def person(name: str) -> str:
    """A reviewer's name as it is written down.

    Raises:
        InputError: it is nobody's.
    """
    clean = " ".join(unicodedata.normalize("NFKC", name).split())
    if not clean:
        raise InputError("nobody is named as the reviewer", fix="set WINBACK_USER to your name")
    return clean


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return person(one).casefold() == person(other).casefold()


def _approve_first(session: Session, item: Item, by: str, now: datetime) -> None:
    """The first of two: it waits on, for somebody else."""
    if item.review.first_approved_by is not None:
        raise ConflictError(
            f"queue item {item.review.id} was approved by {by} before", fix="another person must approve it too"
        )
    item.review.first_approved_by = by
    session.flush()
    advance(session, item.review.case_id, EntryKind.FIRST_APPROVED, now, _body(item, by), allowed=IN_REVIEW)


def reject(services: Services, review_id: int, shown_hash: str, by: str, code: str, note: str) -> None:
    """Say no: the case is watched on, nothing is proposed again by itself."""
    if code not in REJECT_CODES:
        raise InputError(f"unknown reject code {code!r}", fix=f"use one of {', '.join(REJECT_CODES)}")
    now = services.clock.now()
    with services.store.write("reject") as session:
        item = _undecided(session, services, review_id, shown_hash, now)
        _decide(session, item.review, ReviewState.REJECTED, by, now, code=code, note=note)
        said = commitment(item.contact.salt, note)
        advance(
            session, item.review.case_id, EntryKind.REJECTED, now,
            _body(item, by, code=code, note_commitment=said),
            allowed=IN_REVIEW, state=CaseState.WATCHING, next_at=None,
        )  # fmt: skip


def snooze(services: Services, review_id: int, shown_hash: str, by: str, until: datetime) -> None:
    """Put an item out of sight until a moment before it expires."""
    now = services.clock.now()
    with services.store.write("snooze") as session:
        item = _undecided(session, services, review_id, shown_hash, now)
        limit = item.review.expires_at
        if until <= now or (limit is not None and until >= limit):
            last = f" and before it expires at {limit:%Y-%m-%d %H:%M} UTC" if limit else ""
            raise InputError(
                f"snooze until {until:%Y-%m-%d %H:%M} UTC: must be after now{last}", fix="choose another"
            )
        item.review.snoozed_until = until
        session.flush()
        advance(
            session, item.review.case_id, EntryKind.SNOOZED, now, _body(item, by, until=until), allowed=IN_REVIEW
        )


def edit(services: Services, review_id: int, shown_hash: str, by: str, changes: dict[str, str]) -> Decided:
    """Replace a proposal by one of the reviewer's making: a child of the old one, judged anew.

    An edit that the policy denies is written down and leaves the item as it was.
    `changes` are the tool's editable fields: arguments by name, words as `slots.NAME`.

    Raises:
        InputError: a field may not be edited, a value does not fit, or nothing would change.
        ConflictError: the item was decided meanwhile, or is not the one that was shown.
    """
    watch_policies(services)
    now = services.clock.now()
    with services.store.write("edit") as session:
        item = _undecided(session, services, review_id, shown_hash, now)
        proposal, problems = _edited(session, services, item, by, changes, now)
        decided = judge(session, services, _subject(item), proposal, problems, {"edited_by": by})
        if decided.decision is Decision.DENY:
            advance(
                session, item.review.case_id, EntryKind.DENIED, now, decided.judged.body,
                evidence=decided.judged.evidence, allowed=IN_REVIEW,
            )  # fmt: skip
            return decided
        _decide(session, item.review, ReviewState.EDITED, by, now)
        child = _body(item, by, child=proposal.action_hash)
        advance(session, item.review.case_id, EntryKind.EDITED, now, child, allowed=IN_REVIEW)
        settle(session, services, decided, allowed=IN_REVIEW, now=now, by=(by,))
        return decided


def _edited(
    session: Session, services: Services, item: Item, by: str, changes: dict[str, str], now: datetime
) -> tuple[Proposal, tuple[str, ...]]:
    tool = services.registry.get(item.proposal.tool)
    if unknown := set(changes) - set(tool.editable):
        raise InputError(
            f"{min(unknown)!r} may not be edited", fix=f"{tool.name} allows {', '.join(sorted(tool.editable))}"
        )
    drop = drop_from_plain(item.case.drop)
    bare = situation_of(services, item.account, item.contact, drop, now)
    situation = knowing(session, services, bare, item.account, item.contact)
    arguments = {name: value for name, value in changes.items() if not name.startswith("slots.")}
    words = {name.removeprefix("slots."): text for name, text in changes.items() if name.startswith("slots.")}
    slots = {**item.proposal.message.get("slots", {}), **words}
    try:
        option = option_of(services, item.proposal, situation, **arguments)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}", fix="choose another value"
        ) from None
    setting = Setting(item.case.id or 0, _subject(item), situation)
    message = compose(services, option, situation, slots)
    agent = AgentFacts(source="person", model=by, untrusted_text=agent_of(item.proposal).untrusted_text)
    proposal = make_proposal(setting, option, message, agent, f"edited by {by}", now)
    proposal.parent_hash = item.proposal.action_hash
    if proposal.action_hash == item.proposal.action_hash:
        raise InputError("the edit changes nothing", fix="change a field, or approve it as it is")
    return proposal, words_problems(message)


def _subject(item: Item) -> Subject:
    return Subject(item.account, item.contact, drop_from_plain(item.case.drop))


def _undecided(session: Session, services: Services, review_id: int, shown_hash: str, now: datetime) -> Item:
    """The item if it can still be decided and is the one that was shown.

    Raises:
        ConflictError: decided, expired or withdrawn meanwhile, or another proposal than the one shown.
    """
    item = open_item(session, review_id, lock=True)
    review = item.review
    if review.state != ReviewState.PENDING:
        who = f" by {review.decided_by}" if review.decided_by else ""
        raise ConflictError(f"queue item {review_id} was already {review.state}{who}", fix="nothing was changed")
    escalated = review.escalated_at is not None
    end = end_of(services.policy, review.asked_at, item.proposal.tool, escalated=escalated)
    if end is not None and end <= now:
        raise ConflictError(
            f"queue item {review_id} expired at {end:%Y-%m-%d %H:%M} UTC", fix="nothing was changed"
        )
    if len(shown_hash) < SHORTEST_HASH or not review.action_hash.startswith(shown_hash.lower()):
        raise ConflictError(
            f"queue item {review_id} is not the proposal {shown_hash!r} that you were shown",
            fix=f"look again with 'winback queue show {review_id}'",
        )
    return item


def _decide(
    session: Session,
    review: Review,
    state: ReviewState,
    by: str,
    now: datetime,
    *,
    code: str | None = None,
    note: str = "",
) -> None:
    review.state, review.decided_at, review.decided_by = state, now, by
    review.code, review.note = code, note
    session.flush()


def _body(item: Item, by: str, **more: Any) -> dict[str, Any]:
    return {"review": item.review.id, "action_hash": item.review.action_hash, "by": by, **more}
