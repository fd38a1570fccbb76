"""`expires`: how long a proposal may wait, and what then. Waiting never approves anything."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from policies.facts import Facts, MissingFactError
from policies.rules.fields import Word
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Rule, Say, Wording
from policies.verdict import Decision, Said

Hours = Annotated[float, Field(strict=True, gt=0, le=24 * 366, allow_inf_nan=False)]


class Expires(Rule):
    """Counted from the moment of proposing until the moment of acting.

    `escalate`: it is put first in the queue and waits `escalated_hours` more, then it is dropped.
    `propose_again`: it is dropped, and an agent looks at the case anew.
    """

    kind: Literal["expires"]
    hours: Hours = Field(description="How long any proposal may wait.")
    tools: dict[Word, Hours] = Field(default_factory=dict, description="Tool: hours, where it differs.")
    then: Literal["drop", "escalate", "propose_again"] = Field("drop", description="What happens to it.")
    escalated_hours: Hours | None = Field(
        None, description="How much longer an escalated proposal waits; left out, as long again."
    )

    words: ClassVar[Mapping[str, Wording]] = {
        "expired": "waited {waited} hours, and {tool} may wait {hours}",
        "fresh": "waited {waited} hours, of {hours} allowed",
        "proposed_now": "is being proposed now",
    }

    @model_validator(mode="after")
    def _fits(self) -> "Expires":
        if self.escalated_hours is not None and self.then != "escalate":
            raise ValueError("escalated_hours is for then: escalate; remove it or change then")
        return self

    def after(self, tool: str) -> timedelta:
        return timedelta(hours=self.tools.get(tool, self.hours))

    def longer(self, tool: str) -> timedelta:
        """How much longer it waits once escalated; nothing when it is not."""
        if self.then != "escalate":
            return timedelta()
        return self.after(tool) if self.escalated_hours is None else timedelta(hours=self.escalated_hours)

    def _limit(self, tool: str) -> float:
        return (self.after(tool) + self.longer(tool)).total_seconds() / 3600

    def describe(self) -> str:
        other = "".join(f", {tool} {hours:g}" for tool, hours in sorted(self.tools.items()))
        more = f" for {self.escalated_hours:g} hours more" if self.escalated_hours is not None else ""
        return f"a proposal waits at most {self.hours:g} hours{other}; then {self.then.replace('_', ' ')}{more}"

    def references(self) -> Iterable[Reference]:
        for tool in self.tools:
            yield Reference(("tools", tool), "tool", tool)

    def judge(self, say: Say) -> Judge:
        proposed_now = say.plain(None, "proposed_now")
        expired = say.form(Decision.DENY, "expired", "waited", "hours", "tool")
        fresh = say.form(None, "fresh", "waited", "hours", "tool")
        limits = {tool: self._limit(tool) for tool in self.tools}
        otherwise = self._limit("")

        def judge(facts: Facts) -> Said:
            if facts.moment == "propose":
                return proposed_now
            if facts.proposed_at is None:
                raise MissingFactError("proposed_at")
            tool = facts.action.tool
            limit = limits.get(tool, otherwise)
            waited = (facts.now - facts.proposed_at).total_seconds() / 3600
            return expired if waited >= limit else fresh, (round(waited, 1), limit, tool), None

        return judge
