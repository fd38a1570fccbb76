"""What a policy says of a proposal, with the result of every rule."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from policies.facts import Scalar

Mode = Literal["enforce", "shadow", "off"]
Saw = tuple[tuple[str, Scalar | None], ...]


class Decision(StrEnum):
    """deny > review > allow."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"


WEIGHT = {None: 0, Decision.ALLOW: 0, Decision.REVIEW: 1, Decision.DENY: 2}


@dataclass(frozen=True, slots=True)
class Form:
    """All of a rule's word that does not change from act to act; made when the rule is compiled.

    `code` is a short stable word ("over_cap"), `names` the numbers it goes by, `people` how many must
    approve where it asks for review. `weight` is what the word counts for: nothing in a rule that is
    not in force.
    """

    rule: str
    kind: str
    mode: Mode
    decision: Decision | None
    code: str
    names: tuple[str, ...] = ()
    people: int = field(default=1, compare=False)
    weight: int = field(init=False, compare=False)
    head: tuple[object, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", WEIGHT[self.decision] if self.mode == "enforce" else 0)
        decision = None if self.decision is None else self.decision.value
        object.__setattr__(self, "head", (self.rule, self.kind, self.mode, decision, self.code, self.names))


Said: TypeAlias = tuple[Form, tuple[Scalar | None, ...], datetime | None]
"""One rule's word on one act: its form, a value for each of the form's names, and a moment to wait for.

A bare tuple, because one is made per rule and evaluation; `RuleResult` is made of it when somebody reads.
"""


class RuleResult(NamedTuple):
    """One rule's word. `decision` is None where the rule has nothing to say of this act.

    `saw` are the numbers it went by; the sentence for a person is made from them and the code when
    it is read (`policies.words.explain`). `not_before` defers an act that is otherwise fine.
    """

    rule: str
    kind: str
    mode: Mode
    decision: Decision | None
    code: str
    saw: Saw = ()
    not_before: datetime | None = None


def result_of(said: Said) -> RuleResult:
    """One rule's word, spelt out."""
    form, values, not_before = said
    saw = tuple(zip(form.names, values, strict=True))
    return RuleResult(form.rule, form.kind, form.mode, form.decision, form.code, saw, not_before)


class Verdict(NamedTuple):
    """`not_before` is set when the act must wait for an open moment, and be judged again then.

    `people` is how many different people must approve (or had to): 0 when none need to.
    """

    decision: Decision
    said: tuple[Said, ...]
    policy_hash: str
    people: int = 0
    not_before: datetime | None = None

    @property
    def results(self) -> tuple[RuleResult, ...]:
        """The word of every rule, in the order of their ids, the built-in ones last."""
        return tuple(map(result_of, self.said))

    @property
    def deciding(self) -> tuple[str, ...]:
        """The ids of the rules in force that said what was decided."""
        return tuple(
            form.rule for form, _, _ in self.said if form.mode == "enforce" and form.decision is self.decision
        )
