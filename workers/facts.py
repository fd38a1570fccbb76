"""Gathering what a policy judges by, inside the transaction that acts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import bindparam
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
    Happening,
    Moment,
    PastContact,
    consent_key,
)
from policies.policy import Policy
from policies.rules.holdout import draws_of
from winback.store.answers import Preference
from winback.store.models import Account, Contact
from winback.store.models import Consent as ConsentRow
from winback.usage.drop import Drop
from workers.counting import count
from workers.past import past_of

# Made once, as in `workers.situation`: every judgement needs it.
CONSENTS = select(
    *(col(getattr(ConsentRow, name)) for name in ("channel", "purpose", "state", "at", "source"))
).where(ConsentRow.contact_id == bindparam("contact"))
WISHES = select(col(Preference.topics), col(Preference.days_between)).where(
    Preference.contact_id == bindparam("contact")
)
Past = tuple[tuple[PastContact, ...], tuple[Happening, ...]]


@dataclass(frozen=True)
class Subject:
    """Whom a decision is about, as the database has them now. `contact` is None when there is nobody."""

    account: Account
    contact: Contact | None
    drop: Drop
    recovered: bool = False


class Facing:
    """One account and contact as the database has them now, read once for all acts that are judged by it.

    `policies` are all that will judge: what any of them wants counted or drawn is. `leaving_out` is
    the effect under judgement: it does not count against itself. `past` saves reading it again in the
    same transaction, `run_started_at` is when the run began that asks the model.
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
        run_started_at: datetime | None = None,
    ) -> None:
        self._session = session
        self._policies = policies
        self._leaving_out = leaving_out
        self._now = now
        self._operator_zone = operator_zone
        self._run_started_at = run_started_at
        self._drop = drop_facts(subject)
        self._account = _account_facts(subject.account)
        self._contact = _contact_facts(session, subject.contact) if subject.contact else None
        self._history, self._happenings = past or past_of(session, subject.account, now, leaving_out)
        self._draws = draws_of({seed for one in policies for seed in one.seeds}, subject.account.key)
        self._counted: dict[tuple[str, datetime], float] = {}

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
        """The same question is put to the database once, whichever policy, rule and act ask it."""
        counts: dict[str, float] = {}
        for policy in self._policies:
            for counter in policy.counters(facts):
                asked = (counter.name, counter.since)
                if asked not in self._counted:
                    self._counted[asked] = count(self._session, counter, self._leaving_out)
                counts[counter.name] = self._counted[asked]
        return counts


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


def _account_facts(account: Account) -> AccountFacts:
    return AccountFacts(
        id=account.id or 0,
        plan=account.plan,
        value_per_month=account.value_per_month,
        zone=account.zone,
        region=account.region,
        tags=tuple(account.tags),
    )


def _contact_facts(session: Session, contact: Contact) -> ContactFacts:
    rows = session.exec(CONSENTS, params={"contact": contact.id}).all()
    wishes = session.exec(WISHES, params={"contact": contact.id}).first()
    topics, days_between = wishes or ((), None)
    return ContactFacts(
        id=contact.id or 0,
        language=contact.language,
        zone=contact.zone,
        consent={consent_key(channel, purpose): _consent(*said) for channel, purpose, *said in rows},
        unsubscribed=contact.unsubscribed_at is not None,
        left=contact.left,
        topics_refused=tuple(topics),
        days_between=days_between,
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
