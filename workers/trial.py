"""The days of a trial: they count from when its grant goes, and all that follows from their end asks here.

What a connector was told stands in the grant's payload. Its `until` is part of the trial's name: it changes
only while it is certain that nothing has arrived.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from prompts.message import render_message
from tools.reason import zone_where
from winback.store.models import Account, Contact, Effect
from winback.store.types import GRANT, NOTICE, TAKE_BACK, EffectState
from workers.services import Services

NOTICE_BEFORE = timedelta(days=3)
SHORT = timedelta(days=7)
"""A trial this short is not announced days ahead: the notice comes a day before."""
LATE = timedelta(hours=1)
"""A grant that goes within this time keeps the end that was told when it was accepted."""
NOT_THERE = (EffectState.PENDING, EffectState.FAILED)
"""States of a grant of which certainly nothing has arrived so far, and which may go yet."""


def grant_of(session: Session, parent_id: int | None) -> Effect | None:
    """The granting that followed from an act, if any did."""
    return session.exec(select(Effect).where(Effect.parent_id == parent_id, Effect.part == GRANT)).first()


def end_of(grant: Effect, now: datetime) -> datetime:
    """When the trial ends: as the connector was told, or as it would be if the grant went now."""
    told = datetime.fromisoformat(grant.payload["until"])
    anew = now + timedelta(days=grant.payload["days"])
    return anew if grant.state in NOT_THERE and anew - told > LATE else told


def announced_at(grant: Effect, end: datetime) -> datetime:
    """When the notice of an end goes out."""
    days = timedelta(days=grant.payload["days"])
    return end - (NOTICE_BEFORE if days > SHORT else timedelta(days=1))


def begin(grant: Effect, now: datetime) -> None:
    """The grant goes now, or a person says that it has gone: its days count from here."""
    grant.payload = {**grant.payload, "until": end_of(grant, now).isoformat()}


def take_terms(session: Session, services: Services, effect: Effect, now: datetime) -> None:
    """Give an act its end, for the first time or after it certainly did not go: then it is as the grant has it."""
    if effect.state != EffectState.PENDING:
        return
    if effect.part == GRANT:
        begin(effect, now)
        return
    grant = grant_of(session, effect.parent_id)
    if grant is not None and effect.part == TAKE_BACK:
        effect.payload = grant.payload
    if grant is not None and effect.part == NOTICE:
        effect.payload = {**effect.payload, "message": _notice(session, services, effect, grant)}


def _notice(session: Session, services: Services, effect: Effect, grant: Effect) -> dict[str, Any]:
    account, contact = session.get_one(Account, effect.account_id), session.get_one(Contact, effect.contact_id)
    company = services.settings.company
    end = end_of(grant, services.clock.now())
    values = {
        "name": contact.name,
        "owner": account.owner_name or company.name,
        "plan": _plan(services, grant.payload["plan"]),
        "current_plan": _plan(services, grant.payload["from_plan"]),
        "days": grant.payload["days"],
        "until": end.astimezone(zone_where(contact.zone, account.zone, company)).date(),
    }
    message = render_message(
        "trial_ends", contact.language.partition("-")[0].lower(), values, {}, company,
        pages=services.links is not None, medium=effect.medium,
    )  # fmt: skip
    return asdict(message)


def _plan(services: Services, plan: str) -> dict[str, str]:
    """Its name in every language; one that the catalogue has no more goes by its id."""
    found = services.catalogue.plan(plan)
    return found.name if found else {"en": plan}


def waiting(session: Session, grant: Effect) -> list[Effect]:
    """The notice and the taking back that still wait for a grant; nobody else changes them meanwhile."""
    query = select(Effect).where(
        Effect.parent_id == grant.parent_id,
        col(Effect.part).in_((NOTICE, TAKE_BACK)),
        Effect.state == EffectState.PENDING,
    )
    return list(session.exec(query.order_by(col(Effect.id)).with_for_update()).all())
