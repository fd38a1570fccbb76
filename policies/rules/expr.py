"""`expr`: one expression in CEL, for what no other kind can say."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from policies.facts import Facts, MissingFactError
from policies.rules.cel_context import absent, context_for
from policies.rules.cel_expression import MAX_LENGTH, check_expression, compiled
from policies.rules.cel_names import compared
from policies.rules.fields import Word
from policies.rules.reference import Reference, What
from policies.rules.rule import Judge, Narrowed, Say
from policies.telling import Wording
from policies.verdict import Decision, Said

Expression = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(check_expression)]

NAMED: Mapping[str, What] = {
    "action.tool": "tool",
    "action.catalogue_id": "catalogue id",
    "action.channel": "channel",
    "action.purpose": "purpose",
    "drop.kind": "kind of drop",
}
"""Facts that are always one of some names."""


class Expr(Narrowed):
    """True takes the effect `then`; false says nothing; an error or an unknown fact takes the effect too."""

    kind: Literal["expr"]
    expression: Expression = Field(
        description="In the Common Expression Language; docs/policies.md has the names."
    )
    then: Literal["deny", "review"] = Field(description="What true leads to.")
    reason: Word = Field(description="What people see beside the verdict.")

    words: ClassVar[Mapping[str, Wording]] = {"true": "{reason}", "false": "what it asks is not so"}

    def strictest(self) -> Decision:
        return Decision(self.then)

    def references(self) -> Iterable[Reference]:
        yield from super().references()
        for one in compared(self.expression):
            if (what := NAMED.get(one.fact)) is not None:
                yield Reference(("expression",), what, one.word, offset=one.offset)

    def describe(self) -> str:
        return f"{self.then} when {' '.join(self.expression.split())}: {self.reason}{self.about()}"

    def judge(self, say: Say) -> Judge:
        holds = say.plain(Decision(self.then), "true", reason=self.reason)
        silent = say.plain(None, "false")
        program, uses = compiled(self.expression)

        def judge(facts: Facts) -> Said:
            try:
                answer = program.execute(context_for(facts, uses))
            except KeyError as error:
                raise MissingFactError(absent(facts, uses, str(error.args[0]))) from None
            if answer is True:
                return holds
            if answer is False:
                return silent
            raise TypeError(f"it gives a {type(answer).__name__}, which is neither true nor false")

        return judge
