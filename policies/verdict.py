"""What a policy says of a proposal, with the result of every rule."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from policies.facts import Scalar

Mode = Literal["enforce", "shadow", "off"]
Saw = tuple[tuple[str, Scalar | None], ...]


class Decision(StrEnum):
    """deny > review > allow."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"


class RuleResult(NamedTuple):
    """One rule's word. `decision` is None where the rule has nothing to say of this act.

    `code` is a short stable word ("over_cap"), `saw` the numbers it went by; the sentence for a
    person is made from the two when it is read (`policies.words.explain`). `not_before` defers an
    act that is otherwise fine. A named tuple, because one is made per rule and evaluation and a
    frozen dataclass takes three times as long to make.
    """

    rule: str
    kind: str
    mode: Mode
    decision: Decision | None
    code: str
    saw: Saw = ()
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`not_before` is set when the act must wait for an open moment, and be judged again then."""

    decision: Decision
    results: tuple[RuleResult, ...]
    policy_hash: str
    not_before: datetime | None = None
