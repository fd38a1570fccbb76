"""What a policy says of a proposal, with the result of every rule."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from policies.facts import Scalar


class Decision(StrEnum):
    """deny > review > allow."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"


Mode = Literal["enforce", "shadow", "off"]


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's word. `decision` is None where the rule has nothing to say of this act.

    `code` is a short stable word ("over_cap"), `saw` the numbers it went by; the sentence for a
    person is made from the two when it is read. `not_before` defers an act that is otherwise fine.
    """

    rule: str
    kind: str
    mode: Mode
    decision: Decision | None
    code: str
    saw: tuple[tuple[str, Scalar | None], ...] = ()
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`not_before` is set when the act must wait for an open moment, and be judged again then."""

    decision: Decision
    results: tuple[RuleResult, ...]
    policy_hash: str
    not_before: datetime | None = None
