"""What every rule kind has in common: an id, a mode, and one closure that judges."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from policies.counter import Counter
from policies.facts import Facts, MissingFactError, Scalar
from policies.rules.fields import Part, RuleId, listed
from policies.rules.reference import Reference
from policies.rules.when import Test, When
from policies.telling import Wording
from policies.verdict import Decision, Form, Mode, Said
from policies.zones import UnknownZoneError

Judge = Callable[[Facts], Said]
NextOpen = Callable[[Facts, datetime], datetime | None]

OTHERWISE = {
    "drops": "drop",
    "plans": "plan",
    "tags": "tags",
    "regions": "region",
    "languages": "language",
    "value": "value per month",
}
"""What the keys of `when` ask for, of which no earlier contact is asked."""
OF_ACCOUNT = ("plans", "tags", "regions", "value")
"""The keys of `when` that are the same for all contacts of one account."""


class Say:
    """Makes a rule's words, before there is anything to judge."""

    def __init__(self, rule: str, kind: str, mode: Mode) -> None:
        self._head = (rule, kind, mode)

    def form(self, decision: Decision | None, code: str, *names: str, people: int = 1) -> Form:
        """A word with numbers; a judge returns it with their values."""
        return Form(*self._head, decision, code, names, people)

    def plain(self, decision: Decision | None, code: str, people: int = 1, **saw: Scalar | None) -> Said:
        """A word that is always the same."""
        return self.form(decision, code, *saw, people=people), tuple(saw.values()), None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule made ready: no pydantic is touched when it judges.

    `judge` may raise; `failed` says then what the rule's strictest effect is.
    """

    judge: Judge
    failed: Callable[[Exception], Said]
    next_open: NextOpen | None = None
    counters: Callable[[Facts], Iterable[Counter]] | None = None


class Rule(Part):
    """The base of every rule kind.

    `words` gives the sentence for each code, filled with what the rule saw; the codes that every
    kind shares are in `policies.words`. `values` are the templates of values that are words of ours
    themselves, by the name of what was seen.
    """

    words: ClassVar[Mapping[str, Wording]] = {}
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    id: RuleId = Field(description="Unique in the whole policy; it is what the decision log names.")
    kind: str
    mode: Mode = Field("enforce", description="shadow: recorded, not counted; off: not evaluated.")

    def strictest(self) -> Decision:
        """The effect of this rule when it fails or a fact is missing."""
        return Decision.DENY

    def eyes(self) -> int:
        """How many different people must approve where its strictest effect is review."""
        return 1

    def describe(self) -> str:
        """What the rule says, for a person, without its id."""
        raise NotImplementedError

    def references(self) -> Iterable[Reference]:
        """Names that must exist elsewhere."""
        return ()

    def judge(self, say: Say) -> Judge:
        """The closure that judges an act; `say` makes the words it chooses from."""
        raise NotImplementedError

    def next_open(self) -> NextOpen | None:
        """For rules that defer: the first moment at or after one at which the act may happen."""
        return None

    def counters(self) -> Callable[[Facts], Iterable[Counter]] | None:
        """For rules that need the database to count something."""
        return None

    def matcher(self) -> Test | None:
        """Whether the rule concerns an act; None when it concerns all."""
        return None

    def compile(self) -> Compiled:
        say = Say(self.id, self.kind, self.mode)
        failed = _failing(say, self.strictest(), self.eyes())
        if self.mode == "off":
            off = say.plain(None, "off")
            return Compiled(judge=lambda _: off, failed=failed)
        return Compiled(
            judge=_narrowed(self.judge(say), self.matcher(), say),
            failed=failed,
            next_open=self.next_open(),
            counters=_counting(self.counters(), self.matcher()),
        )


class Narrowed(Rule):
    """A rule that may be narrowed to some acts with `when`."""

    when: When | None = Field(None, description="The acts this rule is about; left out, all of them.")

    def matcher(self) -> Test | None:
        return self.when.compile() if self.when else None

    def references(self) -> Iterable[Reference]:
        return self.when.references() if self.when else ()

    def about(self) -> str:
        """`when` as the end of a sentence, with a leading space; empty when there is none."""
        return f" ({self.when.describe()})" if self.when else ""

    def about_counting(self, *fixed: str) -> str:
        """`about` for a rule that counts: contacts, always of customers, are narrowed by tool and channel alone.

        `fixed` are the keys that hold for all that is counted anyway, as an account's plan does for its contacts.
        """
        counted = {"tools", "channels", "audience", *fixed}
        asked = [name for name in When.model_fields if self.when and getattr(self.when, name)]
        others = [OTHERWISE[name] for name in asked if name not in counted]
        if self.when is None or not others:
            return self.about()
        return f" ({self.when.describe()}; counted is all there was, whatever the {listed(tuple(others))})"


def _narrowed(judge: Judge, matches: Test | None, say: Say) -> Judge:
    if matches is None:
        return judge
    unconcerned = say.plain(None, "not_concerned")
    return lambda facts: judge(facts) if matches(facts) else unconcerned


def _failing(say: Say, strictest: Decision, people: int) -> Callable[[Exception], Said]:
    """An error or a missing fact is the rule's strictest effect: whatever went wrong, no act slips through."""

    def failed(error: Exception) -> Said:
        match error:
            case MissingFactError():
                return say.plain(strictest, "missing_field", people, field=error.field)
            case UnknownZoneError():
                return say.plain(strictest, "unknown_zone", people, zone=error.name)
            case _:
                return say.plain(strictest, "error", people, error=f"{type(error).__name__}: {error}"[:120])

    return failed


def _counting(
    counters: Callable[[Facts], Iterable[Counter]] | None, matches: Test | None
) -> Callable[[Facts], Iterable[Counter]] | None:
    """Nothing is counted for an act that the rule is not about."""
    if counters is None or matches is None:
        return counters
    return lambda facts: counters(facts) if matches(facts) else ()
