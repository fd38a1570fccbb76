"""Gathering what a policy judges by, inside the transaction that acts."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from policies.counter import Counter
from policies.facts import (
    AccountFacts,
    ActionFacts,
    AgentFacts,
    Consent,
    ContactFacts,
    DropFacts,
    Facts,
    Moment,
    PastContact,
)
from policies.policy import Policy
from winback.store.models import Account, Contact, Effect
from winback.store.models import Consent as ConsentRow
from winback.store.types import EffectState, UtcDateTime
from winback.usage.drop import Drop

MEDIUM = "email"
"""Both ways out carry mail: consent and kill switches speak of the medium, not of the transport."""

REMEMBERED = timedelta(days=366)
# What may have reached the customer counts as a contact: a cap that forgets it would let a second one out.
CONTACTED = (EffectState.IN_FLIGHT, EffectState.DONE, EffectState.UNKNOWN)


# Made once, as in `workers.situation`: every judgement needs them.
CONSENTS = select(ConsentRow.channel, ConsentRow.purpose, ConsentRow.state).where(
    ConsentRow.contact_id == bindparam("contact")
)
HISTORY = (
    select(
        *(
            col(getattr(Effect, name))
            for name in ("id", "intent_at", "contact_id", "tool", "value", "catalogue_id")
        )
    )
    .where(
        Effect.account_id == bindparam("account"),
        col(Effect.state).in_(CONTACTED),
        col(Effect.intent_at) > bindparam("since", type_=UtcDateTime),
    )
    .order_by(col(Effect.intent_at).desc(), col(Effect.id).desc())
)

Question = tuple[datetime, str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Subject:
    """Whom a decision is about, as the database has them now. `contact` is None when there is nobody."""

    account: Account
    contact: Contact | None
    drop: Drop
    recovered: bool = False


class Facing:
    """One account and contact as the database has them now, read once for all acts that are judged by it.

    `leaving_out` is the effect under judgement: it does not count against itself. `history` saves
    reading it again in the same transaction.
    """

    def __init__(
        self,
        session: Session,
        policy: Policy,
        subject: Subject,
        now: datetime,
        operator_zone: str,
        *,
        leaving_out: int | None = None,
        history: tuple[PastContact, ...] | None = None,
    ) -> None:
        self._session = session
        self._policy = policy
        self._leaving_out = leaving_out
        self._now = now
        self._operator_zone = operator_zone
        self._drop = drop_facts(subject)
        self._account = _account_facts(subject.account)
        self._contact = _contact_facts(session, subject.contact) if subject.contact else None
        known = history if history is not None else past_contacts(session, subject.account, now, leaving_out)
        self._history = known
        self._counted: dict[Question, float] = {}

    def facts(
        self,
        action: ActionFacts,
        agent: AgentFacts,
        *,
        moment: Moment,
        proposed_at: datetime | None = None,
        approved_by: str | None = None,
    ) -> Facts:
        """All facts for one act, with what the policy wants counted."""
        facts = Facts(
            now=self._now,
            moment=moment,
            action=action,
            drop=self._drop,
            account=self._account,
            contact=self._contact,
            agent=agent,
            history=self._history,
            approved_by=approved_by,
            proposed_at=proposed_at,
            operator_zone=self._operator_zone,
        )
        counters = self._policy.counters(facts)
        return replace(facts, counts={one.rule: self._count(one) for one in counters}) if counters else facts

    def _count(self, counter: Counter) -> float:
        """The same question is put to the database once, whichever rule and act ask it."""
        question = (counter.since, counter.what, counter.tools, counter.channels)
        if question not in self._counted:
            self._counted[question] = _count(self._session, counter, self._leaving_out)
        return self._counted[question]


def drop_facts(subject: Subject) -> DropFacts:
    """The case's drop, as the policy sees it."""
    drop = subject.drop
    return DropFacts(
        kind=drop.kind.value,
        feature=drop.limit_feature or (drop.drivers[0].feature if drop.drivers else None),
        lost_days=drop.lost_days,
        risk=drop.risk,
        recovered=subject.recovered,
    )


def unit_key(account: Account) -> str:
    """What the holdout is drawn by: the same in every database, and a name for nobody."""
    return hashlib.sha256(account.key.encode()).hexdigest()


def _account_facts(account: Account) -> AccountFacts:
    return AccountFacts(
        id=account.id or 0,
        unit_key=unit_key(account),
        plan=account.plan,
        value_per_month=account.value_per_month,
        zone=account.zone,
        tags=tuple(account.tags),
    )


def _contact_facts(session: Session, contact: Contact) -> ContactFacts:
    rows = session.exec(CONSENTS, params={"contact": contact.id}).all()
    states = {(channel, purpose): _consent(state) for channel, purpose, state in rows}
    return ContactFacts(
        id=contact.id or 0,
        language=contact.language,
        zone=contact.zone,
        consent=states,
        unsubscribed=contact.unsubscribed_at is not None,
        left=contact.left,
    )


def _consent(state: str) -> Consent:
    match state:
        case "granted":
            return "granted"
        case "refused":
            return "refused"
        case _:
            return "unknown"


def past_contacts(
    session: Session, account: Account, now: datetime, leaving_out: int | None = None
) -> tuple[PastContact, ...]:
    """What reached the account, or may have, in the last 366 days, newest first."""
    rows = session.exec(HISTORY, params={"account": account.id, "since": now - REMEMBERED}).all()
    return tuple(
        PastContact(at=at, contact=contact, tool=tool, channel=MEDIUM, value=value, catalogue_id=catalogue_id)
        for effect, at, contact, tool, value, catalogue_id in rows
        if at is not None and effect != leaving_out
    )


def _count(session: Session, counter: Counter, leaving_out: int | None) -> float:
    if counter.channels and MEDIUM not in counter.channels:
        return 0.0
    query = _counting(counter.what, counter.tools)
    return float(session.exec(query, params={"since": counter.since, "left_out": leaving_out or 0}).one())


@lru_cache(maxsize=256)
def _counting(what: str, tools: tuple[str, ...]) -> SelectOfScalar[Any]:
    """The statement that answers a counter. Effects are numbered from 1, so leaving out 0 leaves out none."""
    counted = func.coalesce(func.sum(Effect.value), 0.0) if what == "value" else func.count()
    query = select(counted).where(
        col(Effect.state).in_(CONTACTED),
        col(Effect.intent_at) >= bindparam("since", type_=UtcDateTime),
        col(Effect.id) != bindparam("left_out"),
    )
    return query.where(col(Effect.tool).in_(tools)) if tools else query
