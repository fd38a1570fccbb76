"""`expires`: how long a proposal may wait, and what then. Waiting never approves anything."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from policies.facts import Facts, MissingFactError
from policies.plural import mend_one
from policies.rules.fields import Part, Word
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Rule, Say
from policies.telling import Wording
from policies.verdict import Decision, Said

Hours = Annotated[float, Field(strict=True, gt=0, le=24 * 366, allow_inf_nan=False)]
Then = Literal["drop", "escalate", "propose_again"]


class Wait(Part):
    """How proposals of one tool wait, where it differs from those of others."""

    hours: Hours | None = Field(None, description="How long they may wait; left out, as long as any.")
    then: Then | None = Field(None, description="What happens then; left out, the same as to any.")

    @model_validator(mode="after")
    def _says_something(self) -> "Wait":
        if not self.model_fields_set:
            raise ValueError("is empty; give hours, then or both")
        return self


def _form(value: Any) -> str:
    return "a mapping" if isinstance(value, dict | Wait) else "a number"


HoursOrWait = Annotated[
    Annotated[Hours, Tag("a number")] | Annotated[Wait, Tag("a mapping")], Discriminator(_form)
]


class Expires(Rule):
    """Counted from the moment of proposing until the moment of acting.

    `escalate`: it is put first in the queue and waits `escalated_hours` more, then it is dropped.
    `propose_again`: it is dropped, and an agent looks at the case anew.
    """

    kind: Literal["expires"]
    hours: Hours = Field(description="How long any proposal may wait.")
    tools: dict[Word, HoursOrWait] = Field(
        default_factory=dict, description="Tool: hours, or a mapping of hours and then, where it differs."
    )
    then: Then = Field("drop", description="What happens to it.")
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
        if self.escalated_hours is not None and all(self.then_of(one) != "escalate" for one in ("", *self.tools)):
            raise ValueError("escalated_hours is for then: escalate; remove it or change then")
        return self

    def after(self, tool: str) -> timedelta:
        own = self.tools.get(tool)
        hours = own.hours if isinstance(own, Wait) else own
        return timedelta(hours=self.hours if hours is None else hours)

    def then_of(self, tool: str) -> Then:
        """What happens to a proposal of this tool."""
        own = self.tools.get(tool)
        return (own.then if isinstance(own, Wait) else None) or self.then

    def longer(self, tool: str) -> timedelta:
        """How much longer it waits once escalated; nothing when it is not."""
        if self.then_of(tool) != "escalate":
            return timedelta()
        return self.after(tool) if self.escalated_hours is None else timedelta(hours=self.escalated_hours)

    def _limit(self, tool: str) -> float:
        return (self.after(tool) + self.longer(tool)).total_seconds() / 3600

    def describe(self) -> str:
        waits = [("", self.hours, self.then)]
        waits += [
            (tool, self.after(tool).total_seconds() / 3600, self.then_of(tool)) for tool in sorted(self.tools)
        ]
        same = all(then == self.then for _, _, then in waits)
        more = "" if self.escalated_hours is None else f" for {self.escalated_hours:g} hours more"
        parts = []
        for tool, hours, then in waits:
            what = f"{tool} {hours:g}" if tool else f"a proposal waits at most {hours:g} hours"
            parts.append(what if same else f"{what}, then {_words(then, more)}")
        if same:
            return mend_one(f"{', '.join(parts)}; then {_words(self.then, more)}")
        return mend_one("; ".join(parts))

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


def _words(then: Then, more: str) -> str:
    return then.replace("_", " ") + (more if then == "escalate" else "")
