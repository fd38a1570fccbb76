"""How far an edited proposal is from the one that it replaced."""

from collections.abc import Sequence

from winback.store.models import Proposal

MOST = 2000
"""Words of one text that are compared: the time grows with the square."""


def words_changed(before: Proposal, after: Proposal) -> int:
    """Words that were put in, taken out or replaced, in the message and among the arguments.

    The Levenshtein distance (V. I. Levenshtein, 1966) with words as the letters; an argument is one word.
    """
    names = before.arguments | after.arguments
    changed: int = sum(before.arguments.get(name) != after.arguments.get(name) for name in names)
    for part in ("subject", "body"):
        one, other = (str(proposal.message.get(part, "")).split()[:MOST] for proposal in (before, after))
        changed += distance(one, other)
    return changed


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """The fewest words to put in, take out or replace on the way from one to the other."""
    first = 0
    while first < min(len(one), len(other)) and one[first] == other[first]:
        first += 1
    last = 0
    while last < min(len(one), len(other)) - first and one[-1 - last] == other[-1 - last]:
        last += 1
    one, other = one[first : len(one) - last], other[first : len(other) - last]
    costs = list(range(len(other) + 1))
    for row, word in enumerate(one, start=1):
        before, costs[0] = costs[0], row
        for column, theirs in enumerate(other, start=1):
            before, costs[column] = (
                costs[column],
                min(costs[column] + 1, costs[column - 1] + 1, before + (word != theirs)),
            )
    return costs[-1]
