"""What passed between an account and us: contacts that reached it or may have, and what came back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from policies.facts import BY_HAND, Happening, PastContact
from policies.rejection import FOR_EVER
from winback.store.among import among
from winback.store.models import Account, Effect, Interaction, Proposal, Review
from winback.store.types import CUSTOMER, InteractionKind, ReviewState, UtcDateTime
from workers.counting import CONTACTED, OF_CONTACT

REMEMBERED = timedelta(days=366)
Past = tuple[tuple[PastContact, ...], tuple[Happening, ...]]


def _since(column: Any) -> Any:
    return col(column) >= bindparam("since", type_=UtcDateTime)


# Made once, as in `workers.situation`: every judgement needs them.
EFFECTS = (
    select(
        *(
            col(getattr(Effect, name))
            for name in ("account_id", "id", "intent_at", "contact_id", "tool", "medium", "value", "catalogue_id")
        )
    )
    .where(among(Effect.account_id, "accounts"), col(Effect.state).in_(CONTACTED), _since(Effect.intent_at))
    .where(col(Effect.part).in_(OF_CONTACT), col(Effect.audience) == CUSTOMER)
    .order_by(col(Effect.intent_at).desc(), col(Effect.id).desc())
)
TICKET_OPEN = and_(
    col(Interaction.kind) == InteractionKind.TICKET,
    or_(col(Interaction.closed_at).is_(None), _since(Interaction.closed_at)),
)
INTERACTIONS: Any = (
    sql_select(
        *(
            col(getattr(Interaction, name))
            for name in ("account_id", "contact_id", "kind", "channel", "at", "closed_at", "tool", "catalogue_id")
        )
    )
    .where(
        among(Interaction.account_id, "accounts"),
        col(Interaction.at) <= bindparam("now", type_=UtcDateTime),
        or_(_since(Interaction.at), TICKET_OPEN),
    )
    .order_by(col(Interaction.at).desc(), col(Interaction.id).desc())
)
LONG_AGO: Any = (
    sql_select(col(Effect.account_id))
    .where(among(Effect.account_id, "accounts"), col(Effect.state).in_(CONTACTED), ~_since(Effect.intent_at))
    .where(col(Effect.part).in_(OF_CONTACT), col(Effect.audience) == CUSTOMER)
    .union(
        sql_select(col(Interaction.account_id)).where(
            among(Interaction.account_id, "accounts"),
            col(Interaction.kind) == InteractionKind.MESSAGE,
            ~_since(Interaction.at),
        )
    )
)
OF_REJECTED: Any = (
    Review.account_id,
    Review.decided_at,
    Proposal.contact_id,
    Proposal.tool,
    Proposal.catalogue_id,
    Review.code,
)
REJECTED: Any = (
    sql_select(*OF_REJECTED)
    .join(Proposal, col(Review.proposal_id) == Proposal.id)
    .where(
        among(Review.account_id, "accounts"),
        col(Review.state) == ReviewState.REJECTED,
        col(Review.lifted_at).is_(None),
        or_(_since(Review.decided_at), col(Review.code).in_(FOR_EVER)),
    )
    .order_by(col(Review.decided_at).desc(), col(Review.id).desc())
)


def past_of(session: Session, account: Account, now: datetime, leaving_out: int | None = None) -> Past:
    """Contacts and happenings of the last 366 days, newest first; an open ticket and a no for good, however old.

    `leaving_out` is the effect under judgement.
    """
    return pasts_of(session, [account.id or 0], now, leaving_out)[account.id or 0]


def pasts_of(
    session: Session, accounts: Sequence[int], now: datetime, leaving_out: int | None = None
) -> dict[int, Past]:
    """The same for several accounts at once."""
    given = {"accounts": list(accounts), "since": now - REMEMBERED}
    contacts: dict[int, list[PastContact]] = {one: [] for one in accounts}
    happenings: dict[int, list[Happening]] = {one: [] for one in accounts}
    by_hand: dict[int, list[PastContact]] = {one: [] for one in accounts}
    rejected: dict[int, list[Happening]] = {one: [] for one in accounts}
    for account, effect, *row in session.exec(EFFECTS, params=given).all():
        if effect != leaving_out:
            contacts[account].append(_contact(*row))
    # What is written down for a later moment has not happened yet.
    for one in session.exec(INTERACTIONS, params={**given, "now": now}).all():
        if one.kind == InteractionKind.MESSAGE:
            by_hand[one.account_id].append(_by_hand(one))
        else:
            happenings[one.account_id].append(_happening(one))
    for account, at, contact, tool, catalogue_id, code in session.exec(REJECTED, params=given).all():
        if at is not None:
            rejected[account].append(Happening("rejected", at, contact, tool, catalogue_id, code=code))
    return {
        one: (_newest_first(contacts[one], by_hand[one]), _newest_first(happenings[one], rejected[one]))
        for one in accounts
    }


def long_ago_of(session: Session, accounts: Sequence[int], now: datetime) -> set[int]:
    """Those of these accounts with a contact that lies further back than `past_of` looks."""
    given = {"accounts": list(accounts), "since": now - REMEMBERED}
    return set(session.exec(LONG_AGO, params=given).scalars().all())


def _newest_first(some: list[Any], more: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted([*some, *more], key=lambda one: one.at, reverse=True)) if more else tuple(some)


def _contact(at: datetime, contact: int, tool: str, medium: str, value: float, catalogue_id: str) -> PastContact:
    return PastContact(at=at, contact=contact, tool=tool, channel=medium, value=value, catalogue_id=catalogue_id)


def _by_hand(one: Any) -> PastContact:
    return PastContact(at=one.at, contact=one.contact_id, tool=BY_HAND, channel=one.channel)


def _happening(one: Any) -> Happening:
    kind: Any = InteractionKind(one.kind).value
    return Happening(kind, one.at, one.contact_id, one.tool, one.catalogue_id, one.closed_at)
