"""The names that an expression in CEL may speak of, and those that it does speak of."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from policies.facts import (
    AccountFacts,
    ActionFacts,
    AgentFacts,
    ContactFacts,
    DropFacts,
    Happening,
    PastContact,
)

Uses = Mapping[str, frozenset[str]]
"""By variable, the fields of it that are looked at."""

KINDS = {
    "action": ActionFacts,
    "drop": DropFacts,
    "account": AccountFacts,
    "contact": ContactFacts,
    "agent": AgentFacts,
    "history": PastContact,
    "happenings": Happening,
}
LISTS = frozenset({"history", "happenings"})
VARIABLES: Mapping[str, frozenset[str]] = {
    "now": frozenset(),
    "moment": frozenset(),
    **{name: frozenset(one.name for one in fields(kind)) for name, kind in KINDS.items()},
}
"""By variable, its fields; for a list, those of each of its items."""

OPEN, CLOSE = frozenset("([{"), frozenset(")]}")
MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
FUNCTIONS = frozenset({"size", "contains", "startsWith", "endsWith", "matches"}).union(
    ("int", "uint", "double", "string", "bytes", "timestamp", "duration", "type", "dyn"),
    ("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    ("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
"""Those of the specification that the package has without its extensions, which run in Python."""

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |[rR]?[bB]?[rR]?(?P<text>'{3}.*?'{3}|"{3}.*?"{3}|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>\d[\w.]*)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)


Token = tuple[str, str]
Placed = tuple[str, str, int]
EDGE: Token = ("edge", "")
EQUALS = frozenset({"==", "!="})


class Compared(NamedTuple):
    """A fact such as `action.tool`, the text that it is compared with, and where that stands."""

    fact: str
    word: str
    offset: int


@dataclass
class Names:
    """By variable, the `fields` of it that are spelt out; all of a variable in `whole` is looked at.

    `bound` are the names given to the items of a list. `loops_within` is how deep loops stand in loops.
    """

    fields: dict[str, set[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    loops_within: int = 0

    def uses(self, variables: Iterable[str]) -> Uses:
        """What is looked at of these variables."""
        found = {name: frozenset(self.fields.get(name, ())) for name in variables}
        return {name: VARIABLES[name] if name in self.whole else spelt for name, spelt in found.items()}


def names_in(text: str) -> Names:
    """What an expression speaks of. Where that cannot be told for sure, all of a list is looked at."""
    tokens = [EDGE, EDGE, *_tokens(text), EDGE, EDGE, EDGE]
    names, items = Names(loops_within=_loops_within(tokens)), _items(tokens)
    names.bound.update(items)
    if any(None in lists for lists in items.values()):
        names.whole |= LISTS
    for index, (kind, name) in enumerate(tokens):
        if kind == "name" and tokens[index - 1][1] != ".":
            owners = [one for one in items.get(name, {name}) if one is not None and one in VARIABLES]
            _look(owners, tokens[index - 2 : index + 4], names, of_item=name in items)
    return names


def compared(text: str) -> Iterator[Compared]:
    """Every fact that is compared with a text by `==`, `!=` or `in [...]`, whichever stands first."""
    ends: list[Placed] = [(*EDGE, 0)] * 4
    tokens = [*ends, *_placed(text), *ends, *ends]
    for index in range(4, len(tokens) - 8):
        words = [one[1] for one in tokens[index - 4 : index + 8]]
        (owner_kind, owner, _), (kind, name, _) = tokens[index], tokens[index + 2]
        if (owner_kind, kind, words[5]) != ("name", "name", ".") or words[3] == ".":
            continue
        fact = f"{owner}.{name}"
        if words[7] + words[8] in EQUALS and words[10] != "+":
            yield from _word(fact, tokens[index + 5])
        if words[2] + words[3] in EQUALS and words[0] != "+":
            yield from _word(fact, tokens[index - 3])
        if words[7:9] == ["in", "["]:
            for one in tokens[index + 5 :]:
                if one[1] == "]" or one[0] == "edge":
                    break
                yield from _word(fact, one)


def _word(fact: str, token: Placed) -> Iterator[Compared]:
    """A text as it is written; what an escape stands for is not guessed at."""
    kind, text, offset = token
    if kind == "text" and "\\" not in text:
        yield Compared(fact, _unquoted(text), offset)


def offset_of(text: str, name: str) -> int:
    """Where a name, or a text in quotes, first stands in an expression; 0 when it does not."""
    for found in TOKEN.finditer(text):
        if found[0] == name or (found["text"] and _unquoted(found["text"]) == name):
            return found.start()
    return 0


def _placed(text: str) -> Iterator[Placed]:
    for found in TOKEN.finditer(text):
        kind = found.lastgroup or "mark"
        if kind != "space":
            yield kind, found[kind], found.start()


def _tokens(text: str) -> Iterator[Token]:
    return ((kind, word) for kind, word, _ in _placed(text))


def _loops_within(tokens: list[Token]) -> int:
    deepest, open_brackets = 0, [False]
    for index, (_, text) in enumerate(tokens):
        if text in OPEN:
            loop = tokens[index - 1][1] in MACROS and tokens[index - 2][1] == "."
            open_brackets.append(loop)
            deepest = max(deepest, sum(open_brackets))
        elif text in CLOSE and len(open_brackets) > 1:
            open_brackets.pop()
    return deepest


def _items(tokens: list[Token]) -> dict[str, set[str | None]]:
    """The names that loops give to items, with the lists they run over; None: nobody can tell."""
    found: dict[str, set[str | None]] = {}
    for index, (_, text) in enumerate(tokens):
        if text in MACROS and tokens[index - 1][1] == "." and tokens[index + 1][1] == "(":
            (kind, over), before = tokens[index - 2], tokens[index - 3][1]
            of_list = over if over in LISTS and before != "." else ""
            found.setdefault(tokens[index + 2][1], set()).add(of_list if kind == "name" else None)
    return found


def _look(owners: list[str], around: list[Token], names: Names, *, of_item: bool) -> None:
    """Note what is looked at where a name stands; `around` is from two tokens before it to three after."""
    spelt = _spelt(around)
    for owner in owners:
        mine = names.fields.setdefault(owner, set())
        if not spelt or (owner in LISTS and not of_item):
            if not _only_counts(owner, around, of_item=of_item):
                names.whole.add(owner)
        elif spelt in VARIABLES[owner] or len(owners) == 1:
            mine.add(spelt)


def _spelt(around: list[Token]) -> str:
    """The field that is asked for as `.field` or `["field"]`; empty when it is something else."""
    _, _, _, (_, first), (kind, second), (_, third) = around
    if first == "." and kind == "name" and third != "(":
        return second
    return _unquoted(second) if first == "[" and kind == "text" and third == "]" else ""


def _only_counts(owner: str, around: list[Token], *, of_item: bool) -> bool:
    """Whether none of its fields can be looked at here."""
    before, after = around[0][1] + around[1][1], around[3][1] + around[4][1]
    if of_item:
        return before.endswith("(") and after.startswith(",")
    loops = owner in LISTS and after.startswith(".") and after[1:] in MACROS
    return loops or before == "size(" or after == ".size"


def _unquoted(text: str) -> str:
    quotes = 3 if text[:3] in ("'''", '"""') else 1
    return text[quotes:-quotes]
