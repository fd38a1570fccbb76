"""`on_model_failure`: what happens when the model gives no usable choice."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from policies.facts import Facts
from policies.rules.fields import DropName, Word
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Rule, Say
from policies.telling import NO_REASON, Wording
from policies.verdict import Decision, Said


class OnModelFailure(Rule):
    """`review`: a person decides; `playbook`: a table chooses; `skip`: nothing happens.

    Under `review` the table, if there is one, only suggests.
    """

    kind: Literal["on_model_failure"]
    then: Literal["review", "playbook", "skip"]
    playbook: dict[DropName, Word] | None = Field(
        None, min_length=1, description="Kind of drop: tool. A kind that is left out is skipped."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "model_chose": "the model did not fail",
        "review": "the model failed ({failure}), so a person decides",
        "skipped": "the model failed ({failure}), and then nothing is done",
        "in_playbook": "the model failed ({failure}), and the playbook names {tool}",
        "not_in_playbook": "the model failed ({failure}), and the playbook does not name {tool} for {drop}",
    }
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"failure": (NO_REASON,)}

    @model_validator(mode="after")
    def _table_fits(self) -> "OnModelFailure":
        if self.then == "playbook" and self.playbook is None:
            raise ValueError("then: playbook needs the table 'playbook'")
        if self.then == "skip" and self.playbook is not None:
            raise ValueError("then: skip has no use for a playbook; remove one of them")
        return self

    def strictest(self) -> Decision:
        return Decision.REVIEW if self.then == "review" else Decision.DENY

    def describe(self) -> str:
        table = ", ".join(f"{drop}: {tool}" for drop, tool in sorted((self.playbook or {}).items()))
        return f"when the model fails: {self.then}" + (f" ({table})" if table else "")

    def references(self) -> Iterable[Reference]:
        for drop, tool in (self.playbook or {}).items():
            yield Reference(("playbook", drop), "tool", tool)

    def judge(self, say: Say) -> Judge:
        then, playbook = self.then, {str(drop): tool for drop, tool in (self.playbook or {}).items()}
        chosen = say.plain(None, "model_chose")
        saw = ("failure", "tool", "drop")
        review, skipped = say.form(Decision.REVIEW, "review", *saw), say.form(Decision.DENY, "skipped", *saw)
        named, not_named = say.form(None, "in_playbook", *saw), say.form(Decision.DENY, "not_in_playbook", *saw)

        def judge(facts: Facts) -> Said:
            agent, tool, drop = facts.agent, facts.action.tool, facts.drop.kind
            if agent.source == "person" or (agent.source == "model" and agent.failure is None):
                return chosen
            values = (agent.failure or NO_REASON, tool, drop)
            if then != "playbook":
                return (review if then == "review" else skipped), values, None
            return (named if playbook.get(drop) == tool else not_named), values, None

        return judge
