"""What a person can do with a queue item. Each is one transaction; of two who race exactly one wins.

`shown_hash` and `version` are those of the card that the person looked at; a version that nobody gives is
not compared.
"""

from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlmodel import Session

from policies.facts import AgentFacts
from policies.rejection import REJECT_CODES
from policies.verdict import Decision
from winback.canonical import commitment
from winback.decisions.kind import EntryKind
from winback.decisions.log import advance
from winback.errors import ConflictError, InputError
from winback.store.listed import place
from winback.store.models import Proposal
from winback.store.types import CaseState, ReviewState
from winback.usage.drop import drop_from_plain
from workers.compose import agent_of, compose, make_proposal, option_of, tool_of, words_problems
from workers.decide import Decided, judge, make_effect, settle
from workers.expire import end_of
from workers.facts import Subject
from workers.item import IN_REVIEW, Item, decide, person, same_person, undecided
from workers.planted import answered, found
from workers.policy_watch import watch_policies
from workers.services import Services
from workers.situation import Setting, knowing, situation_of

NO_GRACE = timedelta(0)


def approve(
    services: Services, review_id: int, shown_hash: str, by: str,
    *, version: str | None = None, grace: timedelta = NO_GRACE,
) -> datetime | None:  # fmt: skip
    """Approve exactly what was shown; returns when it is due. The policy is asked again when it acts.

    None: another person must approve it too. `grace` is a while in which it can be taken back
    (`workers.undo`) for sure; without one, until a worker takes it in hand.

    Raises:
        ConflictError: as `undecided`, its tool is not installed any more, or this person has approved it before
            and another must.
    """
    now, by = services.clock.now(), person(by)
    watch_policies(services)
    with services.store.write("approve") as session:
        item = undecided(session, services, review_id, shown_hash, by, version)
        tool_of(services, item.proposal)
        if item.planted is not None:
            answered(session, item, ReviewState.APPROVED, by, now)
            return now + grace
        first = item.review.first_approved_by
        if item.review.verdict["people"] > 1 and (first is None or same_person(first, by)):
            _approve_first(session, item, by, now)
            return None
        decide(session, item, ReviewState.APPROVED, by, now)
        effect = make_effect(
            session, item.proposal, services.way(item.proposal.medium).name, item.review.asked_at,
            due_at=now + grace, approved_by=(first, by) if first else (by,),
        )  # fmt: skip
        item.log(
            session, EntryKind.APPROVED, now, by, more={"effect": effect.key if effect else None},
            state=CaseState.ACTING if effect else CaseState.WATCHING,
        )  # fmt: skip
        return effect.due_at if effect else now


def _approve_first(session: Session, item: Item, by: str, now: datetime) -> None:
    """The first of two: it waits on, for somebody else."""
    if item.review.first_approved_by is not None:
        raise ConflictError(
            f"queue item {item.review.id} was approved by {by} before", fix="another person must approve it too"
        )
    item.review.first_approved_by = by
    item.change("first_approved_by", None, by, by, now)
    item.row.claimed_by = item.row.claimed_until = item.row.claimed_at = None
    item.log(session, EntryKind.FIRST_APPROVED, now, by)


def reject(
    services: Services, review_id: int, shown_hash: str, by: str, code: str, note: str,
    *, version: str | None = None,
) -> None:  # fmt: skip
    """Say no: the case is watched on, nothing is proposed again by itself; the code says what else rests."""
    if code not in REJECT_CODES:
        raise InputError(f"unknown reject code {code!r}", fix=f"use one of {', '.join(REJECT_CODES)}")
    now, by = services.clock.now(), person(by)
    with services.store.write("reject") as session:
        item = undecided(session, services, review_id, shown_hash, by, version)
        if item.planted is not None:
            answered(session, item, ReviewState.REJECTED, by, now, code)
            return
        decide(session, item, ReviewState.REJECTED, by, now, code=code, note=note)
        more = {"code": code, "note_commitment": commitment(item.contact.salt, note)}
        item.log(session, EntryKind.REJECTED, now, by, more=more, state=CaseState.WATCHING, next_at=None)


def snooze(
    services: Services, review_id: int, shown_hash: str, by: str, until: datetime, *, version: str | None = None
) -> None:
    """Put an item out of sight until a moment before it expires."""
    now, by = services.clock.now(), person(by)
    with services.store.write("snooze") as session:
        item = undecided(session, services, review_id, shown_hash, by, version)
        limit = item.review.expires_at
        if until <= now or (limit is not None and until >= limit):
            last = f" and before it expires at {limit:%Y-%m-%d %H:%M} UTC" if limit else ""
            raise InputError(
                f"snooze until {until:%Y-%m-%d %H:%M} UTC: must be after now{last}", fix="choose another"
            )
        item.change("snoozed_until", item.row.snoozed_until, until, by, now)
        item.row.snoozed_until = until
        item.row.claimed_by = item.row.claimed_until = item.row.claimed_at = None
        item.log(session, EntryKind.SNOOZED, now, by, more={"until": until})


def escalate(services: Services, review_id: int, shown_hash: str, by: str, *, version: str | None = None) -> None:
    """Put an item before all others, for somebody who can decide it.

    Raises:
        ConflictError: as `undecided`, or it was escalated before.
    """
    now, by = services.clock.now(), person(by)
    watch_policies(services)
    with services.store.write("escalate") as session:
        item = undecided(session, services, review_id, shown_hash, by, version)
        row = item.row
        if row.escalated_at is not None:
            raise ConflictError(f"queue item {review_id} is escalated already", fix="nothing was changed")
        item.change("escalated_at", None, now, by, now)
        row.escalated_at = now
        row.expires_at = end_of(services.policy, row.asked_at, item.proposal.tool, escalated=True)
        place(row)
        more = {"waited_since": row.asked_at, "until": row.expires_at}
        item.log(session, EntryKind.ESCALATED, now, by, more=more)


def edit(
    services: Services, review_id: int, shown_hash: str, by: str, changes: dict[str, str],
    *, version: str | None = None,
) -> Decided:  # fmt: skip
    """Replace a proposal by one of the reviewer's making: a child of the old one, judged anew.

    An edit that the policy denies is written down and leaves the item as it was.
    `changes` are the tool's editable fields: arguments by name, words as `slots.NAME`.

    Raises:
        InputError: a field may not be edited, a value does not fit, or nothing would change.
        ConflictError: the item was decided meanwhile, is not the one that was shown, or its tool is not installed.
    """
    watch_policies(services)
    now, by = services.clock.now(), person(by)
    with services.store.write("edit") as session:
        item = undecided(session, services, review_id, shown_hash, by, version)
        tool_of(services, item.proposal)
        if item.planted is not None:
            answered(session, item, ReviewState.EDITED, by, now)
        else:
            return _edit(session, services, item, by, changes, now)
    raise found(review_id)


def _edit(
    session: Session, services: Services, item: Item, by: str, changes: dict[str, str], now: datetime
) -> Decided:
    proposal, problems = edited(session, services, item, by, changes, now)
    decided = judge(session, services, subject_of(item), proposal, problems, {"edited_by": by})
    if decided.decision is Decision.DENY:
        advance(
            session, item.review.case_id, EntryKind.DENIED, now, decided.judged.body,
            evidence=decided.judged.evidence, allowed=IN_REVIEW,
        )  # fmt: skip
        return decided
    decide(session, item, ReviewState.EDITED, by, now)
    item.log(session, EntryKind.EDITED, now, by, more={"child": proposal.action_hash})
    settle(session, services, decided, allowed=IN_REVIEW, now=now, by=(by,))
    return decided


def edited(
    session: Session, services: Services, item: Item, by: str, changes: dict[str, str], now: datetime
) -> tuple[Proposal, tuple[str, ...]]:
    """The proposal that an edit would make, not yet stored, and what is wrong with its words; raises as `edit`."""
    tool = tool_of(services, item.proposal)
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
    setting = Setting(item.case.id or 0, subject_of(item), situation)
    message = compose(services, option, situation, slots)
    agent = AgentFacts(source="person", model=by, untrusted_text=agent_of(item.proposal).untrusted_text)
    proposal = make_proposal(setting, option, message, agent, f"edited by {by}", now)
    proposal.parent_hash = item.proposal.action_hash
    if proposal.action_hash == item.proposal.action_hash:
        raise InputError("the edit changes nothing", fix="change a field, or approve it as it is")
    return proposal, words_problems(message)


def subject_of(item: Item) -> Subject:
    """The case, its account and its person, as the policy looks at them."""
    return Subject(item.account, item.contact, drop_from_plain(item.case.drop))
