"""What follows from a customer's answer: a plan granted and taken back, a call written into a calendar, a notice.

Each is an effect of its own, planned in the transaction of the answer, carried out like any other
(`workers.act`), and never a reason to contact somebody who has said stop.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from policies.evaluate import evaluate
from policies.facts import ActionFacts, AgentFacts
from policies.verdict import Decision
from winback.store.models import Account, Case, Contact, Effect
from winback.store.types import CUSTOMER, EMAIL, GRANT, IN_APP, NOTICE, TAKE_BACK, EffectState
from winback.usage.drop import drop_from_plain
from workers.facts import Facing, Subject
from workers.services import Services
from workers.trial import announced_at, end_of, grant_of

TO_PEOPLE = (EMAIL, IN_APP)
KILLED_WAIT = timedelta(hours=1)
"""How long until a kill switch is looked at again; one that rests is seen within this time."""
NOBODY = AgentFacts(source="person", model="")


@dataclass(frozen=True)
class Ready:
    """It may be done now."""


@dataclass(frozen=True)
class NotYet:
    """It must wait, and why."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Pointless:
    """It will never have to be done, and why."""

    reason: str


Standing = Ready | NotYet | Pointless


def follow(
    services: Services,
    parent: Effect,
    part: str,
    medium: str,
    due_at: datetime,
    payload: Mapping[str, Any],
    *,
    number: int = 0,
    audience: str = CUSTOMER,
) -> Effect:
    """The row of an act that follows from `parent`; `number` tells several of one part apart."""
    name = f"winback follow-up {parent.key} {part} {number}"
    return Effect(
        key=hashlib.sha256(name.encode()).hexdigest(),
        case_id=parent.case_id,
        proposal_id=parent.proposal_id,
        parent_id=parent.id,
        part=part,
        medium=medium,
        audience=audience,
        payload={**payload, "about": parent.key},
        action_hash=parent.action_hash,
        account_id=parent.account_id,
        contact_id=parent.contact_id,
        tool=parent.tool,
        catalogue_id=parent.catalogue_id,
        channel=services.way(medium).name,
        proposed_at=services.clock.now(),
        due_at=due_at,
    )


def standing(session: Session, services: Services, effect: Effect, now: datetime) -> Standing:
    """Whether a follow-up is to be done now, later or never."""
    contact = session.get_one(Contact, effect.contact_id)
    if (
        effect.audience == CUSTOMER
        and effect.medium in TO_PEOPLE
        and (reason := _unreachable(contact, effect.medium)) is not None
    ):
        return Pointless(reason)
    if contact.erased_at is not None and effect.part not in (GRANT, TAKE_BACK):
        return Pointless("the person was erased")
    if effect.part in (NOTICE, TAKE_BACK) and (wait := _of_grant(session, effect, now)) is not None:
        return wait
    if _killed(session, services, effect, contact, now):
        return NotYet(now + KILLED_WAIT, "a kill switch is engaged")
    return Ready()


def _unreachable(contact: Contact, medium: str) -> str | None:
    if contact.unsubscribed_at is not None:
        return "they said stop"
    if contact.left or contact.erased_at is not None:
        return "the contact is gone"
    return "there is no address" if medium == EMAIL and not contact.email else None


def _of_grant(session: Session, effect: Effect, now: datetime) -> Standing | None:
    """What was never granted is not taken back; what may have been is, when its days are over.

    One that failed may be sent again by a person, whenever they come to it: then its days begin.
    """
    grant = grant_of(session, effect.parent_id)
    if grant is None or grant.state == EffectState.LAPSED:
        return Pointless("nothing was granted")
    end = end_of(grant, now)
    due = end if effect.part == TAKE_BACK else announced_at(grant, end)
    if now < due:
        return NotYet(due, "its days count from when it is granted")
    if grant.state not in (EffectState.DONE, EffectState.UNKNOWN):
        return NotYet(max(now, grant.due_at) + KILLED_WAIT, "the grant itself is still on its way")
    return None


def _killed(session: Session, services: Services, effect: Effect, contact: Contact, now: datetime) -> bool:
    """Whether a kill switch that is in force speaks of this act."""
    account, case = session.get_one(Account, effect.account_id), session.get_one(Case, effect.case_id)
    subject = Subject(account=account, contact=contact, drop=drop_from_plain(case.drop))
    facing = Facing(session, (services.policy,), subject, now, services.settings.company.zone)
    action = ActionFacts(tool=effect.tool, channel=effect.medium, catalogue_id=effect.catalogue_id)
    verdict = evaluate(services.policy, facing.facts(action, NOBODY, moment="act", proposed_at=effect.proposed_at))
    return any(
        form.kind == "kill_switch" and form.mode == "enforce" and form.decision is Decision.DENY
        for form, _, _ in verdict.said
    )
