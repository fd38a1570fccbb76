"""What the rules of a policy said, in sentences."""

from dataclasses import dataclass

from policies.telling import Translate
from policies.verdict import Verdict
from policies.words import explain, spoken_in
from winback.console.evidence.phrase import shown


@dataclass(frozen=True)
class Rules:
    """Every rule's word as a sentence: those that decided, the others that spoke, the silent ones."""

    deciding: tuple[str, ...]
    speaking: tuple[str, ...]
    silent: tuple[str, ...]


def rules_of(verdict: Verdict, say: Translate = str) -> Rules:
    """What each rule said, in sentences."""
    return Rules(*(tuple(shown(explain(one, say), 1000) for one in part) for part in spoken_in(verdict)))
