"""What passed between an account and us outside the effects, written down by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from winback.clock import aware
from winback.decisions.kind import EntryKind
from winback.decisions.log import append
from winback.errors import ConflictError, InputError
from winback.spelling import did_you_mean
from winback.store.models import Account, Effect, Interaction
from winback.store.people import contacts_like
from winback.store.types import CUSTOMER, EffectState, InteractionKind
from winback.usage.person_fields import CHANNEL
from workers.services import Services

ANSWERS = (InteractionKind.REPLY, InteractionKind.COMPLAINT, InteractionKind.BOUNCE, InteractionKind.REFUSAL)
"""What an effect may have brought about."""
ARRIVED = (EffectState.IN_FLIGHT, EffectState.DONE, EffectState.UNKNOWN)
"""What reached them, or may have."""
ACCOUNT = "account:"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of an interaction; without a contact, the account as a whole."""

    account_id: int
    contact_id: int | None = None


def find_party(services: Services, who: str) -> Party:
    """The one contact with this address or key, or the account of `account:KEY`.

    Raises:
        InputError: nobody, or several.
    """
    with services.store.read() as session:
        if who.startswith(ACCOUNT):
            key = who.removeprefix(ACCOUNT)
            account = session.exec(select(Account).where(Account.key == key)).first()
            if account is None:
                raise InputError("no account has this key", where=repr(key), fix="check it in your people file")
            return Party(account.id or 0)
        found = contacts_like(session, who)
    if not found:
        raise InputError(
            "no contact has this address or key", where=repr(who), fix="check it, or write account:KEY"
        )
    if len(found) > 1:
        raise InputError(
            f"{len(found)} contacts have this address or key", where=repr(who), fix="name the one by its key,"
            " or write account:KEY",
        )  # fmt: skip
    return Party(found[0].account_id, found[0].id)


def record(
    services: Services,
    party: Party,
    kind: InteractionKind,
    at: datetime,
    by: str,
    *,
    channel: str = "email",
    tool: str | None = None,
    catalogue_id: str | None = None,
    closed_at: datetime | None = None,
    note: str = "",
) -> int:
    """Write an interaction down, with its entry in the log; returns its number.

    What answers an effect is tied to the newest one to that contact at or before `at`. Nothing follows
    by itself: a complaint is no unsubscribe.

    Raises:
        InputError: a moment in the future, an unknown offer, tool or channel, or one that is missing.
    """
    with services.store.write("record") as session:
        return record_in(
            session, services, party, kind, at, by, channel=channel, tool=tool, catalogue_id=catalogue_id,
            closed_at=closed_at, note=note,
        )  # fmt: skip


def record_in(
    session: Session,
    services: Services,
    party: Party,
    kind: InteractionKind,
    at: datetime,
    by: str,
    *,
    channel: str = "email",
    tool: str | None = None,
    catalogue_id: str | None = None,
    closed_at: datetime | None = None,
    note: str = "",
    effect: Effect | None = None,
) -> int:
    """As `record`, in the caller's transaction. `effect`: the very one that this answers, where that is known."""
    now = services.clock.now()
    _check_moments(kind, aware(at), aware(closed_at) if closed_at else None, now)
    _check_names(services, kind, channel, tool, catalogue_id)
    effect = effect or _answered(session, party, kind, at, tool, catalogue_id)
    row = Interaction(
        account_id=party.account_id,
        contact_id=party.contact_id,
        kind=kind,
        channel=channel,
        at=at,
        closed_at=closed_at,
        tool=tool or (effect.tool if effect else None),
        catalogue_id=catalogue_id,
        effect_id=effect.id if effect else None,
        by=by,
        note=note,
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    append(session, EntryKind.RECORDED, now, _body(row, kind.value, at))
    return row.id or 0


def close_ticket(services: Services, number: int, by: str, at: datetime) -> None:
    """Write down that a ticket was closed.

    Raises:
        InputError: there is no such ticket, or `at` is in the future or before it was opened.
        ConflictError: it was closed before.
    """
    now = services.clock.now()
    with services.store.write("close_ticket") as session:
        row = session.get(Interaction, number, with_for_update=True, populate_existing=True)
        if row is None or row.kind != InteractionKind.TICKET:
            raise InputError(f"there is no ticket {number}", fix="see 'winback contact list'")
        if row.closed_at is not None:
            raise ConflictError(
                f"ticket {number} was closed at {row.closed_at:%Y-%m-%d %H:%M} UTC", fix="nothing was changed"
            )
        _check_moments(InteractionKind.TICKET, row.at, aware(at), now)
        row.closed_at = at
        session.flush()
        append(session, EntryKind.RECORDED, now, {**_body(row, "ticket_closed", at), "by": by})


def _body(row: Interaction, what: str, at: datetime) -> dict[str, Any]:
    return {
        "interaction": row.id,
        "what": what,
        "account": row.account_id,
        "contact": row.contact_id,
        "happened_at": at,
    }


def _check_moments(kind: InteractionKind, at: datetime, closed_at: datetime | None, now: datetime) -> None:
    for one in (at, closed_at):
        if one is not None and one > now:
            raise InputError(
                f"{one:%Y-%m-%d %H:%M} UTC is in the future", where="--at", fix="give a moment that has been"
            )
    if closed_at is None:
        return
    if kind is not InteractionKind.TICKET:
        raise InputError(f"a {kind.value} cannot be closed", fix="only a ticket can")
    if closed_at < at:
        raise InputError(f"it was opened later, at {at:%Y-%m-%d %H:%M} UTC", where="--at", fix="give a later one")


def _check_names(
    services: Services, kind: InteractionKind, channel: str, tool: str | None, catalogue_id: str | None
) -> None:
    if (catalogue_id is not None) != (kind is InteractionKind.REFUSAL):
        fix = "name it with --offer" if catalogue_id is None else "leave --offer out, or record a refusal"
        raise InputError("a refusal is of an offer, and nothing else is", where="--offer", fix=fix)
    if not CHANNEL.fullmatch(channel):
        raise InputError(f"{channel!r} is no channel", where="--channel", fix="write one such as email or phone")
    if catalogue_id is not None:
        _check_known("--offer", catalogue_id, services.catalogue.ids())
    if tool is not None:
        _check_known("--tool", tool, services.registry.tool_names())


def _check_known(where: str, name: str, known: Iterable[str]) -> None:
    if name not in set(known):
        hint = did_you_mean(name, known) or f"known are {', '.join(sorted(known))}"
        raise InputError(f"{name!r} is not known", where=where, fix=hint)


def _answered(
    session: Session, party: Party, kind: InteractionKind, at: datetime, tool: str | None, offer: str | None
) -> Effect | None:
    """The newest effect to that contact that this can be the answer to."""
    if kind not in ANSWERS or party.contact_id is None:
        return None
    query = select(Effect).where(
        Effect.contact_id == party.contact_id,
        col(Effect.state).in_(ARRIVED),
        Effect.audience == CUSTOMER,
        col(Effect.intent_at) <= at,
        or_(tool is None, Effect.tool == tool),
        or_(offer is None, Effect.catalogue_id == offer),
    )
    return session.exec(query.order_by(col(Effect.intent_at).desc(), col(Effect.id).desc()).limit(1)).first()


def interactions_of(session: Session, party: Party) -> list[Interaction]:
    """What was written down of a contact, or of everybody at an account, oldest first."""
    query = select(Interaction).where(Interaction.account_id == party.account_id)
    if party.contact_id is not None:
        query = query.where(Interaction.contact_id == party.contact_id)
    return list(session.exec(query.order_by(col(Interaction.at), col(Interaction.id))).all())
