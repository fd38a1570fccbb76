"""What a policy may look at: everything it judges by is in here, and nothing else is.

Pure values. The workers gather them inside the transaction that acts; replay reads them back from
the decision log. No names, no addresses, no customer-written text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Moment = Literal["propose", "act"]
Consent = Literal["granted", "refused", "unknown"]
Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """The act under judgement. `value` is its goodwill in the company's currency."""

    tool: str
    channel: str
    purpose: str = "retention"
    catalogue_id: str | None = None
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    value: float = 0.0
    message_problems: tuple[str, ...] = ()


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
    """`value_per_month` and `zone` are None where the import did not say.

    `unit_key` is what the holdout is drawn by: the hexadecimal SHA-256 of the account's key in the
    imported usage. It is the same after an import into another database, and names nobody.
    """

    id: int
    unit_key: str
    plan: str | None = None
    value_per_month: float | None = None
    zone: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """`consent` is keyed by channel and purpose; a pair that is absent is unknown."""

    id: int
    language: str
    zone: str | None = None
    consent: Mapping[tuple[str, str], Consent] = field(default_factory=dict)
    unsubscribed: bool = False
    left: bool = False


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
    """One earlier effect on this account, sent or possibly sent, newest first in `Facts.history`.

    `at` is aware, in UTC.
    """

    at: datetime
    contact: int
    tool: str
    channel: str
    value: float = 0.0
    catalogue_id: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"naive datetime {self.at.isoformat()}: give it a zone")


@dataclass(frozen=True, slots=True)
class Facts:
    """One act, at one moment. Datetimes are aware, in UTC.

    `history` holds every earlier effect on this account, without the act under judgement. `counts`
    answers `Policy.counters`, by rule id: what only the database can count. `approved_by` names the
    person who approved this very act. `proposed_at` is needed at the moment of acting (`expires`),
    `operator_zone` by rules that speak of the operator's time zone.

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
    counts: Mapping[str, float] = field(default_factory=dict)
    approved_by: str | None = None
    proposed_at: datetime | None = None
    operator_zone: str | None = None

    def __post_init__(self) -> None:
        for moment in (self.now, self.proposed_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"naive datetime {moment.isoformat()}: give it a zone")


class MissingFactError(Exception):
    """A rule needs a fact that nobody gave: it takes its strictest effect."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)
