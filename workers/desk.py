"""Who has a queue item in hand: claims that lapse by themselves, and items that somebody is given."""

from datetime import timedelta

from winback.decisions.kind import EntryKind
from winback.errors import ConflictError, InputError
from winback.store.queue import NAME
from winback.store.types import ReviewState
from workers.item import Item, open_item, person, same_person, undecided
from workers.services import Services

MINUTES, LONGEST = 10, 24 * 60


def claim_item(
    services: Services, review_id: int, by: str, minutes: int = MINUTES, *, take_over: bool = False
) -> Item:
    """Take an item in hand for so long; claiming it again prolongs it, deciding it lets go of it.

    Nobody else can decide it meanwhile, unless they take it over.

    Raises:
        InputError: there is no such item, or `minutes` are none.
        ConflictError: it was decided, or somebody else has it.
    """
    if not 1 <= minutes <= LONGEST:
        raise InputError(f"a claim of {minutes} minutes", fix=f"give 1 to {LONGEST}")
    now, by = services.clock.now(), person(by)
    with services.store.write("claim_item") as session:
        item = open_item(session, review_id, lock=True)
        row, holder = item.row, item.holder(now)
        if row.state != ReviewState.PENDING:
            raise ConflictError(f"queue item {review_id} is {row.state} by now", fix="nothing was changed")
        mine = holder is not None and same_person(holder, by)
        if holder is not None and not mine and not take_over:
            raise ConflictError(
                f"queue item {review_id} is in the hands of {holder} until {row.claimed_until:%H:%M} UTC",
                fix="ask them, wait, or take it over",
            )
        row.claimed_at = row.claimed_at if mine else now
        row.claimed_by, row.claimed_until = by, now + timedelta(minutes=minutes)
        session.flush()
        return item


def release(services: Services, review_id: int, by: str) -> None:
    """Let go of an item; nothing happens to one that this person does not hold."""
    with services.store.write("release") as session:
        row = open_item(session, review_id, lock=True).row
        if row.claimed_by is not None and same_person(row.claimed_by, by):
            row.claimed_by = row.claimed_at = row.claimed_until = None
            session.flush()


def hand_to(
    services: Services, review_id: int, shown_hash: str, by: str, to: str, *, version: str | None = None
) -> None:
    """Give an item to a colleague, who finds it among theirs; anybody may still decide it.

    Raises:
        InputError: nobody is named, or the name is too long.
        ConflictError: as `undecided`, or it is theirs already.
    """
    now, by, to = services.clock.now(), person(by), person(to)
    if len(to) > NAME:
        raise InputError(f"a name of {len(to)} characters", fix=f"use {NAME} at most")
    with services.store.write("hand_to") as session:
        item = undecided(session, services, review_id, shown_hash, by, version)
        row = item.row
        if row.assignee is not None and same_person(row.assignee, to):
            raise ConflictError(f"queue item {review_id} is {row.assignee}'s already", fix="nothing was changed")
        item.change("assignee", row.assignee, to, by, now)
        row.assignee = to
        row.claimed_by = row.claimed_at = row.claimed_until = None
        item.log(session, EntryKind.HANDED, now, by, more={"to": to})
