"""What a policy says that its author cannot have meant. Every finding is true; a doubtful one is not made."""

from policies.lint.contradictions import contradictory
from policies.lint.finding import Finding, Surroundings
from policies.lint.look_again import seldom_meant, unheard
from policies.lint.never_matches import never_matching
from policies.lint.pointless import pointless_rules
from policies.policy import Policy

__all__ = ["Finding", "Surroundings", "lint", "unheard"]


def lint(policy: Policy, around: Surroundings) -> tuple[Finding, ...]:
    """Contradictions, what never matches, what is pointless, what is seldom meant; nothing twice of one place."""
    found: dict[tuple[object, ...], Finding] = {}
    exact = (*contradictory(policy, around), *never_matching(policy, around), *pointless_rules(policy))
    for finding in (*exact, *seldom_meant(policy, around)):
        found.setdefault((finding.rule, finding.inside, finding.what), finding)
    return tuple(found.values())
