"""What passed between an account and us: contacts that reached it or may have, and what came back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_
from sqlmodel import Session, col, select

from policies.facts import BY_HAND, Happening, PastContact
from winback.store.models import Account, Effect, Interaction, Proposal, Review
from winback.store.types import InteractionKind, ReviewState, UtcDateTime
from workers.counting import CONTACTED, MEDIUM

REMEMBERED = timedelta(days=366)


def _since(column: Any) -> Any:
    return col(column) >= bindparam("since", type_=UtcDateTime)


# Made once, as in `workers.situation`: every judgement needs them.
EFFECTS = (
    select(
        *(
            col(getattr(Effect, name))
            for name in ("id", "intent_at", "contact_id", "tool", "value", "catalogue_id")
        )
    )
    .where(Effect.account_id == bindparam("account"), col(Effect.state).in_(CONTACTED), _since(Effect.intent_at))
    .order_by(col(Effect.intent_at).desc(), col(Effect.id).desc())
)
TICKET_OPEN = and_(
    col(Interaction.kind) == InteractionKind.TICKET,
    or_(col(Interaction.closed_at).is_(None), _since(Interaction.closed_at)),
)
INTERACTIONS = (
    select(Interaction)
    .where(
        Interaction.account_id == bindparam("account"),
        col(Interaction.at) <= bindparam("now", type_=UtcDateTime),
        or_(_since(Interaction.at), TICKET_OPEN),
    )
    .order_by(col(Interaction.at).desc(), col(Interaction.id).desc())
)
LONG_AGO = select(
    or_(
        exists().where(
            col(Effect.account_id) == bindparam("account"),
            col(Effect.state).in_(CONTACTED),
            ~_since(Effect.intent_at),
        ),
        exists().where(
            col(Interaction.account_id) == bindparam("account"),
            col(Interaction.kind) == InteractionKind.MESSAGE,
            ~_since(Interaction.at),
        ),
    )
)
REJECTED = (
    select(Review.decided_at, Proposal.contact_id, Proposal.tool, Proposal.catalogue_id)
    .join(Proposal, col(Review.proposal_id) == Proposal.id)
    .where(
        Proposal.account_id == bindparam("account"),
        Review.state == ReviewState.REJECTED,
        _since(Review.decided_at),
    )
    .order_by(col(Review.decided_at).desc(), col(Review.id).desc())
)


def past_of(
    session: Session, account: Account, now: datetime, leaving_out: int | None = None
) -> tuple[tuple[PastContact, ...], tuple[Happening, ...]]:
    """Contacts and happenings of the last 366 days, newest first; a ticket that is open, however old.

    `leaving_out` is the effect under judgement.
    """
    given = {"account": account.id, "since": now - REMEMBERED}
    # What is written down for a later moment has not happened yet.
    interactions = session.exec(INTERACTIONS, params={**given, "now": now}).all()
    contacts = [
        _contact(*row) for effect, *row in session.exec(EFFECTS, params=given).all() if effect != leaving_out
    ]
    by_hand = [_by_hand(one) for one in interactions if one.kind == InteractionKind.MESSAGE]
    happenings = [_happening(one) for one in interactions if one.kind != InteractionKind.MESSAGE]
    rejected = [
        Happening("rejected", at, contact, tool, catalogue_id)
        for at, contact, tool, catalogue_id in session.exec(REJECTED, params=given).all()
        if at is not None
    ]
    return _newest_first(contacts, by_hand), _newest_first(happenings, rejected)


def contacted_long_ago(session: Session, account: Account, now: datetime) -> bool:
    """Whether a contact lies further back than `past_of` looks."""
    return bool(session.exec(LONG_AGO, params={"account": account.id, "since": now - REMEMBERED}).one())


def _newest_first(some: list[Any], more: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted([*some, *more], key=lambda one: one.at, reverse=True)) if more else tuple(some)


def _contact(at: datetime, contact: int, tool: str, value: float, catalogue_id: str) -> PastContact:
    return PastContact(at=at, contact=contact, tool=tool, channel=MEDIUM, value=value, catalogue_id=catalogue_id)


def _by_hand(one: Interaction) -> PastContact:
    return PastContact(at=one.at, contact=one.contact_id, tool=BY_HAND, channel=one.channel)


def _happening(one: Interaction) -> Happening:
    kind: Any = InteractionKind(one.kind).value
    return Happening(kind, one.at, one.contact_id, one.tool, one.catalogue_id, one.closed_at)
