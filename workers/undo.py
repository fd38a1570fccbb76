"""Taking back what was said of a queue item, as long as nothing has left."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from winback.decisions.action import effect_key
from winback.decisions.kind import EntryKind
from winback.errors import ConflictError
from winback.store.models import Case, Effect, Review
from winback.store.types import CaseState, EffectState, ReviewState
from workers.item import Item, open_item, person
from workers.services import Services

TAKEN_BACK = "the approval was taken back"


def grace(services: Services) -> timedelta:
    """How long an approval rests before it is due, where it can be taken back with one click."""
    return timedelta(seconds=services.settings.console.undo_seconds)


def undo(services: Services, review_id: int, by: str) -> None:
    """Take back an approval (the first of two as well) or a rejection: the item waits again, until its old end.

    Raises:
        InputError: there is no such item.
        ConflictError: the effect has left, or is about to; or there is nothing to take back.
    """
    now, by = services.clock.now(), person(by)
    with services.store.write("undo") as session:
        item = open_item(session, review_id, lock=True)
        row, review = item.row, item.review
        was = row.state
        effect = None
        match was:
            case ReviewState.APPROVED if item.planted is None:
                effect = _effect(session, item)
            case ReviewState.REJECTED if item.planted is None:
                _still_rests(session, item)
            case ReviewState.PENDING if review.first_approved_by is not None:
                item.change("first_approved_by", review.first_approved_by, None, by, now)
                review.first_approved_by = None
                item.log(session, EntryKind.UNDONE, now, by, more={"undid": EntryKind.FIRST_APPROVED})
                return
            case ReviewState.APPROVED | ReviewState.REJECTED:
                _soon(services, item, now)
            case _:
                raise ConflictError(f"queue item {review_id} is {was}: nothing to take back", fix="see the log")
        row.state, row.decided_at, row.decided_by, row.took_seconds = ReviewState.PENDING, None, None, None
        if item.planted is not None:
            item.planted.code = None
            session.flush()
            return
        review.code, review.note, review.lifted_at, review.lifted_by = None, "", None, None
        item.change("state", was, ReviewState.PENDING.value, by, now)
        item.log(
            session, EntryKind.UNDONE, now, by, (CaseState.ACTING, CaseState.WATCHING),
            {"undid": was, **({"effect": effect.key} if effect else {})},
            state=CaseState.IN_REVIEW, next_at=None,
        )  # fmt: skip


def _effect(session: Session, item: Item) -> Effect:
    """The effect of an approval, taken back.

    Raises:
        ConflictError: it is not waiting any more.
    """
    key = effect_key(item.review.case_id, item.review.action_hash)
    # A worker locks the effect before it intends it: whoever is first has it.
    effect = session.exec(select(Effect).where(Effect.key == key).with_for_update()).first()
    if effect is None or effect.state != EffectState.PENDING:
        state = effect.state if effect else "not there"
        raise ConflictError(
            f"queue item {item.review.id} cannot be taken back: it has left (its effect is {state})",
            fix="see the log",
        )
    effect.state, effect.problem = EffectState.LAPSED, TAKEN_BACK
    effect.approved_by = effect.first_approved_by = None
    return effect


def _still_rests(session: Session, item: Item) -> None:
    """Raises ConflictError when something has happened in the case since it was rejected."""
    case = session.get_one(Case, item.review.case_id, with_for_update=True, populate_existing=True)
    later = session.exec(
        select(Review.id).where(Review.case_id == case.id, col(Review.id) > item.review.id).limit(1)
    ).first()
    if case.state != CaseState.WATCHING or case.next_at is not None or later is not None:
        raise ConflictError(
            f"queue item {item.review.id} cannot be taken back: its case went on", fix="see the log"
        )


def _soon(services: Services, item: Item, now: datetime) -> None:
    """A planted item can be taken back as long as an effect would have rested."""
    at = item.row.decided_at
    if at is None or at + grace(services) <= now:
        raise ConflictError(f"queue item {item.review.id} cannot be taken back: it has left", fix="see the log")
