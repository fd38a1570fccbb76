"""`consent`: nobody is written to who has not agreed to it."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from policies.facts import Facts, MissingFactError
from policies.rules.fields import Word
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Narrowed, Say, Wording
from policies.verdict import Decision, RuleResult

EFFECT = {"deny": Decision.DENY, "review": Decision.REVIEW, "allow": None}


class Consent(Narrowed):
    """A refusal always denies; `unknown` says what silence means."""

    kind: Literal["consent"]
    channel: Word | None = Field(None, description="The channel it is about; left out, the act's own.")
    purpose: Word | None = Field(None, description="The purpose it is about; left out, the act's own.")
    unknown: Literal["deny", "review", "allow"] = Field("deny", description="When nobody knows.")

    words: ClassVar[Mapping[str, Wording]] = {
        "granted": "consent to {channel} for {purpose} was given",
        "refused": "consent to {channel} for {purpose} was refused",
        "unknown": "consent to {channel} for {purpose} is unknown",
        "other_consent": "is not about {channel} for {purpose}",
    }

    def describe(self) -> str:
        what = f"{self.channel or 'any channel'} for {self.purpose or 'any purpose'}"
        return f"consent to {what}: refused is denied, unknown means {self.unknown}{self.about()}"

    def references(self) -> tuple[Reference, ...]:
        own = () if self.channel is None else (Reference(("channel",), "channel", self.channel),)
        return (*super().references(), *own)

    def judge(self, say: Say) -> Judge:
        channel, purpose, unknown = self.channel, self.purpose, EFFECT[self.unknown]

        def judge(facts: Facts) -> RuleResult:
            key = (facts.action.channel, facts.action.purpose)
            saw = (("channel", key[0]), ("purpose", key[1]))
            if (channel is not None and channel != key[0]) or (purpose is not None and purpose != key[1]):
                return say(None, "other_consent", saw)
            if facts.contact is None:
                raise MissingFactError("contact.consent")
            match facts.contact.consent.get(key, "unknown"):
                case "granted":
                    return say(None, "granted", saw)
                case "refused":
                    return say(Decision.DENY, "refused", saw)
                case _:
                    return say(unknown, "unknown", saw)

        return judge
