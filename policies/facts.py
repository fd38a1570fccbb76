"""What a policy may look at: everything it judges by is in here, and nothing else is.

Pure values. The workers gather them inside the transaction that acts; replay reads them back from
the decision log. No names, no addresses, no customer-written text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Moment = Literal["propose", "act"]
ConsentState = Literal["granted", "refused", "unknown"]
HappeningKind = Literal["reply", "complaint", "bounce", "refusal", "ticket", "rejected"]
RejectCode = Literal["not_now", "wrong_tool", "wrong_person", "wrong_words", "already_in_touch", "never_contact"]
Audience = Literal["customer", "colleague"]
Scalar = str | int | float | bool
RETENTION = "retention"
"""The purpose of every act."""
BY_HAND = "by_hand"
"""The tool of a contact that a person made outside Winback."""


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """The act under judgement. `value` is its goodwill in the company's currency.

    `audience` is who gets it: the customer, or a colleague of the operator's.
    """

    tool: str
    channel: str
    purpose: str = RETENTION
    catalogue_id: str | None = None
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    value: float = 0.0
    message_problems: tuple[str, ...] = ()
    audience: Audience = "customer"


@dataclass(frozen=True, slots=True)
class DropFacts:
    """`kind` is a value of `winback.usage.drop.DropKind`; `recovered`: usage is back in its band."""

    kind: str
    feature: str | None
    lost_days: float
    risk: float
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """None where the import did not say. `region` is an ISO 3166-1 or 3166-2 code such as IN or DE-BY.

    `contacted_long_ago`: somebody there was contacted before the time that `Facts.history` reaches back to.
    """

    id: int
    plan: str | None = None
    value_per_month: float | None = None
    zone: str | None = None
    region: str | None = None
    tags: tuple[str, ...] = ()
    contacted_long_ago: bool = False


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """What a person said, on which day, and whether it is known where."""

    state: ConsentState
    on: date | None = None
    sourced: bool = False


def consent_key(channel: str, purpose: str) -> str:
    """The name of what was agreed to, such as email/retention."""
    return f"{channel}/{purpose}"


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """`consent` is keyed by `consent_key` of channel and purpose; a pair that is absent is unknown.

    `topics_refused` are tools that they do not want to hear of; with `days_between` they want at most one
    contact in so many days.
    """

    id: int
    language: str
    zone: str | None = None
    consent: Mapping[str, ConsentFacts] = field(default_factory=dict)
    unsubscribed: bool = False
    left: bool = False
    topics_refused: tuple[str, ...] = ()
    days_between: int | None = None


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """Who chose. `failure` is set when the model gave no usable choice."""

    source: Literal["model", "playbook", "person"]
    model: str
    embedded: bool = False
    confidence: float | None = None
    untrusted_text: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class PastContact:
    """One earlier contact with this account, sent or possibly sent, newest first in `Facts.history`.

    `at` is aware, in UTC. What a person of ours sent or said outside Winback has the tool `BY_HAND`.
    """

    at: datetime
    contact: int | None
    tool: str
    channel: str
    value: float = 0.0
    catalogue_id: str | None = None

    def __post_init__(self) -> None:
        _check_aware(self.at)


@dataclass(frozen=True, slots=True)
class Happening:
    """What came back from this account, or was said of it: newest first in `Facts.happenings`.

    `contact`, `tool` and `catalogue_id` are None where nobody knows. A ticket is open until `closed_at`.
    "rejected": a reviewer said no to a proposal for this account, with a `code` of `policies.rejection`; None in
    what was written down before there was one.
    """

    kind: HappeningKind
    at: datetime
    contact: int | None = None
    tool: str | None = None
    catalogue_id: str | None = None
    closed_at: datetime | None = None
    code: RejectCode | None = None

    def __post_init__(self) -> None:
        _check_aware(self.at, self.closed_at)


@dataclass(frozen=True, slots=True)
class Facts:
    """One act, at one moment. Datetimes are aware, in UTC.

    `history` holds the contacts with this account in the last 366 days, without the act under judgement, and
    `happenings` what happened in them; of older things only those that hold something back to this day. `counts`
    answers `Policy.counters`, by their names: what only the database can count. `draws` is where in
    [0, 1) the account falls for each seed of `Policy.seeds`. `approved_by` names the people who
    approved this very act. `proposed_at` is needed at the moment of acting (`expires`),
    `operator_zone` by rules that speak of the operator's time zone, `run_started_at` by budgets per run.

    Raises:
        ValueError: a datetime carries no zone.
    """

    now: datetime
    moment: Moment
    action: ActionFacts
    drop: DropFacts
    account: AccountFacts
    contact: ContactFacts | None
    agent: AgentFacts
    history: tuple[PastContact, ...] = ()
    happenings: tuple[Happening, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)
    draws: Mapping[str, float] = field(default_factory=dict)
    approved_by: tuple[str, ...] = ()
    proposed_at: datetime | None = None
    operator_zone: str | None = None
    run_started_at: datetime | None = None

    def __post_init__(self) -> None:
        _check_aware(self.now, self.proposed_at, self.run_started_at)


def _check_aware(*moments: datetime | None) -> None:
    for moment in moments:
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"naive datetime {moment.isoformat()}: give it a zone")


class MissingFactError(Exception):
    """A rule needs a fact that nobody gave: it takes its strictest effect."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)
