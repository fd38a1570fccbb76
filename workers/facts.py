"""Gathering what a policy judges by, inside the transaction that acts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from policies.facts import (
    AccountFacts,
    ActionFacts,
    AgentFacts,
    ConsentFacts,
    ConsentState,
    ContactFacts,
    DropFacts,
    Facts,
    Moment,
    consent_key,
)
from policies.policy import Policy
from policies.rules.holdout import draws_of
from winback.store.among import among
from winback.store.answers import Preference
from winback.store.models import Account, Contact
from winback.store.models import Consent as ConsentRow
from winback.usage.drop import Drop
from workers.counting import Counted
from workers.past import Past, long_ago_of, past_of

# Made once, as in `workers.situation`: every judgement needs it.
CONSENTS = select(
    *(col(getattr(ConsentRow, name)) for name in ("contact_id", "channel", "purpose", "state", "at", "source"))
).where(among(ConsentRow.contact_id, "contacts"))
WISHES = select(col(Preference.contact_id), col(Preference.topics), col(Preference.days_between)).where(
    among(Preference.contact_id, "contacts")
)


@dataclass(frozen=True)
class Subject:
    """Whom a decision is about, as the database has them now. `contact` is None when there is nobody."""

    account: Account
    contact: Contact | None
    drop: Drop
    recovered: bool = False


@dataclass(frozen=True)
class Wanted:
    """What a person allowed, and what they said they want."""

    consents: Sequence[Any]
    topics: tuple[str, ...]
    days_between: int | None


class Facing:
    """One account and contact as the database has them now, read once for all acts that are judged by it.

    `policies` are all that will judge: what any of them wants counted or drawn is. `leaving_out` is
    the effect under judgement: it does not count against itself. `past`, `wanted`, `counted` and
    `long_ago` save reading them again in the same transaction, `run_started_at` is when the run began that
    asks the model.
    """

    def __init__(
        self,
        session: Session,
        policies: Sequence[Policy],
        subject: Subject,
        now: datetime,
        operator_zone: str,
        *,
        leaving_out: int | None = None,
        past: Past | None = None,
        wanted: Wanted | None = None,
        counted: Counted | None = None,
        long_ago: bool | None = None,
        run_started_at: datetime | None = None,
    ) -> None:
        self._policies = policies
        self._now = now
        self._operator_zone = operator_zone
        self._run_started_at = run_started_at
        self._drop = drop_facts(subject)
        if long_ago is None:
            long_ago = bool(long_ago_of(session, [subject.account.id or 0], now))
        self._account = _account_facts(subject.account, long_ago=long_ago)
        self._contact = _contact_facts(session, subject.contact, wanted) if subject.contact else None
        self._history, self._happenings = past or past_of(session, subject.account, now, leaving_out)
        self._draws = draws_of({seed for one in policies for seed in one.seeds}, subject.account.key)
        self._counted = counted or Counted(session, leaving_out)

    def facts(
        self,
        action: ActionFacts,
        agent: AgentFacts,
        *,
        moment: Moment,
        proposed_at: datetime | None = None,
        approved_by: tuple[str, ...] = (),
    ) -> Facts:
        """All facts for one act, with what the policies want counted."""
        facts = Facts(
            now=self._now,
            moment=moment,
            action=action,
            drop=self._drop,
            account=self._account,
            contact=self._contact,
            agent=agent,
            history=self._history,
            happenings=self._happenings,
            draws=self._draws,
            approved_by=approved_by,
            proposed_at=proposed_at,
            operator_zone=self._operator_zone,
            run_started_at=self._run_started_at,
        )
        counts = self._counts(facts)
        return replace(facts, counts=counts) if counts else facts

    def _counts(self, facts: Facts) -> dict[str, float]:
        return {
            counter.name: self._counted.answer(counter)
            for policy in self._policies
            for counter in policy.counters(facts)
        }


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


def _account_facts(account: Account, *, long_ago: bool) -> AccountFacts:
    return AccountFacts(
        id=account.id or 0,
        plan=account.plan,
        value_per_month=account.value_per_month,
        zone=account.zone,
        region=account.region,
        tags=tuple(account.tags),
        contacted_long_ago=long_ago,
    )


def wanted_by(session: Session, contacts: Sequence[int]) -> dict[int, Wanted]:
    """What several people want, for `Facing`."""
    given = {"contacts": list(contacts)}
    consents: dict[int, list[Any]] = {one: [] for one in contacts}
    for contact, *said in session.exec(CONSENTS, params=given).all():
        consents[contact].append(said)
    wishes = {one: (tuple(topics), days) for one, topics, days in session.exec(WISHES, params=given).all()}
    return {one: Wanted(consents[one], *wishes.get(one, ((), None))) for one in contacts}


def _contact_facts(session: Session, contact: Contact, known: Wanted | None) -> ContactFacts:
    wanted = wanted_by(session, [contact.id or 0])[contact.id or 0] if known is None else known
    return ContactFacts(
        id=contact.id or 0,
        language=contact.language,
        zone=contact.zone,
        consent={consent_key(channel, purpose): _consent(*said) for channel, purpose, *said in wanted.consents},
        unsubscribed=contact.unsubscribed_at is not None,
        left=contact.left,
        topics_refused=wanted.topics,
        days_between=wanted.days_between,
    )


def _consent(state: str, on: str | None, source: str | None) -> ConsentFacts:
    """Where they said so is for people; the policy sees that somebody knows."""
    return ConsentFacts(_state(state), date.fromisoformat(on) if on else None, bool(source))


def _state(state: str) -> ConsentState:
    match state:
        case "granted":
            return "granted"
        case "refused":
            return "refused"
        case _:
            return "unknown"
