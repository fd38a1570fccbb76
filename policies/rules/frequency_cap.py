"""`frequency_cap`: at most so many contacts in a window. Several caps: all must hold."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from policies.counter import Counter
from policies.facts import Facts, MissingFactError
from policies.rules.fields import Whole
from policies.rules.rule import Judge, Narrowed, Say, Wording
from policies.rules.window import Window, counted
from policies.verdict import Decision, RuleResult

Seen = Callable[[Facts], float]


class FrequencyCap(Narrowed):
    """`account` and `contact` count the account's own history; the wider scopes are counted by the database."""

    kind: Literal["frequency_cap"]
    scope: Literal["account", "contact", "tool", "channel", "global"] = Field(
        description="What is counted together; when.tools and when.channels narrow what counts."
    )
    max: Whole = Field(description="Contacts that may lie in the window; 0 means none at all.")
    window: Window

    words: ClassVar[Mapping[str, Wording]] = {
        "over_cap": "contacts in {window}: {count}, and at most {max} may be",
        "under_cap": "contacts in {window}: {count} of {max}",
    }

    def describe(self) -> str:
        per = "in all" if self.scope == "global" else f"per {self.scope}"
        return f"contacts {per} in {self.window.describe()}: at most {self.max}{self.about()}"

    def judge(self, say: Say) -> Judge:
        seen, limit = self._seen(), self.max
        window = ("window", self.window.describe())

        def judge(facts: Facts) -> RuleResult:
            count = seen(facts)
            saw = (("count", count), ("max", limit), window)
            return say(None, "under_cap", saw) if count < limit else say(Decision.DENY, "over_cap", saw)

        return judge

    def counter(self) -> Callable[[Facts], Counter] | None:
        if self.scope in ("account", "contact"):
            return None
        rule, scope, since = self.id, self.scope, self.window.since()
        tools = self.when.tools or () if self.when else ()
        channels = self.when.channels or () if self.when else ()

        def counter(facts: Facts) -> Counter:
            return Counter(
                rule=rule,
                since=since(facts),
                what="contacts",
                tools=(facts.action.tool,) if scope == "tool" else tools,
                channels=(facts.action.channel,) if scope == "channel" else channels,
            )

        return counter

    def _seen(self) -> Seen:
        if self.scope not in ("account", "contact"):
            return count_of(self.id)
        since, counts, of_contact = self.window.since(), counted(self.when), self.scope == "contact"

        def seen(facts: Facts) -> int:
            if of_contact and facts.contact is None:
                raise MissingFactError("contact")
            who = facts.contact.id if of_contact and facts.contact else None
            start, count = since(facts), 0
            for past in facts.history:
                if past.at >= start and (who is None or past.contact == who) and (counts is None or counts(past)):
                    count += 1
            return count

        return seen


def count_of(rule: str) -> Seen:
    """What the database counted for a rule."""

    def count(facts: Facts) -> float:
        if (found := facts.counts.get(rule)) is None:
            raise MissingFactError(f"counts.{rule}")
        return found

    return count
