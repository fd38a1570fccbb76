"""Filters of the queue that somebody keeps under a name."""

from sqlmodel import Session, col, select

from winback.errors import InputError
from winback.store.queue import NAME, SavedView
from workers.item import person
from workers.queue_list import Filters
from workers.services import Services

MOST = 50
"""Views of one person."""


def save_view(services: Services, by: str, name: str, filters: Filters) -> None:
    """Keep filters under a name; what was under it before is replaced.

    Raises:
        InputError: the name is none, or there are too many.
    """
    by, name = person(by), " ".join(name.split())
    if not name or len(name) > NAME:
        raise InputError(f"a name of {len(name)} characters", fix=f"use 1 to {NAME}")
    with services.store.write("save_view") as session:
        kept = session.get(SavedView, (by, name), with_for_update=True)
        if kept is None:
            if len(views_of(session, by)) >= MOST:
                raise InputError(f"{by} has {MOST} saved views", fix="delete one of them first")
            kept = SavedView(person=by, name=name, at=services.clock.now())
        kept.filters, kept.at = filters.to_plain(), services.clock.now()
        session.add(kept)
        session.flush()


def drop_view(services: Services, by: str, name: str) -> None:
    """Forget one; nothing happens where there is none."""
    with services.store.write("drop_view") as session:
        kept = session.get(SavedView, (person(by), name), with_for_update=True)
        if kept is not None:
            session.delete(kept)
            session.flush()


def views_of(session: Session, by: str) -> dict[str, Filters]:
    """Those of one person, by name."""
    rows = session.exec(
        select(SavedView).where(SavedView.person == person(by)).order_by(col(SavedView.name))
    ).all()
    return {one.name: Filters.from_plain(one.filters) for one in rows}
