"""`frequency_cap`: at most so many contacts in a window. Several caps: all must hold."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import ClassVar, Literal

from pydantic import Field

from policies.counter import Counter, question
from policies.facts import Facts, MissingFactError
from policies.rules.fields import Whole
from policies.rules.rule import OF_ACCOUNT, Judge, Narrowed, Say
from policies.rules.window import WINDOWS, Window, counted, narrowing
from policies.telling import Wording
from policies.verdict import Decision, Said

Seen = Callable[[Facts], float]
Words = tuple[str, ...]


class FrequencyCap(Narrowed):
    """`account` and `contact` count the account's own history; the wider scopes are counted by the database.

    What a person did outside Winback counts in the history, unless `when.tools` names other tools. An
    earlier contact with nobody knows whom counts for every contact.
    """

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
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {"window": WINDOWS}

    def describe(self) -> str:
        per = "in all" if self.scope == "global" else f"per {self.scope}"
        fixed = {"account": OF_ACCOUNT, "contact": (*OF_ACCOUNT, "languages")}.get(self.scope, ())
        return f"contacts {per} in {self.window.says()}: at most {self.max}{self.about_counting(*fixed)}"

    def judge(self, say: Say) -> Judge:
        seen, limit, window = self._seen(), self.max, self.window.describe()
        over = say.form(Decision.DENY, "over_cap", "count", "max", "window")
        under = say.form(None, "under_cap", "count", "max", "window")

        def judge(facts: Facts) -> Said:
            count = seen(facts)
            return (under if count < limit else over), (count, limit, window), None

        return judge

    def counters(self) -> Callable[[Facts], Iterable[Counter]] | None:
        if self.scope in ("account", "contact"):
            return None
        since, asked = self.window.since(), self._asked()

        def counters(facts: Facts) -> Iterable[Counter]:
            name, tools, channels = asked(facts)
            yield Counter(name, "contacts", since(facts), tools=tools, channels=channels)

        return counters

    def _asked(self) -> Callable[[Facts], tuple[str, Words, Words]]:
        """The name of the question for an act, and the tools and channels it is about."""
        scope, window = self.scope, self.window.key
        tools, channels = narrowing(self.when)

        @cache
        def asked(tool: str, channel: str) -> tuple[str, Words, Words]:
            of_tools = (tool,) if scope == "tool" else tools
            of_channels = (channel,) if scope == "channel" else channels
            name = question("contacts", window, tools=of_tools, channels=of_channels)
            return name, of_tools, of_channels

        return lambda facts: asked(facts.action.tool, facts.action.channel)

    def _seen(self) -> Seen:
        if self.scope not in ("account", "contact"):
            asked = self._asked()
            return lambda facts: count_of(facts, asked(facts)[0])
        since, counts, of_contact = self.window.since(), counted(self.when), self.scope == "contact"

        def seen(facts: Facts) -> int:
            if of_contact and facts.contact is None:
                raise MissingFactError("contact")
            who = facts.contact.id if of_contact and facts.contact else None
            start, count = since(facts), 0
            for past in facts.history:
                met = who is None or past.contact is None or past.contact == who
                if met and past.at >= start and (counts is None or counts(past)):
                    count += 1
            return count

        return seen


def count_of(facts: Facts, name: str) -> float:
    """What the database answered to a question."""
    if (found := facts.counts.get(name)) is None:
        raise MissingFactError(f"counts.{name}")
    return found
