"""Acts around the numbers and words that expressions compare facts with."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from policies.facts import Facts
from policies.rules import AnyRule
from policies.rules.expr import Expr

Change = Callable[[Facts], Facts]
COMPARED = re.compile(
    r"""\b(action|drop|account|contact|agent)\.(\w+)\s*(?:[=!<>]=?|in)\s*
    (?:(-?\d+(?:\.\d+)?)|["']([^"'\\]*)["']|\[([^\]]*)\])""",
    re.VERBOSE,
)
WORD = re.compile(r"""["']([^"'\\]*)["']""")


def spoken_of(rules: Iterable[AnyRule]) -> list[Change]:
    """For each comparison of a fact with a number or a word in an expression: either side of it."""
    changes: list[Change] = []
    for rule in rules:
        if isinstance(rule, Expr):
            for owner, name, number, word, words in COMPARED.findall(rule.expression):
                given = [float(number) + by for by in (-1, 0, 1)] if number else [word, *WORD.findall(words)]
                changes += [_fact(owner, name, value) for value in given if value != ""]
    return changes


def _fact(owner: str, name: str, value: Any) -> Change:
    """Another value where the fact is of that type."""

    def change(facts: Facts) -> Facts:
        part = getattr(facts, owner)
        old = getattr(part, name, None)
        fits = isinstance(old, str) == isinstance(value, str) and not isinstance(old, tuple | dict | bool)
        return replace(facts, **{owner: replace(part, **{name: value})}) if part is not None and fits else facts

    return change
