"""Two ways of acting that look right and are not: what `faults.py` must find, and what ours is held against."""

from datetime import timedelta

from sqlalchemy import or_
from sqlmodel import col, select

from tools.channels.channel import Parcel
from winback.decisions.steps import Steps
from winback.store.models import Account, Case, Contact, Effect, Proposal
from winback.store.types import EMAIL, EffectState
from winback.usage.drop import drop_from_plain
from workers.acted import log_done
from workers.compose import parcel_of
from workers.services import Services


def mark_after(services: Services) -> bool:
    """Take a lease, call, then mark as done: who dies between the two leaves no trace of the call."""
    return _act(services, ask=False)


def ask_first(services: Services) -> bool:
    """The same, but ask the receiver whether an earlier call arrived: who only sleeps may still make it."""
    return _act(services, ask=services.way(EMAIL).capability != "blind")


def _act(services: Services, *, ask: bool) -> bool:
    taken = _take(services)
    if taken is None:
        return False
    parcel, again = taken
    receipt = services.way(EMAIL).lookup(parcel.key) if ask and again else None
    receipt = receipt or services.way(EMAIL).send(parcel)
    now = services.clock.now()
    with services.store.write("benchmark") as session:
        effect = session.exec(select(Effect).where(Effect.key == parcel.key).with_for_update()).one()
        if effect.state == EffectState.PENDING:
            effect.state, effect.receipt, effect.done_at = EffectState.DONE, receipt.to_plain(), now
            steps = Steps(session)
            log_done(steps, effect, session.get_one(Contact, effect.contact_id).salt, receipt.to_plain(), now)
            steps.flush()
    return True


def _take(services: Services) -> tuple[Parcel, bool] | None:
    """The oldest effect that nobody has a lease of, and whether somebody had one before."""
    now = services.clock.now()
    free = or_(col(Effect.lease_until).is_(None), col(Effect.lease_until) <= now)
    query = select(Effect).where(Effect.state == EffectState.PENDING, free).order_by(col(Effect.id)).limit(1)
    with services.store.write("benchmark") as session:
        effect = session.exec(query.with_for_update(skip_locked=True)).first()
        if effect is None:
            return None
        again = effect.lease_until is not None
        effect.lease_until = now + timedelta(seconds=services.settings.worker.lease_seconds)
        proposal, case = session.get_one(Proposal, effect.proposal_id), session.get_one(Case, effect.case_id)
        account, contact = session.get_one(Account, effect.account_id), session.get_one(Contact, effect.contact_id)
        session.flush()
        whom = (account, contact, drop_from_plain(case.drop))
        return parcel_of(services, effect, proposal, whom, now), again
