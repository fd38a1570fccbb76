"""`expires`: how long a proposal may wait. What waits too long is dropped, never approved."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from policies.facts import Facts, MissingFactError
from policies.rules.fields import Word
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Rule, Say, Wording
from policies.verdict import Decision, RuleResult

Hours = Annotated[float, Field(strict=True, gt=0, le=24 * 366, allow_inf_nan=False)]


class Expires(Rule):
    """Counted from the moment of proposing until the moment of acting."""

    kind: Literal["expires"]
    hours: Hours = Field(description="How long any proposal may wait.")
    tools: dict[Word, Hours] = Field(default_factory=dict, description="Tool: hours, where it differs.")
    then: Literal["drop"] = Field("drop", description="What happens to it.")

    words: ClassVar[Mapping[str, Wording]] = {
        "expired": "waited {waited} hours, and {tool} may wait {hours}",
        "fresh": "waited {waited} hours, of {hours} allowed",
        "proposed_now": "is being proposed now",
    }

    def after(self, tool: str) -> timedelta:
        return timedelta(hours=self.tools.get(tool, self.hours))

    def describe(self) -> str:
        other = "".join(f", {tool} {hours:g}" for tool, hours in sorted(self.tools.items()))
        return f"a proposal waits at most {self.hours:g} hours{other}; then {self.then}"

    def references(self) -> Iterable[Reference]:
        for tool in self.tools:
            yield Reference(("tools", tool), "tool", tool)

    def judge(self, say: Say) -> Judge:
        hours, by_tool = self.hours, dict(self.tools)
        proposed_now = say(None, "proposed_now")

        def judge(facts: Facts) -> RuleResult:
            if facts.moment == "propose":
                return proposed_now
            if facts.proposed_at is None:
                raise MissingFactError("proposed_at")
            limit = by_tool.get(facts.action.tool, hours)
            waited = (facts.now - facts.proposed_at).total_seconds() / 3600
            saw = (("waited", round(waited, 1)), ("hours", limit), ("tool", facts.action.tool))
            return say(Decision.DENY, "expired", saw) if waited >= limit else say(None, "fresh", saw)

        return judge
