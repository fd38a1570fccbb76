"""Approving several items of one kind at once: each is judged on its own, and none takes others with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from winback.errors import InputError, WinbackError
from workers.item import Item, open_item
from workers.review import approve
from workers.services import Services
from workers.undo import grace


@dataclass(frozen=True)
class Chosen:
    """An item as it was shown."""

    review: int
    shown_hash: str
    version: str | None = None


@dataclass(frozen=True)
class Result:
    """What came of one: when it is due, or why it was not approved."""

    review: int
    due_at: datetime | None
    problem: str | None

    @property
    def approved(self) -> bool:
        return self.problem is None


def approve_all(services: Services, chosen: Sequence[Chosen], by: str) -> list[Result]:
    """Approve each that can be; never one that costs money, nor one that two people must approve.

    Raises:
        InputError: they are too many, none, one twice, or not all of one tool and template: nothing was changed.
    """
    most = services.settings.console.bulk_most
    if not 1 <= len(chosen) <= most:
        raise InputError(f"{len(chosen)} items at once", fix=f"choose 1 to {most} (console.bulk_most)")
    if len({one.review for one in chosen}) < len(chosen):
        raise InputError("one item was chosen twice", fix="choose each once")
    with services.store.read() as session:
        items = {one.review: open_item(session, one.review) for one in chosen}
    kinds = {(one.proposal.tool, one.proposal.message.get("template")) for one in items.values()}
    if len(kinds) > 1:
        tools = ", ".join(sorted({tool for tool, _ in kinds}))
        raise InputError(
            f"the items are of several kinds ({tools})", fix="choose items of one tool and one template"
        )
    return [_one(services, one, items[one.review], by) for one in chosen]


def _one(services: Services, chosen: Chosen, item: Item, by: str) -> Result:
    """A proposal never changes, and a planted item copies all of these: what was read still holds."""
    if item.proposal.value > 0:
        return Result(chosen.review, None, "it costs money: approve it by itself")
    if item.review.verdict["people"] > 1:
        return Result(chosen.review, None, "two people must approve it: approve it by itself")
    try:
        due = approve(
            services, chosen.review, chosen.shown_hash, by, version=chosen.version, grace=grace(services)
        )
    except WinbackError as problem:
        return Result(chosen.review, None, str(problem))
    return Result(chosen.review, due, None)
