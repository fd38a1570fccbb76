"""What every rule kind has in common: an id, a mode, and one closure that judges."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from policies.counter import Counter
from policies.facts import Facts, MissingFactError
from policies.rules.fields import Part, RuleId
from policies.rules.reference import Reference
from policies.rules.when import When
from policies.verdict import Decision, Mode, RuleResult
from policies.zones import UnknownZoneError

Judge = Callable[[Facts], RuleResult]
Say = Callable[..., RuleResult]
NextOpen = Callable[[Facts, datetime], datetime | None]
Wording = str | Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule made ready: no pydantic is touched when it judges."""

    judge: Judge
    next_open: NextOpen | None = None
    counter: Callable[[Facts], Counter | None] | None = None


class Rule(Part):
    """The base of every rule kind.

    `words` gives the sentence for each code, filled with what the rule saw; the codes that every
    kind shares are in `policies.words`.
    """

    words: ClassVar[Mapping[str, Wording]] = {}

    id: RuleId = Field(description="Unique in the whole policy; it is what the decision log names.")
    kind: str
    mode: Mode = Field("enforce", description="shadow: recorded, not counted; off: not evaluated.")

    def strictest(self) -> Decision:
        """The effect of this rule when it fails or a fact is missing."""
        return Decision.DENY

    def describe(self) -> str:
        """What the rule says, for a person, without its id."""
        raise NotImplementedError

    def references(self) -> Iterable[Reference]:
        """Names that must exist elsewhere."""
        return ()

    def judge(self, say: Say) -> Judge:
        """The closure that judges an act; `say(decision, code, saw, not_before)` makes its result."""
        raise NotImplementedError

    def next_open(self) -> NextOpen | None:
        """For rules that defer: the first moment at or after one at which the act may happen."""
        return None

    def counter(self) -> Callable[[Facts], Counter] | None:
        """For rules that need the database to count something."""
        return None

    def matcher(self) -> Callable[[Facts], bool] | None:
        """Whether the rule concerns an act; None when it concerns all."""
        return None

    def compile(self) -> Compiled:
        say: Say = partial(RuleResult, self.id, self.kind, self.mode)
        if self.mode == "off":
            off = say(None, "off")
            return Compiled(judge=lambda _: off)
        return Compiled(
            judge=guarded(self.judge(say), self.matcher(), say, self.strictest()),
            next_open=self.next_open(),
            counter=narrowed(self.counter(), self.matcher()),
        )


class Narrowed(Rule):
    """A rule that may be narrowed to some acts with `when`."""

    when: When | None = Field(None, description="The acts this rule is about; left out, all of them.")

    def matcher(self) -> Callable[[Facts], bool] | None:
        return self.when.compile() if self.when else None

    def references(self) -> Iterable[Reference]:
        return self.when.references() if self.when else ()

    def about(self) -> str:
        """`when` as the end of a sentence, with a leading space; empty when there is none."""
        return f" ({self.when.describe()})" if self.when else ""


def guarded(judge: Judge, matches: Callable[[Facts], bool] | None, say: Say, strictest: Decision) -> Judge:
    """A judge that never fails: an error or a missing fact is the rule's strictest effect."""
    unconcerned = say(None, "not_concerned")

    def judge_or_strictest(facts: Facts) -> RuleResult:
        try:
            if matches is not None and not matches(facts):
                return unconcerned
            return judge(facts)
        except MissingFactError as missing:
            return say(strictest, "missing_field", (("field", missing.field),))
        except UnknownZoneError as unknown:
            return say(strictest, "unknown_zone", (("zone", unknown.name),))
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the act must not slip through
            return say(strictest, "error", (("error", f"{type(error).__name__}: {error}"[:120]),))

    return judge_or_strictest


def narrowed(
    counter: Callable[[Facts], Counter] | None, matches: Callable[[Facts], bool] | None
) -> Callable[[Facts], Counter | None] | None:
    """Nothing is counted for an act that the rule is not about."""
    if counter is None or matches is None:
        return counter
    return lambda facts: counter(facts) if matches(facts) else None
