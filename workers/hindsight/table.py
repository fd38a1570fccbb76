"""What judging the log again found, as a table and for a program."""

from collections.abc import Iterator
from typing import Any

from policies.facts import Moment
from policies.replay import Change
from workers.hindsight.findings import Findings, Named, Tally
from workers.hindsight.outcomes import HAPPENED

MOMENTS: dict[Moment, str] = {"propose": "proposing", "act": "acting"}
Row = tuple[Moment, Change, Tally]


def changed(found: Findings) -> int:
    """How many decisions would be others, or at another moment."""
    return sum(tally.count for _, change, tally in rows(found) if not change.same)


def rows(found: Findings) -> list[Row]:
    """What changes first, the most frequent of it before the rest."""
    every = [(moment, change, tally) for (moment, change), tally in found.tallies.items()]
    return sorted(every, key=lambda row: (row[1].same, -row[2].count, str(row[1]), row[0]))


def plain_findings(found: Findings) -> dict[str, Any]:
    """For a program."""
    return {
        "decisions": found.decisions,
        "changed": changed(found),
        "changes": [
            {
                "moment": moment,
                **change._asdict(),
                "count": tally.count,
                "happened": {word: tally.happened[word] for word in HAPPENED},
                "cases": tally.cases,
            }
            for moment, change, tally in rows(found)
        ],
        "rules": [
            {"rule": rule, **change._asdict(), "count": n} for (change, rule), n in sorted(found.rules.items())
        ],
        "without_evidence": found.pruned,
        "altered": _named(found.altered),
        "unknown_format": _named(found.unknown),
    }


def _named(found: Named) -> dict[str, Any]:
    return {"count": found.count, "entries": found.some}


def plain_replay(found: Findings) -> dict[str, Any]:
    """The same, with what only judging by another policy can say."""
    return {
        **plain_findings(found),
        "inexact": found.inexact,
        "reproduced": found.reproduced,
        "differing": _named(found.differing),
        "cannot_be_known": list(unknowable(found)),
    }


def unknowable(found: Findings) -> Iterator[str]:
    """What it cannot tell."""
    yield "An act that was denied has no outcome: what became of those cases came about without it."
    yield "An act that would have been allowed never happened: nobody knows what it would have done."
    yield (
        "Counts and earlier contacts are those of what really happened: what this policy would have changed "
        "for later decisions is not seen."
    )
    yield "Recoveries, unsubscribes and complaints came after what was really done."
    if found.inexact:
        yield (
            f"{found.inexact:,} decisions could not be counted exactly: a number that a rule wants is not known "
            "any more, and the rule then takes its strictest effect."
        )
    else:
        yield "All that this policy counts and the log does not hold could be counted again from the tables."
