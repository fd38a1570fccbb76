"""Reading an expression in CEL: it is checked when the policy is loaded, names of facts included."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from policies.rules.cel_names import FUNCTIONS, LISTS, MACROS, VARIABLES, Names, Uses, names_in, offset_of
from winback.spelling import did_you_mean

if TYPE_CHECKING:
    from cel import Program

MAX_LENGTH = 2000
MAX_BRACKETS = 64
MAX_OPERATORS = 300
MAX_LOOPS_WITHIN = 2
"""The parser and the evaluator recurse: longer expressions overflow the stack of a small thread, and kill
the process. Loops within loops within loops take for ever."""

OPENING, OPERATORS = re.compile(r"[(\[{]"), re.compile(r"[-+*/%.<>=!&|?]")
PARSER_SAYS = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?(.*)")


class Compiled(NamedTuple):
    """A program, and the facts it looks at."""

    program: "Program"
    uses: Uses


def check_expression(text: str) -> str:
    """The expression, as it is.

    Raises:
        ValidationError: it is not CEL, too deep, or speaks of facts or functions that do not exist.
    """
    compiled(text)
    return text


@lru_cache(maxsize=256)
def compiled(text: str) -> Compiled:
    """The program of an expression. Raises as `check_expression`."""
    if len(OPENING.findall(text)) > MAX_BRACKETS or len(OPERATORS.findall(text)) > MAX_OPERATORS:
        raise _wrong(f"holds more than {MAX_BRACKETS} brackets or {MAX_OPERATORS} operators; write several rules")
    program, names = _parse(text), names_in(text)
    if names.loops_within > MAX_LOOPS_WITHIN:
        raise _wrong(f"holds more than {MAX_LOOPS_WITHIN} loops within each other; write a simpler one")
    for problem, name in _unknown(program, names):
        raise _wrong(problem, offset_of(text, name))
    return Compiled(program, names.uses(name for name in program.variables() if name in VARIABLES))


def _parse(text: str) -> "Program":
    # Takes 0.4 s, for a command line of its own that the package brings; most policies have no such rule.
    from cel import compile as compile_cel  # noqa: PLC0415

    try:
        return compile_cel(text)
    except ValueError as error:
        found = PARSER_SAYS.search(str(error))
        line, column, problem = found.groups() if found else ("1", "1", "it is not an expression in CEL")
        problem = problem.partition(" expecting ")[0].replace("'<EOF>'", "end")
        before = sum(len(one) for one in text.splitlines(keepends=True)[: int(line) - 1])
        what = f"line {line}, column {column} of the expression: {problem}"
        raise _wrong(what, before + int(column) - 1) from None


def _unknown(program: "Program", names: Names) -> Iterator[tuple[str, str]]:
    """What the expression speaks of and does not exist, and its name."""
    for name in program.variables():
        if name not in VARIABLES and name not in names.bound:
            yield _not_there(f"there is no {name!r}", name, VARIABLES), name
    for name in names.bound & set(VARIABLES):
        yield f"{name!r} is a fact; call what runs over the list something else", name
    for owner, fields in names.fields.items():
        known = VARIABLES[owner]
        one = f"one of {owner}" if owner in LISTS else owner
        for field in sorted(fields - known):
            yield _not_there(f"{one} has no {field!r}", field, known), field
    for name in program.functions():
        if name.isalnum() and name not in FUNCTIONS:
            yield _not_there(f"there is no function {name!r}", name, {*FUNCTIONS, *MACROS}), name


def _not_there(problem: str, name: str, known: Iterable[str]) -> str:
    near = did_you_mean(name, known)
    return f"{problem}; {near or 'known: ' + ', '.join(sorted(known))}"


def _wrong(problem: str, offset: int = 0) -> ValidationError:
    """A mistake, and at which character it is; it does not repeat the whole expression."""
    kind = PydanticCustomError("expression", "{problem}", {"problem": problem, "offset": offset})
    return ValidationError.from_exception_data("expression", [InitErrorDetails(type=kind, input=None)])
