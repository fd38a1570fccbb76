"""`kill_switch`: stops everything, or some of it, from the very next effect on."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from policies.rules.fields import Flag, Word
from policies.rules.rule import Judge, Narrowed, Say
from policies.rules.when import Test
from policies.telling import NO_REASON, Wording
from policies.verdict import Decision


class KillSwitch(Narrowed):
    """Engaged, it denies every act that `when` names."""

    kind: Literal["kill_switch"]
    engaged: Flag = Field(description="true stops; false lets pass.")
    reason: Word | None = Field(None, description="Why it was engaged; people see it beside the verdict.")

    words: ClassVar[Mapping[str, Wording]] = {
        "stopped": "stopped: {reason}",
        "not_engaged": "is not engaged",
    }
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"reason": (NO_REASON,)}

    def describe(self) -> str:
        if not self.engaged:
            return f"not engaged{self.about()}"
        return f"STOPS everything{self.about()}: {self.reason or NO_REASON}"

    def matcher(self) -> Test | None:
        # A switch that is off stops nothing, whatever is unknown about the act.
        return super().matcher() if self.engaged else None

    def judge(self, say: Say) -> Judge:
        stopped = say.plain(Decision.DENY, "stopped", reason=self.reason or NO_REASON)
        said = stopped if self.engaged else say.plain(None, "not_engaged")
        return lambda _: said
