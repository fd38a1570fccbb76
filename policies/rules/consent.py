"""`consent`: nobody is written to who has not agreed to it."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from policies.facts import ConsentFacts, Facts, MissingFactError, consent_key
from policies.plural import mend_one
from policies.rules.fields import Flag, Word
from policies.rules.reference import Reference
from policies.rules.rule import Judge, Narrowed, Say
from policies.telling import Wording
from policies.verdict import Decision, Said

Key = tuple[str | None, ...]
Doubt = Callable[[Facts, ConsentFacts, Key], Said | None]
EFFECT = {"deny": Decision.DENY, "review": Decision.REVIEW, "allow": None}


class Consent(Narrowed):
    """A refusal always denies; `unknown` says what silence means."""

    kind: Literal["consent"]
    channel: Word | None = Field(None, description="The channel it is about; left out, the act's own.")
    purpose: Word | None = Field(None, description="The purpose it is about; left out, the act's own.")
    unknown: Literal["deny", "review", "allow"] = Field("deny", description="When nobody knows.")
    max_age_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] | None = Field(
        None, description="Consent older than this, or of an unknown date, counts as unknown."
    )
    needs_source: Flag = Field(False, description="Consent of which nobody knows where it was given is unknown.")

    words: ClassVar[Mapping[str, Wording]] = {
        "granted": "consent to {channel} for {purpose} was given on {on}",
        "refused": "consent to {channel} for {purpose} was refused on {on}",
        "unknown": "consent to {channel} for {purpose} is unknown",
        "too_old": "consent to {channel} for {purpose} was given on {on}, more than {max_age_days} days ago",
        "no_source": "consent to {channel} for {purpose} was given on {on}, and nobody knows where",
        "other_consent": "is not about {channel} for {purpose}",
    }

    def describe(self) -> str:
        what = f"{self.channel or 'any channel'} for {self.purpose or 'any purpose'}"
        parts = [f"refused is denied, unknown means {self.unknown}"]
        parts += [f"older than {self.max_age_days} days is unknown"] if self.max_age_days else []
        parts += ["without a source is unknown"] if self.needs_source else []
        return mend_one(f"consent to {what}: {', '.join(parts)}{self.about()}")

    def references(self) -> tuple[Reference, ...]:
        channel = () if self.channel is None else (Reference(("channel",), "channel", self.channel),)
        purpose = () if self.purpose is None else (Reference(("purpose",), "purpose", self.purpose),)
        return (*super().references(), *channel, *purpose)

    def judge(self, say: Say) -> Judge:
        channel, purpose = self.channel, self.purpose
        if_unknown = EFFECT[self.unknown]
        other = say.form(None, "other_consent", "channel", "purpose")
        unknown = say.form(if_unknown, "unknown", "channel", "purpose")
        refused = say.form(Decision.DENY, "refused", "channel", "purpose", "on")
        granted = say.form(None, "granted", "channel", "purpose", "on")
        doubt = self._doubt(say, if_unknown)

        def judge(facts: Facts) -> Said:
            action = facts.action
            key = (action.channel, action.purpose)
            if (channel is not None and channel != key[0]) or (purpose is not None and purpose != key[1]):
                return other, key, None
            if facts.contact is None:
                raise MissingFactError("contact.consent")
            known = facts.contact.consent.get(consent_key(*key))
            if known is None or known.state == "unknown":
                return unknown, key, None
            on = known.on.isoformat() if known.on else None
            if known.state == "refused":
                return refused, (*key, on), None
            doubted = doubt(facts, known, (*key, on)) if doubt else None
            return doubted or (granted, (*key, on), None)

        return judge

    def _doubt(self, say: Say, if_unknown: Decision | None) -> Doubt | None:
        """What may speak against a consent that was given; None when nothing does."""
        days, needs_source = self.max_age_days, self.needs_source
        if days is None and not needs_source:
            return None
        too_old = say.form(if_unknown, "too_old", "channel", "purpose", "on", "max_age_days")
        no_source = say.form(if_unknown, "no_source", "channel", "purpose", "on")

        def doubt(facts: Facts, known: ConsentFacts, saw: Key) -> Said | None:
            if days is not None and (known.on is None or facts.now.toordinal() - known.on.toordinal() > days):
                return too_old, (*saw, days), None
            return (no_source, saw, None) if needs_source and not known.sourced else None

        return doubt
