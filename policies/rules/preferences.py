"""`preferences`: what a person said they want. No other rule can undo it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from policies.facts import ContactFacts, Facts, MissingFactError, PastContact
from policies.rules.rule import Judge, Narrowed, Say
from policies.telling import Wording
from policies.verdict import Decision, Said


class Preferences(Narrowed):
    """Denies a tool that they do not want to hear of, and a contact sooner than they want one."""

    kind: Literal["preferences"]

    words: ClassVar[Mapping[str, Wording]] = {
        "unwanted": "they do not want to hear of {tool}",
        "too_soon": "the last contact was on {at}, and they want {days} days between two",
        "wanted": "nothing that they said speaks against it",
    }

    def describe(self) -> str:
        return f"tools that a person does not want, and contacts sooner than they want, are denied{self.about()}"

    def judge(self, say: Say) -> Judge:
        unwanted = say.form(Decision.DENY, "unwanted", "tool")
        too_soon = say.form(Decision.DENY, "too_soon", "at", "days")
        wanted = say.plain(None, "wanted")

        def judge(facts: Facts) -> Said:
            contact = facts.contact
            if contact is None:
                raise MissingFactError("contact")
            if facts.action.tool in contact.topics_refused:
                return unwanted, (facts.action.tool,), None
            if (last := _within(facts, contact)) is not None:
                return too_soon, (last.at.date().isoformat(), contact.days_between), None
            return wanted

        return judge


def _within(facts: Facts, contact: ContactFacts) -> PastContact | None:
    """The last contact with them, if it is younger than they want; one with nobody knows whom was with them."""
    if contact.days_between is None:
        return None
    since = facts.now - timedelta(days=contact.days_between)
    theirs = (past for past in facts.history if past.contact in (None, contact.id))
    return next((past for past in theirs if past.at > since), None)
